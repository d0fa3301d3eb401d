import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useMe } from "../../session/session";
import { useGo } from "../../ui/Link";
import type { PartContext } from "./actions";
import { shopQuery } from "./queries";

/** What the actions on the parts of a project need to know. */
export function usePartContext(project: string): PartContext {
  const me = useMe();
  const go = useGo();
  const { data: shop } = useQuery(shopQuery(project));
  return useMemo(
    () => ({ me: me.username, isAdmin: me.is_admin, shop, go }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `go` is new with each drawing, and always the same
    [me.username, me.is_admin, shop],
  );
}
