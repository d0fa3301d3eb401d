import { useQuery } from "@tanstack/react-query";
import { claimsQuery } from "../../claims/queries";
import { useMe } from "../../session/session";
import { NavCount } from "../../ui/NavCount";

/** How many desktops of the person run now. */
export function RunningCount() {
  const { username } = useMe();
  const { data } = useQuery({
    ...claimsQuery,
    // A desktop's home and volume are claims too; their keys have a slash.
    select: ({ claims }) => claims.filter(({ kind, holder, key }) => kind === "desktop" && holder === username && !key.includes("/")).length,
  });
  if (!data) return null;
  return <NavCount count={data} words={data === 1 ? "1 desktop of yours runs" : `${data} desktops of yours run`} />;
}
