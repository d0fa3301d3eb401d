import type { Claim, Project } from "../../api/types";
import { DEFAULT_PROJECT, projectOf } from "../../api/scope";

// Which project a path is locked in. People hold a file only where the others look for it.

const lastKey = (me: string): string => `toolcrib-project:${me}`;

export function rememberProject(me: string, project: string): void {
  localStorage.setItem(lastKey(me), project);
}

interface Known {
  me: string;
  projects: readonly Project[];
  claims: readonly Claim[];
}

/**
 * The project that stands in the question at first: the one locked in last, here or anywhere, else the only one there
 * is. "" where several are as likely: then the person says.
 */
export function likelyProject({ me, projects, claims }: Known): string {
  const locks = claims.filter((claim) => claim.kind === "asset");
  const usable = usableProjects(projects);
  const allowed = (name: string): boolean => !projects.some((one) => one.name === name && one.role === "viewer");
  const last = localStorage.getItem(lastKey(me));
  if (last && allowed(last)) return last;
  const mine = locks.filter((claim) => claim.holder === me).sort((a, b) => b.fence - a.fence)[0];
  const held = mine && projectOf(mine.scope);
  if (held && allowed(held)) return held;
  const used = new Set(locks.flatMap((claim) => projectOf(claim.scope) ?? []).filter(allowed));
  const all = new Set([...usable, ...used]);
  if (all.size === 1) return [...all][0]!;
  return all.size === 0 ? DEFAULT_PROJECT : "";
}

/** Names to choose from: where this person may hold something, and where something is held. */
export function projectNames({ projects, claims }: Omit<Known, "me">): string[] {
  const viewed = new Set(projects.filter((one) => one.role === "viewer").map((one) => one.name));
  const used = claims.flatMap((claim) => (claim.kind === "asset" ? (projectOf(claim.scope) ?? []) : []));
  return [...new Set([...usableProjects(projects), ...used, DEFAULT_PROJECT])].filter((name) => !viewed.has(name));
}

/** Why this person may hold nothing in a project; null where they may, as far as the page knows. */
export function holdRefusal(project: string, projects: readonly Project[]): string | null {
  return projects.some((one) => one.name === project && one.role === "viewer")
    ? `You are a viewer of ${project}: viewers may look, not lock.`
    : null;
}

function usableProjects(projects: readonly Project[]): string[] {
  return projects.filter((one) => one.role !== "viewer").map((one) => one.name);
}

/** Locks on the same path in other projects, whatever the case of its letters. */
export function heldElsewhere(claims: readonly Claim[], scope: string, path: string): Claim[] {
  if (!path) return [];
  const wanted = alike(path);
  return claims.filter((claim) => claim.kind === "asset" && claim.scope !== scope && alike(claim.key) === wanted);
}

function alike(path: string): string {
  return path.normalize("NFC").toLowerCase();
}
