import { useQuery } from "@tanstack/react-query";
import { claimsQuery } from "../../claims/queries";
import { useMe } from "../../session/session";
import { NavCount } from "../../ui/NavCount";

/** How many machines the person has now. */
export function HeldCount() {
  const { username } = useMe();
  const { data } = useQuery({
    ...claimsQuery,
    select: ({ claims }) => claims.filter(({ kind, holder }) => kind === "machine" && holder === username).length,
  });
  if (!data) return null;
  return <NavCount count={data} words={data === 1 ? "You have 1 machine" : `You have ${data} machines`} />;
}
