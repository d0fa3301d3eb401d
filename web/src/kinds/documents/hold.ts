import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { claimsQuery } from "../../claims/queries";
import type { Claim, DocumentFile } from "../../api/types";
import { locksByFile } from "./rows";

/** Who has a file. `claim` is missing where only the file's own row tells of it. */
export interface Hold {
  holder: string;
  since: string;
  claim: Claim | null;
}

export type HoldOf = (file: DocumentFile) => Hold | null;

/**
 * Locks as the live list of claims has them. A project that another service looks after is not in that list: there
 * the file's row tells, as it was when it was read.
 */
export function useHolds(scope: string | undefined): HoldOf {
  const { data } = useQuery(claimsQuery);
  const locks = useMemo(() => locksByFile(data?.claims), [data]);
  const live = data?.complete === true && scope !== undefined && !scope.startsWith("external:");
  return useMemo(
    () => (file) => {
      const claim = locks.get(file.id);
      if (claim) return { holder: claim.holder, since: claim.acquired_at, claim };
      if (live || !file.locked) return null;
      return { holder: file.locked_by_name ?? "somebody", since: file.locked_at ?? file.updated_at, claim: null };
    },
    [locks, live],
  );
}
