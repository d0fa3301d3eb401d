import { projectOf } from "../../api/scope";

export function assetLink(thing: { scope: string; key: string }): string {
  const search = new URLSearchParams({ path: thing.key });
  const project = projectOf(thing.scope);
  if (project && project !== "default") search.set("project", project);
  return `/assets?${search}`;
}
