import { Group, NativeSelect } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { api } from "../../api/client";
import { queryClient } from "../../api/queries";
import type { Project } from "../../api/types";
import { complain, say } from "../../ui/toast";

type Settings = Pick<Project, "case_clashes" | "windows_names">;

const CHOICES: { name: keyof Settings; label: string; description: string }[] = [
  {
    name: "case_clashes",
    label: "Locks that differ only in case",
    description: "Locking hero.PSD while somebody holds Hero.psd",
  },
  {
    name: "windows_names",
    label: "Names that Windows cannot keep",
    description: "New documents and folders like CON, a:b, or Plan beside plan",
  },
];

/** What a project does about names that trouble some computers. */
export function ProjectSettings({ project, rules }: { project: Project; rules: boolean }) {
  const change = useMutation({
    mutationFn: (settings: Partial<Settings>) =>
      api<Project>(`projects/${encodeURIComponent(project.id)}`, { method: "PATCH", json: settings }),
    onSuccess: () => say(`Changed ${project.name}.`),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["projects"] }),
    onError: complain,
  });
  return (
    <Group gap="md" px="md" pb="sm" align="flex-end">
      {CHOICES.map(({ name, label, description }) => (
        <NativeSelect
          key={name}
          size="xs"
          label={label}
          description={description}
          data={[
            { value: "refuse", label: "Refuse" },
            { value: "warn", label: "Warn" },
            { value: "allow", label: "Allow" },
          ]}
          value={project[name]}
          disabled={!rules || change.isPending}
          title={rules ? undefined : "Only owners and admins of this project decide this."}
          onChange={(event) => change.mutate({ [name]: event.currentTarget.value as Settings[typeof name] })}
        />
      ))}
    </Group>
  );
}
