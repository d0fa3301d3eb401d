import { QueryClient, type InvalidateOptions, type InvalidateQueryFilters, type Query, type QueryKey } from "@tanstack/react-query";

/**
 * A query client whose `invalidateQueries` also holds for what is being read for the first time.
 *
 * The library lets a first read go on, and takes its answer for new, although the server may have given it before the
 * change. Such a query is read once more after it: it is not cut off, since with changes that follow each other closely
 * it would never end.
 */
export class RereadingClient extends QueryClient {
  readonly #again = new WeakMap<Query, Promise<void>>();

  override async invalidateQueries<Key extends QueryKey = QueryKey>(
    filters?: InvalidateQueryFilters<Key>,
    options?: InvalidateOptions,
  ): Promise<void> {
    const first = this.getQueryCache().findAll(filters).filter(isFirstRead);
    await Promise.all([super.invalidateQueries(filters, options), ...first.map((query) => this.#readAgain(query))]);
  }

  #readAgain(query: Query): Promise<void> {
    let again = this.#again.get(query);
    if (!again) {
      const answered = query.fetch().then(ignore, ignore); // the read that is under way
      again = answered.then(() => {
        this.#again.delete(query);
        return super.invalidateQueries({ predicate: (one) => one === query });
      });
      this.#again.set(query, again);
    }
    return again;
  }
}

function isFirstRead({ state }: Query): boolean {
  return state.fetchStatus === "fetching" && state.data === undefined;
}

function ignore(): void {}
