import type { Claim } from "../../api/types";
import { DEFAULT_PROJECT, projectOf } from "../../api/scope";

/** A folder with something locked below it. `path` is "" for a project's root. */
export interface Folder {
  id: string;
  name: string;
  project: string;
  path: string;
  count: number;
  folders: Folder[];
}

interface Building extends Folder {
  byName: Map<string, Building>;
}

/**
 * The folders of all locked paths, one tree per project. A folder with a single folder and nothing
 * else in it is shown as one step ("Content/Maps"), so that deep trees stay short.
 */
export function folderTree(claims: readonly Claim[]): Folder[] {
  const roots = new Map<string, Building>();
  for (const claim of claims) {
    const project = projectOf(claim.scope) ?? "";
    let node = roots.get(project);
    if (!node) {
      node = building(project || "other", project, "");
      roots.set(project, node);
    }
    node.count += 1;
    const parts = claim.key.split("/").slice(0, -1);
    let path = "";
    for (const part of parts) {
      path = path ? `${path}/${part}` : part;
      let child: Building | undefined = node.byName.get(part);
      if (!child) {
        child = building(part, project, path);
        node.byName.set(part, child);
      }
      child.count += 1;
      node = child;
    }
  }
  return [...roots.values()]
    .sort((a, b) => order(a.project).localeCompare(order(b.project)))
    .map((root) => finish(root, false));
}

function order(project: string): string {
  return project === DEFAULT_PROJECT ? "" : project.toLowerCase() || "\uffff";
}

function building(name: string, project: string, path: string): Building {
  return { id: folderId(project, path), name, project, path, count: 0, folders: [], byName: new Map() };
}

function finish(node: Building, compact: boolean): Folder {
  let at = node;
  let name = node.name;
  while (compact && at.byName.size === 1) {
    const only = [...at.byName.values()][0];
    if (!only || only.count !== at.count) break;
    name = `${name}/${only.name}`;
    at = only;
  }
  const folders = [...at.byName.values()]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((child) => finish(child, true));
  return { id: at.id, name, project: at.project, path: at.path, count: at.count, folders };
}

export function folderId(project: string, path: string): string {
  return `${project}:${path}`;
}

export function inFolder(claim: Claim, project: string | null, path: string): boolean {
  if (project !== null && projectOf(claim.scope) !== project) return false;
  return path === "" || claim.key.startsWith(`${path}/`);
}
