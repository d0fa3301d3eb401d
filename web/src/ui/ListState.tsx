import { ListSkeleton } from "./ListSkeleton";
import { Refusal } from "./Refusal";

interface Props {
  query: { isPending: boolean; error: Error | null; refetch: () => Promise<unknown> };
}

/** What stands in a list's place until it is there: that it is being read, or why it cannot be. */
export function ListState({ query }: Props) {
  if (query.isPending) return <ListSkeleton />;
  if (!query.error) return null;
  return (
    <div className="panel-pad">
      <Refusal error={query.error} onRetry={() => void query.refetch()} />
    </div>
  );
}
