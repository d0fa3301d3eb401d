import { useRouter, useRouterState } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { keepKeys } from "./Link";

type Changes = Record<string, string | null>;

/**
 * The address's parameters as plain text, and a way to change some of them.
 *
 * Replaces the address by default: a filter being typed is not a page to go back to.
 */
export function useSearch(): [URLSearchParams, (changes: Changes, options?: { push?: boolean }) => void] {
  const text = useRouterState({ select: (state) => state.location.searchStr });
  const router = useRouter();
  const search = useMemo(() => new URLSearchParams(text), [text]);
  const change = useCallback(
    (changes: Changes, options?: { push?: boolean }) => {
      const next = new URLSearchParams(location.search);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === "") next.delete(name);
        else next.set(name, value);
      }
      const query = next.toString();
      const href = location.pathname + (query ? `?${query}` : "");
      if (href === location.pathname + location.search) return;
      if (options?.push) {
        keepKeys(router);
        router.history.push(href);
      } else router.history.replace(href);
    },
    [router],
  );
  return [search, change];
}
