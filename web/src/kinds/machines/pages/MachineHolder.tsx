import { useQuery } from "@tanstack/react-query";
import type { Machine } from "../../../api/types";
import { OwnActions } from "../../../claims/ClaimActions";
import { HolderCard } from "../../../claims/HolderCard";
import { claimsQuery } from "../../../claims/queries";
import { ActionButton } from "../../../ui/ActionButton";
import { CopyLine } from "../../../ui/CopyLine";
import type { PoolContext } from "../actions/context";
import { reservation } from "../actions/reservation";
import { sshCommand } from "../ssh";
import classes from "./Machine.module.css";

const WORDS = { ends: "Until", comment: "For" };

/** Who has the machine, until when and what for. */
export function MachineHolder({ machine, context }: { machine: Machine; context: PoolContext }) {
  const { fence, holder, login, reserved_until: until } = machine;
  const { data: claim = null } = useQuery({
    ...claimsQuery,
    select: ({ claims }) => claims.find((one) => one.kind === "machine" && one.fence === fence) ?? null,
  });
  // What it is doing meanwhile stands at the top of the page.
  if (!holder) return null;
  return (
    <>
      <HolderCard
        label="Who has it"
        holder={holder}
        since={claim?.acquired_at ?? machine.checked_at ?? until ?? ""}
        claim={claim}
        words={WORDS}
        facts={login && login !== holder ? [["Login", <span key="login" className="mono">{login}</span>]] : []}
      >
        {claim && holder === context.me && <OwnActions claim={claim} />}
        <ActionButton action={reservation} subject={machine} context={context} withIcon={false} />
      </HolderCard>
      {holder === context.me && login && machine.state === "held" && (
        <div className={classes.ssh}>
          <CopyLine>{sshCommand(login, machine)}</CopyLine>
        </div>
      )}
    </>
  );
}
