import { useEffect } from "react";
import { queryClient } from "../../../api/queries";
import { complain, say } from "../../../ui/toast";
import { useSearch } from "../../../ui/useSearch";

const PROBLEMS: Record<string, string> = {
  access_denied: "You did not let Toolcrib read your documents at Onshape, so it is not connected.",
  callback_failed: "Onshape did not confirm the sign-in, so it is not connected. Try again in a minute.",
  expired: "The sign-in at Onshape took more than five minutes, so it counts no more. Connect again.",
  other_person: "Somebody else began to connect than is signed in here, so nothing is connected. Connect again.",
  config: "This server is not set up for Onshape any more.",
};

/** Whoever comes back from Onshape has the outcome in the address: tell it once. */
export function useOnshapeReturn(): void {
  const [search, change] = useSearch();
  const outcome = search.get("onshape");
  useEffect(() => {
    if (outcome === null) return;
    change({ onshape: null });
    void queryClient.invalidateQueries({ queryKey: ["parts", "onshape"] });
    if (outcome === "connected") say("Connected to Onshape");
    else complain(new Error(PROBLEMS[outcome] ?? `Onshape refused the sign-in (${outcome}). Try again.`));
  }, [outcome, change]);
}
