import { IconGitBranch, IconHourglass } from "@tabler/icons-react";
import type { Claim } from "../api/types";
import { kindOf, shownName } from "../things/registry";
import { Chip } from "../ui/Chip";
import { Link } from "../ui/Link";
import { PathText } from "../ui/PathText";
import { projectOf, scopeLabel } from "../api/scope";
import { branchNames } from "./branches";
import { useRegistered } from "./projects";
import parts from "./ClaimParts.module.css";

export function ThingName({ claim }: { claim: Claim }) {
  const kind = kindOf(claim.kind);
  return (
    <Link to={kind.link(claim)} className={parts.name} tabIndex={-1}>
      {kind.monospaced ? <PathText path={shownName(claim.kind, claim.label)} /> : shownName(claim.kind, claim.label)}
    </Link>
  );
}

/** Why somebody has it, in their words. */
export function Comment({ claim }: { claim: Claim }) {
  if (!claim.comment) return null;
  return (
    <span className={parts.comment} title={claim.comment}>
      {claim.comment}
    </span>
  );
}

export function Branch({ claim }: { claim: Claim }) {
  const name = branchNames(claim);
  if (!name) return null;
  return (
    <span className={parts.branch} title={`Branch ${name}`}>
      <IconGitBranch size={12} aria-hidden />
      <span className={parts.branchName}>{name}</span>
    </span>
  );
}

/** Whose thing it is: the project it is held in, or that it is a person's or a company's. */
export function ScopeMark({ scope }: { scope: string }) {
  const project = projectOf(scope);
  if (project !== null) return <ProjectMark name={project} />;
  const label = scopeLabel(scope);
  return label ? <Chip>{label}</Chip> : null;
}

/** A project; one that nobody registered looks different, for it may be a slip of the keyboard. */
export function ProjectMark({ name }: { name: string }) {
  const registered = useRegistered()(name);
  if (registered !== false) return <Chip title={`Project ${name}`}>{name}</Chip>;
  return (
    <Chip title={`Project ${name}, which is not registered`} loose>
      {name}
      <span className="visually-hidden"> (not registered)</span>
    </Chip>
  );
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
