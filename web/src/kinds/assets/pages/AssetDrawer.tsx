import { Stack } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { historyQuery, projectsQuery } from "../../../api/queries";
import { scopeOfProject } from "../../../api/scope";
import { useClaimContext, wait } from "../../../claims/actions";
import { OwnActions } from "../../../claims/ClaimActions";
import { Branch, ProjectMark } from "../../../claims/ClaimParts";
import { FreeCard, HolderCard } from "../../../claims/HolderCard";
import { claimsQuery } from "../../../claims/queries";
import { ThingHistory } from "../../../things/ThingHistory";
import { ActionButton } from "../../../ui/ActionButton";
import { BlockableButton } from "../../../ui/BlockableButton";
import { ListSkeleton } from "../../../ui/ListSkeleton";
import { ThingDrawer, WholeName } from "../../../ui/ThingDrawer";
import { askToLock } from "../dialogs";
import { holdRefusal } from "../projects";

interface Props {
  path: string;
  project: string;
  onClose: () => void;
}

/** One path: who has it, what can be done, and everything that ever happened to it. */
export default function AssetDrawer({ path, project, onClose }: Props) {
  const context = useClaimContext();
  const { me } = context;
  const { data: holdings } = useQuery(claimsQuery);
  const history = useQuery(historyQuery(path, project));
  const claim = useMemo(
    () =>
      holdings?.claims.find(
        (one) => one.kind === "asset" && one.key === path && one.scope === scopeOfProject(project),
      ),
    [holdings, path, project],
  );
  const refusal = holdRefusal(project, useQuery(projectsQuery).data ?? []);
  const name = path.slice(path.lastIndexOf("/") + 1);
  return (
    <ThingDrawer title={name} monospaced onClose={onClose}>
      <Stack gap="lg">
        <WholeName name={path} />
        {claim ? (
          <HolderCard
            label="Who holds it"
            holder={claim.holder}
            since={claim.acquired_at}
            exactSince
            claim={claim}
            facts={[
              ...(claim.branch ? [["Branch", <Branch key="branch" claim={claim} />] as const] : []),
              ["Project", <ProjectMark key="project" name={project} />] as const,
            ]}
          >
            {claim.holder === me ? (
              <OwnActions claim={claim} />
            ) : (
              <ActionButton action={wait} subject={claim} context={context} withIcon={false} />
            )}
          </HolderCard>
        ) : !holdings?.complete ? (
          <ListSkeleton />
        ) : (
          <FreeCard label="Who holds it">
            <BlockableButton
              size="xs"
              leftSection={<IconLock size={15} />}
              reason={refusal}
              onClick={() => askToLock({ path, project })}
            >
              Lock it
            </BlockableButton>
          </FreeCard>
        )}
        <ThingHistory query={history} />
      </Stack>
    </ThingDrawer>
  );
}
