import { Group, Stack, TextInput } from "@mantine/core";
import { IconBuilding, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { companiesQuery, queryClient } from "../../api/queries";
import type { Company } from "../../api/types";
import { useMe } from "../../session/session";
import { FormDialog } from "../../overlays/FormDialog";
import { BlockableButton } from "../../ui/BlockableButton";
import { Empty } from "../../ui/Empty";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import { GroupCard } from "./GroupCard";

export default function CompaniesPage() {
  const me = useMe();
  const { data, error, isPending, refetch } = useQuery(companiesQuery);
  const [creating, setCreating] = useState(false);
  const reason = me.is_admin ? null : "Only administrators create companies.";
  const create = (
    <BlockableButton
      size="xs"
      leftSection={<IconPlus size={15} />}
      reason={reason}
      onClick={() => setCreating(true)}
    >
      New company
    </BlockableButton>
  );
  return (
    <div className="page-scroll">
      <Group justify="space-between" mb="md">
        <h1 style={{ fontSize: "1.2rem", margin: 0 }}>Companies</h1>
        {create}
      </Group>
      <p style={{ color: "var(--mantine-color-dimmed)", marginTop: 0, maxWidth: 640 }}>
        A company's owners see all of its projects and decide who belongs to it.
      </p>
      {isPending && <ListSkeleton />}
      <Refusal error={error} onRetry={() => void refetch()} />
      <Stack gap="sm">
        {data?.map((company) => (
          <GroupCard
            key={company.id}
            of="companies"
            group={company}
            roles={["owner", "member"]}
            rules={me.is_admin || company.role === "owner"}
            mayDelete={me.is_admin}
          />
        ))}
      </Stack>
      {data?.length === 0 && (
        <div className="panel">
          <Empty Icon={IconBuilding} title="You belong to no company" action={me.is_admin ? create : undefined}>
            {me.is_admin
              ? "Companies gather people and projects. A team on one server can do without."
              : "An administrator can add you to one."}
          </Empty>
        </div>
      )}
      {creating && <NewCompany onClose={() => setCreating(false)} />}
    </div>
  );
}

function NewCompany({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  return (
    <FormDialog
      title="New company"
      submit="Create"
      blocked={name.trim() ? null : "Type a name."}
      onClose={onClose}
      onSubmit={async () => {
        await api<Company>("companies", { method: "POST", json: { name: name.trim() } });
        await queryClient.invalidateQueries({ queryKey: ["companies"] });
        return `Created ${name.trim()}`;
      }}
    >
      <TextInput
        label="Name"
        data-autofocus
        required
        value={name}
        maxLength={255}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
