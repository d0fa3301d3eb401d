import { IconChevronRight, IconFiles, IconFolder, IconStack2 } from "@tabler/icons-react";
import { useState } from "react";
import type { Folder } from "../tree";
import classes from "./FolderTree.module.css";

interface Props {
  tree: Folder[];
  project: string | null;
  path: string;
  total: number;
  onPick: (project: string | null, path: string) => void;
}

/** Folders with locks below them. A click shows one folder's locks; the arrow only looks inside. */
export function FolderTree({ tree, project, path, total, onPick }: Props) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const onlyOne = tree.length === 1 ? tree[0] : undefined;
  // With one project its name says nothing: show what is in it.
  const top = onlyOne ? onlyOne.folders : tree;
  const toggle = (id: string): void =>
    setOpened((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return (
    <nav aria-label="Folders" className={classes.tree}>
      <div className={classes.line}>
        <button
          type="button"
          className={classes.pick}
          aria-current={project === null && path === "" ? "true" : undefined}
          onClick={() => onPick(null, "")}
        >
          <IconFiles size={16} stroke={1.7} aria-hidden />
          <span className={classes.name}>All locks</span>
          <span className={classes.count}>{total.toLocaleString()}</span>
        </button>
      </div>
      <Branches folders={top} depth={0} opened={opened} at={{ project, path }} onToggle={toggle} onPick={onPick} />
    </nav>
  );
}

interface BranchesProps {
  folders: Folder[];
  depth: number;
  opened: ReadonlySet<string>;
  at: { project: string | null; path: string };
  onToggle: (id: string) => void;
  onPick: Props["onPick"];
}

const SHOWN_MAX = 200;

function Branches({ folders, depth, opened, at, onToggle, onPick }: BranchesProps) {
  return (
    <ul className={classes.list}>
      {folders.slice(0, SHOWN_MAX).map((folder) => {
        const isHere = at.project === folder.project && at.path === folder.path;
        const above = at.project === folder.project && at.path.startsWith(folder.path ? `${folder.path}/` : "");
        // Projects are open to begin with, and the way to the folder one is in.
        const open = opened.has(folder.id) !== (folder.path === "" || (above && !isHere));
        const Icon = folder.path === "" ? IconStack2 : IconFolder;
        return (
          <li key={folder.id}>
            <div className={classes.line} style={{ paddingLeft: depth * 14 }}>
              {folder.folders.length > 0 ? (
                <button
                  type="button"
                  className={classes.arrow}
                  aria-expanded={open}
                  aria-label={`Folders in ${folder.name}`}
                  onClick={() => onToggle(folder.id)}
                >
                  <IconChevronRight size={14} />
                </button>
              ) : (
                <span className={classes.arrow} />
              )}
              <button
                type="button"
                className={classes.pick}
                aria-current={isHere ? "true" : undefined}
                title={folder.path || folder.project}
                onClick={() => onPick(folder.project, folder.path)}
              >
                <Icon size={16} stroke={1.7} aria-hidden />
                <span className={classes.name}>{folder.name}</span>
                <span className={classes.count}>{folder.count.toLocaleString()}</span>
              </button>
            </div>
            {open && folder.folders.length > 0 && (
              <Branches folders={folder.folders} depth={depth + 1} opened={opened} at={at} onToggle={onToggle} onPick={onPick} />
            )}
          </li>
        );
      })}
      {folders.length > SHOWN_MAX && (
        <li className={classes.rest}>and {folders.length - SHOWN_MAX} more: use the filter</li>
      )}
    </ul>
  );
}
