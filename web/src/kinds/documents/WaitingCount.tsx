import { useQuery } from "@tanstack/react-query";
import { NavCount } from "../../ui/NavCount";
import { waitingQuery } from "./queries";

/** How many versions wait for a decision of this person. */
export function WaitingCount() {
  const { data } = useQuery(waitingQuery);
  const total = data?.total ?? 0;
  if (total === 0) return null;
  const words = total === 1 ? "1 version waits for you" : `${total} versions wait for you`;
  return <NavCount count={total} words={words} badge />;
}
