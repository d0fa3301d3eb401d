import { Menu } from "@mantine/core";
import {
  IconBellRinging,
  IconClockPlus,
  IconCopy,
  IconDots,
  IconHistory,
  IconHourglassEmpty,
  IconLockOpen,
  IconShieldX,
  IconUserShare,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState, type ComponentType } from "react";
import { mailQuery } from "../api/queries";
import type { Claim } from "../api/types";
import { show } from "../overlays/overlays";
import { useMe } from "../session/session";
import type { IconProps } from "../ui/icon";
import { kindOf, shownName } from "../things/registry";
import { copyText } from "../ui/CopyLine";
import { useGo } from "../ui/Link";
import { complain, say } from "../ui/toast";
import { actionsFor, type ActionId } from "./actions";
import classes from "./claims.module.css";
import { ExtendDialog, ForceReleaseDialog, HandOverDialog, WaitDialog } from "./dialogs";
import { release } from "./requests";

const ICONS: Record<ActionId, ComponentType<IconProps>> = {
  release: IconLockOpen,
  extend: IconClockPlus,
  "hand-over": IconUserShare,
  wait: IconHourglassEmpty,
  notify: IconBellRinging,
  "force-release": IconShieldX,
};

export async function releaseNow(claim: Claim): Promise<void> {
  try {
    await release([claim]);
    say(`Released ${shownName(claim.kind, claim.label)}`);
  } catch (error) {
    complain(error);
  }
}

export function act(id: ActionId, claim: Claim): void {
  if (id === "release") void releaseNow(claim);
  else if (id === "force-release") show(<ForceReleaseDialog claims={[claim]} />);
  else if (id === "extend") show(<ExtendDialog claim={claim} />);
  else if (id === "hand-over") show(<HandOverDialog claim={claim} />);
  else if (id === "wait") show(<WaitDialog claim={claim} />);
  else kindOf(claim.kind).askHolder?.(claim);
}

/** The letters that work on a focused row. */
export const ROW_KEYS: Record<string, ActionId> = {
  r: "release",
  e: "extend",
  t: "hand-over",
  w: "wait",
  n: "notify",
  f: "force-release",
};

export function actByKey(key: string, claim: Claim, circumstances: { me: string; mail: boolean }): boolean {
  const id = ROW_KEYS[key];
  const action = id && actionsFor(claim, circumstances).find((one) => one.id === id);
  if (!action) return false;
  if (action.reason) complain(new Error(action.reason));
  else act(action.id, claim);
  return true;
}

export function useCircumstances(): { me: string; mail: boolean } {
  const me = useMe();
  const { data } = useQuery(mailQuery);
  return { me: me.username, mail: data?.mail_enabled ?? false };
}

/** The three things one does with what one holds, as buttons. */
export function OwnActions({ claim }: { claim: Claim }) {
  return (
    <span className={classes.own}>
      {actionsFor(claim, { me: claim.holder, mail: false }).map((action) => (
        <button
          key={action.id}
          type="button"
          className={classes.action}
          data-main={action.id === "release" || undefined}
          aria-disabled={action.reason !== null}
          title={action.reason ?? undefined}
          aria-label={`${action.label.replace("…", "")} ${shownName(claim.kind, claim.label)}`}
          onClick={() => {
            if (action.reason === null) act(action.id, claim);
          }}
        >
          {action.label.replace("…", "")}
        </button>
      ))}
    </span>
  );
}

/** Everything that can be done with a claim. Drawn only once opened: lists have many rows. */
export function ClaimMenu({ claim }: { claim: Claim }) {
  const [opened, setOpened] = useState(false);
  const [used, setUsed] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const button = (
    <button
      ref={opener}
      type="button"
      className={classes.more}
      aria-label={`Actions for ${shownName(claim.kind, claim.label)}`}
      aria-haspopup="menu"
      aria-expanded={opened}
      onClick={() => {
        setUsed(true);
        setOpened((now) => !now);
      }}
    >
      <IconDots size={18} />
    </button>
  );
  if (!used) return button;
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" width={270} shadow="md" withinPortal>
      <Menu.Target>{button}</Menu.Target>
      <ClaimMenuItems claim={claim} onChosen={() => opener.current?.focus()} />
    </Menu>
  );
}

/** `onChosen` comes before what was chosen happens: a dialog gives the focus back to where it opened from. */
function ClaimMenuItems({ claim, onChosen }: { claim: Claim; onChosen: () => void }) {
  const circumstances = useCircumstances();
  const go = useGo();
  const kind = kindOf(claim.kind);
  return (
    <Menu.Dropdown>
      {actionsFor(claim, circumstances).map(({ id, label, reason }) => {
        const Icon = ICONS[id];
        return (
          <Menu.Item
            key={id}
            leftSection={<Icon size={16} stroke={1.7} aria-hidden />}
            disabled={reason !== null}
            classNames={{ item: classes.menuItem }}
            mod={{ danger: id === "force-release" && !reason }}
            onClick={() => {
              onChosen();
              act(id, claim);
            }}
          >
            {label}
            {reason && <span className={classes.reason}>{reason}</span>}
          </Menu.Item>
        );
      })}
      <Menu.Divider />
      <Menu.Item leftSection={<IconHistory size={16} stroke={1.7} aria-hidden />} onClick={() => go(kind.link(claim))}>
        Details and history
      </Menu.Item>
      <Menu.Item
        leftSection={<IconCopy size={16} stroke={1.7} aria-hidden />}
        onClick={async () => {
          if (await copyText(claim.label)) say("Copied");
        }}
      >
        Copy the name
      </Menu.Item>
    </Menu.Dropdown>
  );
}
