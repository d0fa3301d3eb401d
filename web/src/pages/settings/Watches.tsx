import { Button, TextInput } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { DEFAULT_PROJECT, projectOf, scopeOfProject } from "../../api/scope";
import { watchesQuery } from "../../api/queries";
import { endWatch, startWatch } from "../../api/watches";
import { Empty } from "../../ui/Empty";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import { RowsTable } from "./RowsTable";
import classes from "./Settings.module.css";

const COLUMNS = [{ name: "Project" }, { name: "Path" }];

/** What one is mailed about: that somebody locked below a path. */
export function Watches() {
  const { data: watches, error, isPending } = useQuery(watchesQuery);
  const [project, setProject] = useState(DEFAULT_PROJECT);
  const [path, setPath] = useState("");
  const start = useMutation({
    mutationFn: () => startWatch("asset", scopeOfProject(project.trim()), path.trim()),
    onSuccess: () => setPath(""),
  });
  const end = useMutation({ mutationFn: endWatch });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (project.trim()) start.mutate();
  };
  return (
    <>
      <h2 className={classes.heading}>Watches</h2>
      <p className={classes.lead}>
        You are mailed when somebody locks a file that you watch: one file, all files of a folder, or a whole project. What
        concerns you yourself is mailed without a watch: a hand-over, your turn in line, an approval.
      </p>
      <form onSubmit={onSubmit} style={{ display: "flex", gap: 10, flexWrap: "wrap", alignItems: "flex-end" }}>
        <TextInput
          label="Project"
          value={project}
          maxLength={200}
          onChange={(event) => setProject(event.currentTarget.value)}
        />
        <TextInput
          label="Path"
          placeholder="a file or a folder; empty for the whole project"
          value={path}
          maxLength={1024}
          style={{ flex: "1 1 240px" }}
          onChange={(event) => setPath(event.currentTarget.value)}
        />
        <Button type="submit" loading={start.isPending} disabled={!project.trim()}>
          Watch
        </Button>
      </form>
      <Refusal error={start.error ?? end.error ?? error} />
      {isPending && <ListSkeleton />}
      {watches?.length === 0 && <Empty Icon={IconBell} title="You watch nothing" />}
      {watches && watches.length > 0 && (
        <RowsTable columns={COLUMNS}>
          {watches.map((watch) => (
            <tr key={watch.id}>
              <td>{projectOf(watch.scope) ?? watch.scope}</td>
              <td style={{ overflowWrap: "anywhere" }}>{watch.path || "everything"}</td>
              <td>
                <Button
                  variant="subtle"
                  size="compact-sm"
                  aria-label={`End the watch of ${watch.path || "everything"}`}
                  onClick={() => end.mutate(watch.id)}
                >
                  End
                </Button>
              </td>
            </tr>
          ))}
        </RowsTable>
      )}
    </>
  );
}
