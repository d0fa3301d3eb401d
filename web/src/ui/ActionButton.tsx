import type { ButtonProps } from "@mantine/core";
import { labelOf, type Action } from "./action";
import { BlockableButton } from "./BlockableButton";

interface Props<Subject, Context> extends ButtonProps {
  action: Action<Subject, Context>;
  subject: Subject;
  context: Context;
  /** Instead of the action's own words, where the place asks for others. */
  label?: string;
  withIcon?: boolean;
}

/** An action as a button; nothing where it makes no sense, the reason beside it where it is refused. */
export function ActionButton<Subject, Context>({
  action,
  subject,
  context,
  label,
  withIcon = true,
  ...button
}: Props<Subject, Context>) {
  const refusal = action.refusal(subject, context);
  if (refusal === undefined) return null;
  const { Icon } = action;
  return (
    <BlockableButton
      size="xs"
      variant="default"
      leftSection={withIcon ? <Icon size={15} /> : undefined}
      {...button}
      reason={refusal}
      onClick={() => action.run(subject, context)}
    >
      {label ?? labelOf(action, subject)}
    </BlockableButton>
  );
}
