// A scope says whose thing it is: "project:default", "user:<uuid>", "company:<uuid>" or "".

export const DEFAULT_PROJECT = "default";

export function projectOf(scope: string): string | null {
  return scope.startsWith("project:") ? scope.slice("project:".length) : null;
}

export function scopeOfProject(project: string): string {
  return `project:${project}`;
}

/** Whose thing it is, in a word. */
export function scopeLabel(scope: string): string | null {
  const project = projectOf(scope);
  if (project !== null) return project;
  if (scope.startsWith("user:")) return "personal";
  if (scope.startsWith("company:")) return "company";
  return null;
}
