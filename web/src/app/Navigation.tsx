import { useQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import {
  IconActivity,
  IconAdjustments,
  IconBuilding,
  IconHeartbeat,
  IconLayoutDashboard,
  IconSettings,
  IconStack2,
  IconUsers,
} from "@tabler/icons-react";
import { claimsQuery } from "../claims/queries";
import type { NavEntry } from "../things/kind";
import { heldKinds } from "../things/registry";
import { Link } from "../ui/Link";
import { NavCount } from "../ui/NavCount";
import { basePath } from "../api/base";
import { useMe } from "../session/session";
import classes from "./Shell.module.css";

export const navigation: { title: string | null; entries: NavEntry[] }[] = [
  { title: null, entries: [{ to: "/", label: "Board", Icon: IconLayoutDashboard }, ...heldKinds().flatMap((kind) => kind.nav)] },
  {
    title: "Team",
    entries: [
      { to: "/activity", label: "Activity", Icon: IconActivity },
      { to: "/projects", label: "Projects", Icon: IconStack2 },
      { to: "/companies", label: "Companies", Icon: IconBuilding },
    ],
  },
  {
    title: "Server",
    entries: [
      { to: "/admin/users", label: "Users", Icon: IconUsers, admin: true },
      { to: "/admin/config", label: "Configuration", Icon: IconAdjustments, admin: true },
      { to: "/admin/health", label: "Health", Icon: IconHeartbeat, admin: true },
    ],
  },
  { title: "You", entries: [{ to: "/settings", label: "Settings", Icon: IconSettings }] },
];

/** The menu entries this person may use, in order. */
export function entriesFor(admin: boolean): NavEntry[] {
  return navigation.flatMap((group) => group.entries).filter((entry) => admin || !entry.admin);
}

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
