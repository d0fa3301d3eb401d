import { Button, Group, List, Radio, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { waitersQuery } from "../../api/queries";
import type { Claim } from "../../api/types";
import { hide } from "../../overlays/overlays";
import { useMe } from "../../session/session";
import { Dialog } from "../../ui/Dialog";
import { Ago } from "../../ui/Time";
import { complain, say } from "../../ui/toast";
import { stopWaiting, waitFor } from "../requests";
import { FormDialog } from "../../overlays/FormDialog";
import { Subject } from "./Subject";

/** Stand in line: first come, first served. */
export default function WaitDialog({ claim }: { claim: Claim }) {
  const me = useMe();
  const { data: waiters = [] } = useQuery(waitersQuery(claim.fence));
  const [take, setTake] = useState("take");
  const [comment, setComment] = useState("");
  const mine = waiters.find((waiter) => waiter.username === me.username);

  const line = waiters.length > 0 && (
    <div>
      <div style={{ fontWeight: 550, marginBottom: 4 }}>In line</div>
      <List type="ordered" size="sm">
        {waiters.map((waiter) => (
          <List.Item key={`${waiter.username}-${waiter.since}`}>
            {waiter.username}, since <Ago at={waiter.since} />
            {!waiter.take && " (wants to be told)"}
          </List.Item>
        ))}
      </List>
    </div>
  );

  if (mine) {
    return (
      <Dialog onClose={hide} title="You are in line">
        <Stack>
          <Subject claim={claim} />
          {line}
          <Group justify="flex-end" gap="xs">
            <Button
              variant="default"
              onClick={async () => {
                hide();
                try {
                  await stopWaiting(claim);
                  say("You no longer wait for it");
                } catch (error) {
                  complain(error);
                }
              }}
            >
              Leave the line
            </Button>
            <Button onClick={hide}>Keep waiting</Button>
          </Group>
        </Stack>
      </Dialog>
    );
  }
  return (
    <FormDialog
      title="Wait for it"
      submit="Stand in line"
      blocked={claim.cannot.wait ?? null}
      onSubmit={async () => {
        const position = await waitFor(claim, take === "take", comment.trim());
        return position === 1 ? "You are next" : `You are number ${position} in line`;
      }}
    >
      <Subject claim={claim} />
      {line}
      <Radio.Group label="When it is free" value={take} onChange={setTake}>
        <Stack gap={8} mt={8}>
          <Radio value="take" label="Give it to me" />
          <Radio value="tell" label="Only tell me" />
        </Stack>
      </Radio.Group>
      {take === "take" && (
        <TextInput
          label="Comment"
          placeholder="What you will do with it"
          value={comment}
          maxLength={2000}
          onChange={(event) => setComment(event.currentTarget.value)}
        />
      )}
    </FormDialog>
  );
}
