import { Alert, Button, Group, Radio, Stack } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { hide } from "../../../overlays/overlays";
import { CopyLine } from "../../../ui/CopyLine";
import { Dialog } from "../../../ui/Dialog";
import { Refusal } from "../../../ui/Refusal";
import { At } from "../../../ui/Time";
import { feedQuery } from "../queries";
import { closeFeed, openFeed } from "../requests";
import classes from "./Dialogs.module.css";

/** A secret address from which calendar programs read. */
export function FeedDialog() {
  const { data: feed, error } = useQuery(feedQuery);
  const [what, setWhat] = useState("mine");
  const open = useMutation({ mutationFn: () => openFeed(what === "all") });
  const close = useMutation({ mutationFn: closeFeed, onSuccess: () => open.reset() });
  const there = feed?.created_at ?? null;
  return (
    <Dialog onClose={hide} title="In your calendar program">
      <Stack gap="md">
        <p style={{ margin: 0 }}>
          Calendar programs read from an address that only you know. Whoever has it can read that calendar, and do nothing
          else: do not pass it on.
        </p>
        {there && !open.data && (
          <p className={classes.quiet}>
            You have one since <At at={there} />, {feed?.everything ? "of all machines" : "of your own reservations"}. A new one
            ends it.
          </p>
        )}
        <Radio.Group label="It shows" value={what} onChange={setWhat}>
          <Stack gap={8} mt={8}>
            <Radio value="mine" label="My reservations and bookings" />
            <Radio value="all" label="Those of all machines that I may see" />
          </Stack>
        </Radio.Group>
        <Refusal error={error ?? open.error ?? close.error} />
        {open.data && (
          <Alert role="status" color="crib" title="Copy it now: it is not shown again">
            <CopyLine>{open.data}</CopyLine>
          </Alert>
        )}
        <Group gap="xs" justify="flex-end">
          {there && (
            <Button variant="default" loading={close.isPending} onClick={() => close.mutate()}>
              End the address
            </Button>
          )}
          <Button loading={open.isPending} onClick={() => open.mutate()}>
            {there ? "Make a new address" : "Make an address"}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
