import { Alert, Autocomplete, Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { projectsQuery } from "../../api/queries";
import type { Claim, Project } from "../../api/types";
import { claimsQuery } from "../../claims/queries";
import { useMe } from "../../session/session";
import { Refusal } from "../../ui/Refusal";
import { fromLocalInput } from "../../ui/time";
import { Problem } from "../../api/problem";
import { projectOf, scopeOfProject } from "../../api/scope";
import { useRegistered } from "../../claims/projects";
import { normalisePath } from "./paths";
import { heldElsewhere, holdRefusal, likelyProject, projectNames, rememberProject } from "./projects";
import { lock } from "./requests";
import { FormDialog } from "../../overlays/FormDialog";
import classes from "./LockDialog.module.css";
import { EndPicker, endProblem } from "../../claims/dialogs/EndPicker";

const NO_PROJECTS: Project[] = [];
const NO_CLAIMS: Claim[] = [];
const BRANCH_KEY = "toolcrib-branch";

/** Lock a path by hand: what the command line does from inside a working copy. */
export default function LockDialog({ path: given = "", project: givenProject }: { path?: string; project?: string }) {
  const me = useMe();
  const { data: projects = NO_PROJECTS } = useQuery(projectsQuery);
  const { data: held } = useQuery(claimsQuery);
  const [path, setPath] = useState(given);
  const claims = held?.claims ?? NO_CLAIMS;
  const isRegistered = useRegistered();
  // Until it is chosen it follows what is read meanwhile.
  const [chosen, setProject] = useState(givenProject ?? null);
  const likely = useMemo(() => likelyProject({ me: me.username, projects, claims }), [me.username, projects, claims]);
  const project = chosen ?? likely;
  const names = useMemo(() => projectNames({ projects, claims }), [projects, claims]);
  const [branch, setBranch] = useState(localStorage.getItem(BRANCH_KEY) ?? "main");
  const [comment, setComment] = useState("");
  const [end, setEnd] = useState("");

  const key = normalisePath(path);
  const scope = scopeOfProject(project.trim());
  const taken = useMemo(
    () => claims.find((claim) => claim.kind === "asset" && claim.scope === scope && claim.key === key),
    [claims, scope, key],
  );
  const elsewhere = useMemo(() => heldElsewhere(claims, scope, key), [claims, scope, key]);
  const refusal = holdRefusal(project.trim(), projects);

  let blocked: string | null = null;
  if (!key) blocked = "Type a path.";
  else if (!project.trim()) blocked = "Choose a project.";
  else if (!branch.trim()) blocked = "Type a branch.";
  else if (refusal) blocked = refusal;
  else if (taken) blocked = taken.holder === me.username ? "You hold it already." : `${taken.holder} holds it.`;
  else blocked = endProblem(end);

  return (
    <FormDialog
      title="Lock a path"
      submit="Lock"
      blocked={blocked}
      onSubmit={async () => {
        localStorage.setItem(BRANCH_KEY, branch.trim());
        rememberProject(me.username, project.trim());
        await lock({
          path: key,
          project: project.trim(),
          branch: branch.trim(),
          comment: comment.trim(),
          expiresAt: fromLocalInput(end),
        });
        return `You hold ${key} in ${project.trim()}`;
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
      {!taken && elsewhere.length > 0 && (
        <Alert color="yellow.9" role="status" title="The same path is held in another project">
          {elsewhere.slice(0, 3).map((claim) => (
            <div key={claim.id} className={classes.elsewhere}>
              <span>
                {claim.holder === me.username ? "You hold" : `${claim.holder} holds`} {claim.key === key ? "it" : claim.key}{" "}
                in <strong>{projectOf(claim.scope)}</strong>.
              </span>
              <Button size="compact-xs" variant="default" onClick={() => setProject(projectOf(claim.scope) ?? "")}>
                Use {projectOf(claim.scope)}
              </Button>
            </div>
          ))}
        </Alert>
      )}
      <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 12 }}>
        <Autocomplete
          label="Project"
          required
          value={project}
          data={names}
          maxLength={255}
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
      {project.trim() && isRegistered(project.trim()) === false && (
        <p className={classes.unregistered}>
          {project.trim()} is no registered project of yours: everybody signed in shares such a name.
        </p>
      )}
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
