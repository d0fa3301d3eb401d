import { Button, Group, Stack, type MantineSize } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, type FormEvent, type ReactNode } from "react";
import { Dialog } from "../ui/Dialog";
import { hide } from "./overlays";
import { Refusal } from "../ui/Refusal";
import { complain, say } from "../ui/toast";

interface Props {
  title: string;
  children: ReactNode;
  submit: string;
  /** Why it cannot be sent yet. */
  blocked?: string | null;
  danger?: boolean;
  /** How wide it may be. */
  size?: MantineSize;
  /** Does it; answers with what to tell the person afterwards, null where that has been told. */
  onSubmit: () => Promise<string | null>;
  onClose?: () => void;
}

/**
 * A question with an answer to send. A refusal is shown in place, and nothing typed is lost.
 *
 * Whoever closes it before the answer has come is told what came of it, and what they have opened since stays open.
 */
export function FormDialog({ title, children, submit, blocked, danger, size, onSubmit, onClose = hide }: Props) {
  const isOpen = useRef(false);
  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);
  const send = useMutation({
    mutationFn: onSubmit,
    onSuccess: (done) => {
      if (isOpen.current) onClose();
      if (done !== null) say(done);
    },
    onError: (error) => {
      if (!isOpen.current) complain(error);
    },
  });
  const onForm = (event: FormEvent): void => {
    event.preventDefault();
    if (!blocked && !send.isPending) send.mutate();
  };
  return (
    <Dialog onClose={onClose} title={title} {...(size ? { size } : {})}>
      <form onSubmit={onForm} noValidate>
        <Stack gap="md">
          {children}
          <Refusal error={send.error} />
          <Group justify="flex-end" gap="xs">
            {blocked && (
              <span style={{ flex: 1, fontSize: 13, color: "var(--mantine-color-dimmed)" }} id="dialog-blocked">
                {blocked}
              </span>
            )}
            <Button variant="default" data-answer={danger || undefined} onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              data-answer={danger ? undefined : true}
              color={danger ? "red.8" : undefined}
              loading={send.isPending}
              data-disabled={blocked ? true : undefined}
              aria-disabled={blocked ? true : undefined}
              aria-describedby={blocked ? "dialog-blocked" : undefined}
            >
              {submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
