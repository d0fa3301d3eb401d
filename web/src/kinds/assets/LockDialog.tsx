import { Autocomplete, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { projectsQuery } from "../../api/queries";
import { claimsQuery } from "../../claims/queries";
import { useMe } from "../../session/session";
import { Refusal } from "../../ui/Refusal";
import { fromLocalInput } from "../../ui/time";
import { Problem } from "../../api/problem";
import { DEFAULT_PROJECT, scopeOfProject } from "../../api/scope";
import { normalisePath } from "./paths";
import { lock } from "./requests";
import { FormDialog } from "../../overlays/FormDialog";
import { EndPicker, endProblem } from "../../claims/dialogs/EndPicker";

const BRANCH_KEY = "toolcrib-branch";

/** Lock a path by hand: what the command line does from inside a working copy. */
export default function LockDialog({ path: given = "", project: givenProject }: { path?: string; project?: string }) {
  const me = useMe();
  const { data: projects = [] } = useQuery(projectsQuery);
  const { data: held } = useQuery(claimsQuery);
  const [path, setPath] = useState(given);
  const [project, setProject] = useState(givenProject ?? DEFAULT_PROJECT);
  const [branch, setBranch] = useState(localStorage.getItem(BRANCH_KEY) ?? "main");
  const [comment, setComment] = useState("");
  const [end, setEnd] = useState("");

  const key = normalisePath(path);
  const scope = scopeOfProject(project);
  const taken = useMemo(
    () => held?.claims.find((claim) => claim.kind === "asset" && claim.scope === scope && claim.key === key),
    [held, scope, key],
  );
  const role = projects.find((one) => one.name === project)?.role;

  let blocked: string | null = null;
  if (!key) blocked = "Type a path.";
  else if (!branch.trim()) blocked = "Type a branch.";
  else if (role === "viewer") blocked = `You are a viewer of ${project}: viewers may look, not lock.`;
  else if (taken) blocked = taken.holder === me.username ? "You hold it already." : `${taken.holder} holds it.`;
  else blocked = endProblem(end);

  return (
    <FormDialog
      title="Lock a path"
      submit="Lock"
      blocked={blocked}
      onSubmit={async () => {
        localStorage.setItem(BRANCH_KEY, branch.trim());
        await lock({
          path: key,
          project: project.trim() || DEFAULT_PROJECT,
          branch: branch.trim(),
          comment: comment.trim(),
          expiresAt: fromLocalInput(end),
        });
        return `You hold ${key}`;
      }}
    >
      <TextInput
        label="Path"
        description="From the top of the repository, with forward slashes."
        placeholder="Content/Maps/Harbour.umap"
        data-autofocus
        required
        value={path}
        maxLength={1024}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
        onChange={(event) => setPath(event.currentTarget.value)}
      />
      {taken && taken.holder !== me.username && (
        <Refusal
          error={
            new Problem(409, "already_locked", "", {
              holder: taken.holder,
              since: taken.acquired_at,
              until: taken.expires_at,
              comment: taken.comment,
              queue: taken.queue,
              kind: taken.kind,
              scope: taken.scope,
              key: taken.key,
            })
          }
        />
      )}
      <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 12 }}>
        <Autocomplete
          label="Project"
          value={project}
          data={[...new Set([DEFAULT_PROJECT, ...projects.map((one) => one.name)])]}
          onChange={setProject}
        />
        <TextInput
          label="Branch"
          required
          value={branch}
          maxLength={255}
          onChange={(event) => setBranch(event.currentTarget.value)}
        />
      </div>
      <TextInput
        label="Comment"
        placeholder="What you are doing with it"
        value={comment}
        maxLength={2000}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <EndPicker label="Hold it until" value={end} onChange={setEnd} />
    </FormDialog>
  );
}
