import { IconGitBranch, IconHourglass } from "@tabler/icons-react";
import type { Claim } from "../api/types";
import { kindOf, shownName } from "../things/registry";
import { Chip } from "../ui/Chip";
import { Link } from "../ui/Link";
import { PathText } from "../ui/PathText";
import { projectOf, scopeLabel } from "../api/scope";
import parts from "./ClaimParts.module.css";

export function ThingName({ claim }: { claim: Claim }) {
  const kind = kindOf(claim.kind);
  return (
    <Link to={kind.link(claim)} className={parts.name} tabIndex={-1}>
      {kind.monospaced ? <PathText path={shownName(claim.kind, claim.label)} /> : shownName(claim.kind, claim.label)}
    </Link>
  );
}

/** Branch and comment: why somebody has it. */
export function Note({ claim }: { claim: Claim }) {
  if (!claim.branch && !claim.comment) return null;
  return (
    <span className={parts.note}>
      {claim.branch && <Branch name={claim.branch} />}
      {claim.comment && (
        <span className={parts.comment} title={claim.comment}>
          {claim.comment}
        </span>
      )}
    </span>
  );
}

export function Branch({ name }: { name: string }) {
  return (
    <span className={parts.branch} title={`Branch ${name}`}>
      <IconGitBranch size={12} aria-hidden />
      <span className={parts.branchName}>{name}</span>
    </span>
  );
}

export function ScopeMark({ scope }: { scope: string }) {
  const label = scopeLabel(scope);
  return label ? <Chip title={projectOf(scope) === null ? undefined : `Project ${label}`}>{label}</Chip> : null;
}

export function QueueMark({ claim }: { claim: Claim }) {
  if (claim.queue === 0) return null;
  const words = claim.queue === 1 ? "One person waits for it" : `${claim.queue} people wait for it`;
  return (
    <span className={parts.queue} title={words}>
      <IconHourglass size={12} aria-hidden />
      <span aria-hidden="true">{claim.queue}</span>
      <span className="visually-hidden">{words}</span>
    </span>
  );
}
