import { Button, Drawer, Group, Stack } from "@mantine/core";
import { IconHistory, IconLock, IconLockOpen } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { historyQuery } from "../../../api/queries";
import { claimsQuery } from "../../../claims/queries";
import { show } from "../../../overlays/overlays";
import { useMe } from "../../../session/session";
import { ClaimMenu, OwnActions } from "../../../claims/ClaimActions";
import { Branch, QueueMark } from "../../../claims/ClaimParts";
import { DEFAULT_PROJECT, scopeOfProject } from "../../../api/scope";
import { CopyButton } from "../../../ui/CopyLine";
import { ThingEvent } from "../../../things/ThingEvent";
import { ListSkeleton } from "../../../ui/ListSkeleton";
import { Person } from "../../../ui/Person";
import { Refusal } from "../../../ui/Refusal";
import { Ago, At, Until } from "../../../ui/Time";
import { WaitDialog } from "../../../claims/dialogs";
import { askToLock } from "../dialogs";
import classes from "./AssetDrawer.module.css";
import { useReturnFocus } from "../../../ui/useReturnFocus";

interface Props {
  path: string;
  project: string;
  onClose: () => void;
}

/** One path: who has it, what can be done, and everything that ever happened to it. */
export default function AssetDrawer({ path, project, onClose }: Props) {
  useReturnFocus();
  const me = useMe();
  const { data: holdings } = useQuery(claimsQuery);
  const history = useQuery(historyQuery(path, project));
  const claim = useMemo(
    () =>
      holdings?.claims.find(
        (one) => one.kind === "asset" && one.key === path && one.scope === scopeOfProject(project),
      ),
    [holdings, path, project],
  );
  const name = path.slice(path.lastIndexOf("/") + 1);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={460}
      title={<span className={classes.title}>{name}</span>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="lg">
        <div className={classes.path}>
          <span className="mono">{path}</span>
          <CopyButton text={path} />
        </div>
        {claim ? (
          <section className={classes.card} aria-label="Who holds it">
            <div className={classes.holder}>
              <Person name={claim.holder} me={claim.holder === me.username} />
              <QueueMark claim={claim} />
              <span style={{ flex: 1 }} />
              <ClaimMenu claim={claim} />
            </div>
            <dl className={classes.facts}>
              <dt>Since</dt>
              <dd>
                <Ago at={claim.acquired_at} /> (<At at={claim.acquired_at} />)
              </dd>
              <dt>Ends</dt>
              <dd>
                <Until at={claim.expires_at} />
                {claim.expires_at && (
                  <>
                    {" "}
                    (<At at={claim.expires_at} />)
                  </>
                )}
              </dd>
              {claim.branch && (
                <>
                  <dt>Branch</dt>
                  <dd>
                    <Branch name={claim.branch} />
                  </dd>
                </>
              )}
              {project !== DEFAULT_PROJECT && (
                <>
                  <dt>Project</dt>
                  <dd>{project}</dd>
                </>
              )}
              {claim.comment && (
                <>
                  <dt>Comment</dt>
                  <dd className={classes.comment}>{claim.comment}</dd>
                </>
              )}
            </dl>
            {claim.holder === me.username ? (
              <OwnActions claim={claim} />
            ) : (
              <Group gap="xs">
                <Button size="xs" variant="default" onClick={() => show(<WaitDialog claim={claim} />)}>
                  Wait for it…
                </Button>
              </Group>
            )}
          </section>
        ) : !holdings?.complete ? (
          <ListSkeleton />
        ) : (
          <section className={classes.card} aria-label="Who holds it">
            <div className={classes.free}>
              <IconLockOpen size={18} aria-hidden /> Nobody holds it
            </div>
            <div>
              <Button
                size="xs"
                leftSection={<IconLock size={15} />}
                onClick={() => askToLock({ path, project })}
              >
                Lock it
              </Button>
            </div>
          </section>
        )}
        <section>
          <h2 className={classes.heading}>
            <IconHistory size={17} stroke={1.7} aria-hidden /> History
          </h2>
          {history.isPending && <ListSkeleton />}
          <Refusal error={history.error} onRetry={() => void history.refetch()} />
          {history.data?.events.length === 0 && <p className={classes.none}>Nothing has happened to it yet.</p>}
          <ol className={classes.events}>
            {history.data?.events.map((event) => (
              <li key={event.seq}>
                <ThingEvent event={event} plainThing />
              </li>
            ))}
          </ol>
        </section>
      </Stack>
    </Drawer>
  );
}
