import { useQuery } from "@tanstack/react-query";
import { useSearch } from "../../../ui/useSearch";
import { shopQuery } from "../queries";

/** The project the address names; "" for the one the server takes by itself. */
export function useProject(): { project: string; name: string | null } {
  const [search] = useSearch();
  const project = search.get("project") ?? "";
  const { data } = useQuery(shopQuery(project));
  return { project, name: data?.project ?? (project || null) };
}

/** An address of the shop, in this project. */
export function inProject(to: string, project: string, more: Record<string, string> = {}): string {
  const search = new URLSearchParams({ ...(project ? { project } : {}), ...more }).toString();
  return search ? `${to}?${search}` : to;
}
