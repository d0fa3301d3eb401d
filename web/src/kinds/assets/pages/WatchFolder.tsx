import { Button } from "@mantine/core";
import { IconBell, IconBellOff } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { watchesQuery } from "../../../api/queries";
import { scopeOfProject } from "../../../api/scope";
import { endWatch, startWatch } from "../../../api/watches";

/** Start or end watching the folder that is shown. */
export function WatchFolder({ project, folder }: { project: string; folder: string }) {
  const { data: watches } = useQuery(watchesQuery);
  const scope = scopeOfProject(project);
  const watch = watches?.find((one) => one.kind === "asset" && one.scope === scope && one.path === folder);
  const change = useMutation({
    mutationFn: async () => {
      if (watch) await endWatch(watch.id);
      else await startWatch("asset", scope, folder);
    },
  });
  const what = folder || project;
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={watch ? <IconBellOff size={15} /> : <IconBell size={15} />}
      title={watch ? `No more mail about locks in ${what}` : `Be mailed when somebody locks in ${what}`}
      loading={change.isPending}
      disabled={!watches}
      onClick={() => change.mutate()}
    >
      {watch ? "Unwatch" : "Watch"}
    </Button>
  );
}
