import type { Claim } from "../../api/types";
import { kindOf, shownName } from "../../things/registry";
import { PathText } from "../../ui/PathText";
import { Person } from "../../ui/Person";
import { Ago, Until } from "../../ui/Time";
import classes from "./dialogs.module.css";

/** What a dialog is about: the thing, who has it, since and until when. */
export function Subject({ claim }: { claim: Claim }) {
  const { Icon, monospaced } = kindOf(claim.kind);
  return (
    <div className={classes.subject}>
      <div className={classes.subjectName}>
        <Icon size={17} stroke={1.7} aria-hidden />
        {monospaced ? <PathText path={shownName(claim.kind, claim.label)} /> : shownName(claim.kind, claim.label)}
      </div>
      <div className={classes.subjectFacts}>
        <Person name={claim.holder} />
        <span>
          since <Ago at={claim.acquired_at} />
        </span>
        <span>
          ends: <Until at={claim.expires_at} />
        </span>
      </div>
    </div>
  );
}

export function Subjects({ claims }: { claims: readonly Claim[] }) {
  const [first] = claims;
  if (first && claims.length === 1) return <Subject claim={first} />;
  return (
    <ul className={classes.subjects}>
      {claims.slice(0, 6).map((claim) => (
        <li key={claim.id}>
          <PathText path={shownName(claim.kind, claim.label)} quiet />
        </li>
      ))}
      {claims.length > 6 && <li>and {claims.length - 6} more</li>}
    </ul>
  );
}
