import { Button, Group } from "@mantine/core";
import { IconLock, IconLockOpen, IconShieldX } from "@tabler/icons-react";
import type { DocumentFile } from "../../../api/types";
import { show } from "../../../overlays/overlays";
import { useMe } from "../../../session/session";
import { ClaimMenu } from "../../../claims/ClaimActions";
import { QueueMark } from "../../../claims/ClaimParts";
import { ExtendDialog, WaitDialog } from "../../../claims/dialogs";
import type { Hold } from "../hold";
import { unlockFile } from "../requests";
import { BlockableButton } from "../../../ui/BlockableButton";
import { Person } from "../../../ui/Person";
import { Ago, At, Until } from "../../../ui/Time";
import { complain, say } from "../../../ui/toast";
import type { Ask } from "./ask";
import classes from "./FileDrawer.module.css";

interface Props {
  file: DocumentFile;
  hold: Hold | null;
  can: readonly string[];
  onAsk: (ask: Ask) => void;
}

export async function unlockNow(file: DocumentFile, hold: Hold | null): Promise<void> {
  try {
    await unlockFile(file.id, hold?.claim ?? null);
    say(`Unlocked ${file.name}`);
  } catch (error) {
    complain(error);
  }
}

/** Who holds the file and until when, and what can be done about it. */
export function LockCard({ file, hold, can, onAsk }: Props) {
  const me = useMe();
  const refused = can.includes("lock") ? null : "You may look here, not lock.";
  if (!hold) {
    return (
      <section className={classes.card} aria-label="Lock">
        <div className={classes.free}>
          <IconLockOpen size={18} stroke={1.7} aria-hidden /> Nobody holds it
          <span style={{ flex: 1 }} />
          <BlockableButton
            size="xs"
            variant="default"
            leftSection={<IconLock size={15} />}
            reason={refused}
            onClick={() => onAsk({ name: "lock", file })}
          >
            Lock…
          </BlockableButton>
        </div>
      </section>
    );
  }
  const { claim } = hold;
  const mine = hold.holder === me.username;
  return (
    <section className={classes.card} data-mine={mine || undefined} aria-label="Lock">
      <div className={classes.holder}>
        <IconLock size={17} stroke={1.8} aria-hidden />
        <Person name={hold.holder} me={mine} />
        {claim && <QueueMark claim={claim} />}
        <span style={{ flex: 1 }} />
        {claim && <ClaimMenu claim={claim} />}
      </div>
      <dl className={classes.facts}>
        <dt>Since</dt>
        <dd>
          <Ago at={hold.since} />
        </dd>
        {claim && (
          <>
            <dt>Until</dt>
            <dd>
              <Until at={claim.expires_at} />
              {claim.expires_at && (
                <>
                  {" "}
                  (<At at={claim.expires_at} />)
                </>
              )}
            </dd>
          </>
        )}
        {claim?.comment && (
          <>
            <dt>Reason</dt>
            <dd className={classes.prose}>{claim.comment}</dd>
          </>
        )}
      </dl>
      <Group gap="xs">
        {mine && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconLockOpen size={15} />}
            onClick={() => void unlockNow(file, hold)}
          >
            Unlock
          </Button>
        )}
        {mine && claim && (
          <Button size="xs" variant="default" onClick={() => show(<ExtendDialog claim={claim} />)}>
            Change the end…
          </Button>
        )}
        {!mine && claim && (
          <Button size="xs" variant="default" onClick={() => show(<WaitDialog claim={claim} />)}>
            Wait for it…
          </Button>
        )}
        {!mine && (claim ? claim.can.force_release : true) && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconShieldX size={15} />}
            onClick={() => onAsk({ name: "force-unlock", file })}
          >
            End the lock…
          </Button>
        )}
      </Group>
    </section>
  );
}
