import { Button, Group, Stack } from "@mantine/core";
import type { Reservation } from "../../../api/types";
import { hide } from "../../../overlays/overlays";
import { CopyLine } from "../../../ui/CopyLine";
import { Dialog } from "../../../ui/Dialog";
import { contentText } from "../states";

/** A password that the server made, which it does not say again. */
export function PasswordDialog({ reservation }: { reservation: Reservation }) {
  const { login, password, queue } = reservation;
  return (
    <Dialog onClose={hide} title="Copy the password now" closeOnClickOutside={false}>
      <Stack>
        <p style={{ margin: 0 }}>
          It is not shown again. With it, <strong className="mono">{login}</strong> signs in on {contentText(reservation)}
          {queue ? " when it is your turn" : ""}.
        </p>
        <CopyLine>{password ?? ""}</CopyLine>
        <Group justify="flex-end">
          <Button data-answer onClick={hide}>
            I have it
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
