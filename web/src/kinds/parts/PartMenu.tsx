import { Menu } from "@mantine/core";
import { ActionItems, ActionMenu } from "../../ui/ActionMenu";
import { planActions, workActions, type PartContext } from "./actions";
import { moveActions } from "./actions/move";
import type { Part } from "./types";
import { titleOf } from "./words";

/** Everything that can be done with a part. */
export function PartMenu({ part, context }: { part: Part; context: PartContext }) {
  const about = { subject: part, context };
  return (
    <ActionMenu of={titleOf(part)} width={280}>
      {(onChosen) => (
        <>
          <ActionItems actions={workActions} {...about} onChosen={onChosen} />
          <Menu.Divider />
          <Menu.Label>Move</Menu.Label>
          <ActionItems actions={moveActions} {...about} onChosen={onChosen} />
          <Menu.Divider />
          <ActionItems actions={planActions} {...about} onChosen={onChosen} />
        </>
      )}
    </ActionMenu>
  );
}
