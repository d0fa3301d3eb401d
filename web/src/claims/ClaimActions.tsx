import { Menu } from "@mantine/core";
import type { Claim } from "../api/types";
import { shownName } from "../things/registry";
import { labelOf } from "../ui/action";
import { ActionItems, ActionMenu } from "../ui/ActionMenu";
import { actionsOn, moreActions, ownActions, useClaimContext } from "./actions";
import classes from "./claims.module.css";
import { useServersWord } from "./requests";

/** The three things one does with what one holds, as buttons. */
export function OwnActions({ claim }: { claim: Claim }) {
  const context = useClaimContext();
  return (
    <span className={classes.own}>
      {ownActions.map((action) => {
        const refusal = action.refusal(claim, context);
        if (refusal === undefined) return null;
        const label = labelOf(action, claim).replace("…", "");
        return (
          <button
            key={action.name}
            type="button"
            className={classes.action}
            data-main={action.main}
            aria-disabled={refusal !== null}
            title={refusal ?? (action.main ? undefined : label)}
            aria-label={`${label} ${shownName(claim.kind, claim.label)}`}
            onClick={() => {
              if (refusal === null) action.run(claim, context);
            }}
          >
            {action.main ? label : <action.Icon size={16} stroke={1.8} aria-hidden />}
          </button>
        );
      })}
    </span>
  );
}

/** Everything that can be done with a claim. */
export function ClaimMenu({ claim }: { claim: Claim }) {
  return (
    <ActionMenu of={shownName(claim.kind, claim.label)} width={270}>
      {(onChosen) => <ClaimMenuItems claim={claim} onChosen={onChosen} />}
    </ActionMenu>
  );
}

/** As a function, for tables: one that stays the same lets rows be drawn once. */
export function claimMenu(claim: Claim) {
  return <ClaimMenu claim={claim} />;
}

function ClaimMenuItems({ claim, onChosen }: { claim: Claim; onChosen: () => void }) {
  const context = useClaimContext();
  useServersWord(claim);
  return (
    <>
      <ActionItems actions={actionsOn(claim)} subject={claim} context={context} onChosen={onChosen} />
      <Menu.Divider />
      <ActionItems actions={moreActions} subject={claim} context={context} />
    </>
  );
}
