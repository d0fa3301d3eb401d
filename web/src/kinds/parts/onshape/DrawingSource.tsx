import { Button } from "@mantine/core";
import { IconCloudDownload, IconLink, IconPlugConnected } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { BlockableButton } from "../../../ui/BlockableButton";
import { visible } from "../../../ui/names";
import { say } from "../../../ui/toast";
import { writeRefusal, type PartContext } from "../actions/context";
import { askOnshape } from "../dialogs";
import type { Part } from "../types";
import { addressProblem } from "./address";
import classes from "./Onshape.module.css";
import { connect, fetchDrawing, onshapeQuery, type Connection } from "./requests";

/** What Onshape can do for a part's drawing now, and what stands in the way; nothing where the server has no Onshape. */
export function DrawingSource({ part, context }: { part: Part; context: PartContext }) {
  const { data: onshape } = useQuery(onshapeQuery(part.project));
  if (!onshape?.configured) return null;
  return (
    <div className={classes.source} role="group" aria-label="Onshape">
      <Offer part={part} context={context} onshape={onshape} />
    </div>
  );
}

function Offer({ part, context, onshape }: { part: Part; context: PartContext; onshape: Connection }) {
  const fetching = useMutation({
    mutationFn: () => fetchDrawing(part),
    onSuccess: ({ is_new, revision }) =>
      say(is_new ? `The drawing has come from Onshape, as revision ${revision}` : "The drawing at Onshape is still the same"),
  });
  const refused = writeRefusal(context);
  const link = (label: string): ReactNode => (
    <BlockableButton
      size="xs"
      variant="default"
      reason={refused}
      leftSection={<IconLink size={14} aria-hidden />}
      onClick={() => askOnshape(part)}
    >
      {label}
    </BlockableButton>
  );
  if (!part.onshape_url) {
    return (
      <>
        <span>Onshape can send this drawing.</span>
        {link("Link to Onshape…")}
      </>
    );
  }
  if (addressProblem(part.onshape_url) !== null) {
    return (
      <>
        <span>Its address at Onshape names no drawing.</span>
        {link("Change the address…")}
      </>
    );
  }
  if (!onshape.connected && !onshape.shared) {
    return (
      <>
        <span>{onshape.lapsed ? "Your connection to Onshape has expired." : "You are not connected to Onshape."}</span>
        <ConnectButton label={onshape.lapsed ? "Connect again" : "Connect to Onshape"} />
      </>
    );
  }
  return (
    <>
      {fetching.error ? (
        <span role="alert" className={classes.failed}>
          {visible(fetching.error.message)}
        </span>
      ) : (
        <span role="status">
          {fetching.isPending ? "Onshape is making the PDF. This may take a minute." : whose(onshape)}
        </span>
      )}
      <BlockableButton
        size="xs"
        variant="default"
        reason={refused}
        loading={fetching.isPending}
        leftSection={<IconCloudDownload size={14} aria-hidden />}
        onClick={() => fetching.mutate()}
      >
        Fetch from Onshape
      </BlockableButton>
    </>
  );
}

function whose({ connected, user }: Connection): string {
  if (!connected) return "Connected with the shop's account.";
  const name = user?.name ?? user?.email;
  return name ? `Connected as ${visible(name)}.` : "Connected.";
}

export function ConnectButton({ label }: { label: string }) {
  const leaving = useMutation({ mutationFn: connect });
  return (
    <>
      {leaving.error && (
        <span role="alert" className={classes.failed}>
          {leaving.error.message}
        </span>
      )}
      <Button
        size="xs"
        loading={leaving.isPending}
        leftSection={<IconPlugConnected size={14} aria-hidden />}
        onClick={() => leaving.mutate()}
      >
        {label}
      </Button>
    </>
  );
}
