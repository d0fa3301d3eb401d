import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { NavCount } from "../../ui/NavCount";
import type { WaitingList } from "../../api/types";
import { waitingQuery } from "./queries";
import { visible } from "../../ui/names";

/** How many versions wait for a decision of this person; one that was not there before is said at once. */
export function WaitingCount() {
  const { data } = useQuery(waitingQuery);
  const known = useRef<Set<string> | null>(null);
  useEffect(() => {
    if (!data) return;
    for (const { title, message } of newlyWaiting(data, known.current)) {
      notifications.show({ title, message, autoClose: 12_000 });
    }
    known.current = new Set(data.waiting.map(({ version }) => version.id));
  }, [data]);
  const total = data?.total ?? 0;
  if (total === 0) return null;
  const words = total === 1 ? "1 version waits for you" : `${total} versions wait for you`;
  return <NavCount count={total} words={words} badge />;
}

const SHOWN_MAX = 3;

/** What to say about versions that wait now and are not among those `known`; nothing at the first look. */
export function newlyWaiting(list: WaitingList, known: ReadonlySet<string> | null): { title: string; message: string }[] {
  if (known === null) return [];
  return list.waiting
    .filter(({ version }) => !known.has(version.id))
    .slice(0, SHOWN_MAX)
    .map(({ file, version }) => ({
      title: "Waits for your approval",
      message: `${visible(file.name)}, version ${version.version_number}, by ${visible(version.created_by_name ?? "somebody")}`,
    }));
}
