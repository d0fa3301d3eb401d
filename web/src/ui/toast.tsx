import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck } from "@tabler/icons-react";
import { Problem } from "../api/problem";
import { visible } from "./names";
import { absolute } from "./time";

export function say(message: string): void {
  notifications.show({ message: visible(message), color: "crib", icon: <IconCheck size={16} />, autoClose: 4000 });
}

/** As `say`, with a way back for a while. */
export function sayWithUndo(message: string, undo: () => Promise<void>): void {
  const id = notifications.show({
    message: (
      <span style={{ display: "flex", alignItems: "center", gap: 12 }}>
        <span style={{ flex: 1, overflowWrap: "anywhere" }}>{visible(message)}</span>
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => {
            notifications.hide(id);
            undo().catch(complain);
          }}
        >
          Undo
        </Button>
      </span>
    ),
    color: "crib",
    icon: <IconCheck size={16} />,
    autoClose: 12_000,
  });
}

export function warn(message: string): void {
  notifications.show({ message: visible(message), color: "yellow", autoClose: 12_000 });
}

export function complain(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const held = error instanceof Problem ? error.heldBy : null;
  notifications.show({
    title: held ? `Held by ${held.holder}${held.until ? ` until ${absolute(held.until)}` : ""}` : undefined,
    message: visible(message),
    color: "red",
    autoClose: 8000,
  });
}
