import { notifications } from "@mantine/notifications";
import { IconCheck } from "@tabler/icons-react";
import { Problem } from "../api/problem";
import { absolute } from "./time";

export function say(message: string): void {
  notifications.show({ message, color: "crib", icon: <IconCheck size={16} />, autoClose: 4000 });
}

export function complain(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const held = error instanceof Problem ? error.heldBy : null;
  notifications.show({
    title: held ? `Held by ${held.holder}${held.until ? ` until ${absolute(held.until)}` : ""}` : undefined,
    message,
    color: "red",
    autoClose: 8000,
  });
}
