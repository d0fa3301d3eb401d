import { useQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { claimsQuery } from "../claims/queries";
import { Link } from "../ui/Link";
import { NavCount } from "../ui/NavCount";
import { basePath } from "../api/base";
import { useMe } from "../session/session";
import { navigation } from "./menu";
import classes from "./Shell.module.css";

export function Navigation({ onGo }: { onGo?: () => void }) {
  const me = useMe();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const here = path.startsWith(basePath()) ? `/${path.slice(basePath().length)}` : path;
  const { data: held } = useQuery({ ...claimsQuery, select: (all) => (all.complete ? all.claims.length : null) });
  return navigation.map((group) => {
    const entries = group.entries.filter((entry) => me.is_admin || !entry.admin);
    if (entries.length === 0) return null;
    return (
      <div key={group.title ?? "main"}>
        {group.title && <div className={classes.navGroup}>{group.title}</div>}
        {entries.map(({ to, label, Icon, Count }) => (
          <Link
            key={to}
            to={to}
            className={classes.navLink}
            aria-current={here === to ? "page" : undefined}
            onClick={onGo}
          >
            <Icon size={18} stroke={1.7} aria-hidden />
            {label}
            {Count && <Count />}
            {to === "/" && typeof held === "number" && (
              <NavCount count={held} words={`${held} held right now`} />
            )}
          </Link>
        ))}
      </div>
    );
  });
}
