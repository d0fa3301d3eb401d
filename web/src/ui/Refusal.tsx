import { Alert, Anchor, Button } from "@mantine/core";
import { IconAlertTriangle, IconLock } from "@tabler/icons-react";
import { useContext } from "react";
import { Problem } from "../api/problem";
import { Link } from "./Link";
import { ThingLink } from "./thingLink";
import { Ago, Until } from "./Time";

/** What went wrong, in the server's words; where somebody holds the thing, who and until when. */
export function Refusal({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (!error) return null;
  const held = error instanceof Problem ? error.heldBy : null;
  const conflicts = error instanceof Problem ? error.conflicts : [];
  return (
    <Alert
      role="alert"
      color={held ? "yellow" : "red"}
      variant="light"
      icon={held ? <IconLock size={18} /> : <IconAlertTriangle size={18} />}
      styles={{ message: { color: "var(--mantine-color-text)" } }}
    >
      {held ? <HeldSentence problem={error as Problem} /> : problemText(error)}
      {conflicts.length > 0 && (
        <ul style={{ margin: "6px 0 0", paddingInlineStart: 18 }}>
          {conflicts.slice(0, 5).map((conflict) => (
            <li key={conflict.asset_path ?? conflict.key}>
              <span className="mono">{conflict.asset_path ?? conflict.key}</span>: {conflict.holder}
            </li>
          ))}
          {conflicts.length > 5 && <li>and {conflicts.length - 5} more</li>}
        </ul>
      )}
      {onRetry && (
        <Button mt="xs" size="xs" variant="default" onClick={onRetry} display="block">
          Try again
        </Button>
      )}
    </Alert>
  );
}

function HeldSentence({ problem }: { problem: Problem }) {
  const held = problem.heldBy!;
  const linkOf = useContext(ThingLink);
  return (
    <>
      Held by <strong>{held.holder}</strong> since <Ago at={held.since} />
      {held.until ? (
        <>
          , ends <Until at={held.until} />
        </>
      ) : (
        ", with no end set"
      )}
      {held.comment && <>: “{held.comment}”</>}
      {held.queue > 0 && <>. {held.queue === 1 ? "One person waits" : `${held.queue} people wait`} for it</>}
      {". "}
      <Anchor component={Link} to={linkOf(held)} size="sm">
        Show it
      </Anchor>
    </>
  );
}

export function problemText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
