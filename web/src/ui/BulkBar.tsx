import { Button } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { Action } from "./action";
import { BlockableButton } from "./BlockableButton";
import classes from "./BulkBar.module.css";

interface Props<Subject, Context> {
  actions: readonly Action<Subject, Context>[];
  subjects: readonly Subject[];
  context: Context;
  /** Apart from the table it belongs to, instead of at its top. */
  apart?: boolean;
  onClear: () => void;
}

/** What can be done with several at once: the actions that have a `bulk`. */
export function BulkBar<Subject, Context>({ actions, subjects, context, apart, onClear }: Props<Subject, Context>) {
  if (subjects.length === 0) return null;
  return (
    <div className={classes.bar} data-apart={apart || undefined} role="region" aria-label="Selection">
      <strong className="tabular">{subjects.length.toLocaleString()} selected</strong>
      {actions.map(({ name, Icon, bulk, main }) =>
        bulk && (
          <BlockableButton
            key={name}
            size="xs"
            variant={main ? "filled" : "default"}
            leftSection={<Icon size={15} />}
            reason={bulk.refusal(subjects, context)}
            onClick={() => {
              if (bulk.run(subjects, context)) onClear();
            }}
          >
            {bulk.label}
          </BlockableButton>
        ),
      )}
      <Button size="xs" variant="subtle" leftSection={<IconX size={15} />} onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}
