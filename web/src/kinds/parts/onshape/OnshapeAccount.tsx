import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { visible } from "../../../ui/names";
import { At } from "../../../ui/Time";
import { complain, say } from "../../../ui/toast";
import { ConnectButton } from "./DrawingSource";
import classes from "./Onshape.module.css";
import { disconnect, onshapeQuery, type Connection } from "./requests";

/** One's own account at Onshape; nothing where the server has no Onshape. `className` is that of the page's panels. */
export function OnshapeAccount({ project, className }: { project: string; className: string | undefined }) {
  const { data: onshape } = useQuery(onshapeQuery(project));
  const leave = useMutation({ mutationFn: disconnect, onSuccess: () => say("Disconnected from Onshape"), onError: complain });
  if (!onshape?.configured) return null;
  return (
    <section className={className} aria-labelledby="shop-onshape">
      <h2 id="shop-onshape">Your Onshape account</h2>
      <p className={classes.about}>Drawings of parts that are linked to Onshape are fetched with it.</p>
      <div className={classes.account}>
        <span>
          <State onshape={onshape} />
        </span>
        {onshape.connected ? (
          <Button size="xs" variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
            Disconnect
          </Button>
        ) : (
          <ConnectButton label={onshape.lapsed ? "Connect again" : "Connect to Onshape"} />
        )}
      </div>
    </section>
  );
}

function State({ onshape: { connected, lapsed, shared, user, authenticated_at } }: { onshape: Connection }) {
  if (connected) {
    return (
      <>
        Connected{user?.name && ` as ${visible(user.name)}`}
        {user?.email && ` (${visible(user.email)})`}
        {authenticated_at && (
          <>
            , since <At at={authenticated_at} />
          </>
        )}
        .
      </>
    );
  }
  const own = lapsed ? "Expired: Onshape accepts your connection no more." : "Not connected.";
  return shared ? `${own} Until it is, drawings come with the shop's account.` : own;
}
