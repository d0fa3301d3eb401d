import { Button, Group, Select, Stack, TextInput } from "@mantine/core";
import { IconPlus, IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { companiesQuery, projectsQuery, queryClient } from "../../api/queries";
import type { Project } from "../../api/types";
import { useMe } from "../../session/session";
import { FormDialog } from "../../overlays/FormDialog";
import { Empty } from "../../ui/Empty";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import { GroupCard } from "./GroupCard";
import { ProjectSettings } from "./ProjectSettings";

export default function ProjectsPage() {
  const me = useMe();
  const { data, error, isPending, refetch } = useQuery(projectsQuery);
  const { data: companies = [] } = useQuery(companiesQuery);
  const [creating, setCreating] = useState(false);
  return (
    <div className="page-scroll">
      <Group justify="space-between" mb="md">
        <h1 style={{ fontSize: "1.2rem", margin: 0 }}>Projects</h1>
        <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
          New project
        </Button>
      </Group>
      <p style={{ color: "var(--mantine-color-dimmed)", marginTop: 0, maxWidth: 640 }}>
        A project's members may hold its files; viewers may only look. Owners and admins may also end other people's
        locks.
      </p>
      {isPending && <ListSkeleton />}
      <Refusal error={error} onRetry={() => void refetch()} />
      <Stack gap="sm">
        {data?.map((project) => (
          <GroupCard
            key={project.id}
            of="projects"
            group={project}
            note={companies.find((company) => company.id === project.company_id)?.name}
            roles={["owner", "admin", "member", "viewer"]}
            rules={me.is_admin || project.role === "owner" || project.role === "admin"}
            mayDelete={me.is_admin || project.role === "owner"}
          >
            <ProjectSettings
              project={project}
              rules={me.is_admin || project.role === "owner" || project.role === "admin"}
            />
          </GroupCard>
        ))}
      </Stack>
      {data?.length === 0 && (
        <div className="panel">
          <Empty
            Icon={IconStack2}
            title="You are in no project"
            action={<Button onClick={() => setCreating(true)}>New project</Button>}
          >
            Without one, locks go to the default project, which everyone shares.
          </Empty>
        </div>
      )}
      {creating && <NewProject onClose={() => setCreating(false)} />}
    </div>
  );
}

function NewProject({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const { data: companies = [] } = useQuery(companiesQuery);
  const [name, setName] = useState("");
  const [company, setCompany] = useState<string | null>(null);
  return (
    <FormDialog
      title="New project"
      submit="Create"
      blocked={name.trim() ? null : "Type a name."}
      onClose={onClose}
      onSubmit={async () => {
        await api<Project>("projects", {
          method: "POST",
          json: { name: name.trim(), ...(company ? { company_id: company } : {}) },
        });
        await queryClient.invalidateQueries({ queryKey: ["projects"] });
        return `Created ${name.trim()}. ${me.username} owns it.`;
      }}
    >
      <TextInput
        label="Name"
        description="As it appears in the git LFS address, e.g. harbour"
        data-autofocus
        required
        value={name}
        maxLength={255}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {companies.length > 0 && (
        <Select
          label="Company"
          placeholder="None"
          clearable
          data={companies.map((one) => ({ value: one.id, label: one.name }))}
          value={company}
          onChange={setCompany}
        />
      )}
    </FormDialog>
  );
}
