import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { thingHistoryQuery } from "../api/queries";
import { kindOf, shownName } from "../things/registry";
import { ThingHistory } from "../things/ThingHistory";
import { ActionButton } from "../ui/ActionButton";
import { ListSkeleton } from "../ui/ListSkeleton";
import { ThingDrawer, WholeName } from "../ui/ThingDrawer";
import { useClaimContext, wait } from "./actions";
import { OwnActions } from "./ClaimActions";
import { FreeCard, HolderCard } from "./HolderCard";
import { identOf } from "./patch";
import { claimsQuery } from "./queries";

interface Props {
  kind: string;
  scope: string;
  thingKey: string;
  onClose: () => void;
}

/** One thing of a kind that has no page of its own: who has it, what can be done, and what happened to it. */
export default function ClaimDrawer({ kind, scope, thingKey, onClose }: Props) {
  const context = useClaimContext();
  const { data: holdings } = useQuery(claimsQuery);
  const history = useQuery(thingHistoryQuery({ kind, scope, key: thingKey }));
  const claim = useMemo(() => {
    const ident = identOf({ kind, scope, key: thingKey });
    return holdings?.claims.find((one) => identOf(one) === ident);
  }, [holdings, kind, scope, thingKey]);
  const { Icon, label, monospaced } = kindOf(kind);
  const name = claim ? shownName(kind, claim.label) : thingKey;
  return (
    <ThingDrawer title={`${label}: ${name}`} icon={<Icon size={20} stroke={1.6} aria-hidden />} onClose={onClose}>
      <Stack gap="lg">
        {monospaced && <WholeName name={name} />}
        {claim ? (
          <HolderCard label="Who holds it" holder={claim.holder} since={claim.acquired_at} exactSince claim={claim}>
            {claim.holder === context.me ? (
              <OwnActions claim={claim} />
            ) : (
              <ActionButton action={wait} subject={claim} context={context} withIcon={false} />
            )}
          </HolderCard>
        ) : holdings?.complete ? (
          <FreeCard label="Who holds it">{null}</FreeCard>
        ) : (
          <ListSkeleton />
        )}
        <ThingHistory query={history} />
      </Stack>
    </ThingDrawer>
  );
}
