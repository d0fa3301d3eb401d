import { IconLock, IconLockOpen } from "@tabler/icons-react";
import { Fragment, type ReactNode } from "react";
import type { Claim } from "../api/types";
import { useMe } from "../session/session";
import { Person } from "../ui/Person";
import { Ago, At, Until } from "../ui/Time";
import { ClaimMenu } from "./ClaimActions";
import { QueueMark } from "./ClaimParts";
import { useServersWord } from "./requests";
import box from "../ui/box.module.css";
import classes from "./HolderCard.module.css";

interface Props {
  /** What the card is called: "Who holds it". */
  label: string;
  holder: string;
  since: string;
  /** Missing where the thing's own row tells of its holder, and nothing else is known. */
  claim: Claim | null;
  /** What this kind calls the end of a claim, and the comment on it. */
  words?: { ends: string; comment: string };
  /** Between the end and the comment, what only this kind has. */
  facts?: readonly (readonly [term: string, value: ReactNode])[];
  /** Says the moment beside how long ago it was. */
  exactSince?: boolean;
  /** Beside the name, and a frame in colour where one holds it oneself. */
  marked?: boolean;
  /** What can be done about it, as buttons. */
  children: ReactNode;
}

/** Who holds a thing, since when and until when, and what can be done about it. */
export function HolderCard(props: Props) {
  const { label, holder, since, claim, facts = [], exactSince, marked, children } = props;
  const { ends, comment } = props.words ?? { ends: "Ends", comment: "Comment" };
  const mine = holder === useMe().username;
  useServersWord(claim);
  return (
    <section className={`${box.card} ${classes.mine}`} data-mine={(marked && mine) || undefined} aria-label={label}>
      <div className={classes.holder}>
        {marked && <IconLock size={17} stroke={1.8} aria-hidden />}
        <Person name={holder} me={mine} />
        {claim && <QueueMark claim={claim} />}
        <span style={{ flex: 1 }} />
        {claim && <ClaimMenu claim={claim} />}
      </div>
      <dl className={box.facts}>
        <dt>Since</dt>
        <dd>
          <Ago at={since} />
          {exactSince && (
            <>
              {" "}
              (<At at={since} />)
            </>
          )}
        </dd>
        {claim && (
          <>
            <dt>{ends}</dt>
            <dd>
              <Until at={claim.expires_at} />
              {claim.expires_at && (
                <>
                  {" "}
                  (<At at={claim.expires_at} />)
                </>
              )}
            </dd>
          </>
        )}
        {facts.map(([term, value]) => (
          <Fragment key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
        {claim?.comment && (
          <>
            <dt>{comment}</dt>
            <dd className={classes.comment}>{claim.comment}</dd>
          </>
        )}
      </dl>
      <div className={classes.buttons}>{children}</div>
    </section>
  );
}

/** Nobody holds the thing; `children` is how to take it. */
export function FreeCard({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section className={`${box.card} ${classes.mine}`} aria-label={label}>
      <div className={classes.free}>
        <IconLockOpen size={18} stroke={1.7} aria-hidden /> Nobody holds it
        <span style={{ flex: 1 }} />
        {children}
      </div>
    </section>
  );
}
