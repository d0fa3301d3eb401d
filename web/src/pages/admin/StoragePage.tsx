import { Button, Group, NativeSelect, NumberInput, Progress, Radio, Stack, TextInput } from "@mantine/core";
import { IconDatabase, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { allQuotasQuery, queryClient, quotasQuery } from "../../api/queries";
import type { Quota } from "../../api/types";
import { FormDialog } from "../../overlays/FormDialog";
import { Chip } from "../../ui/Chip";
import { Empty } from "../../ui/Empty";
import { ListState } from "../../ui/ListState";
import { familyOf, ownerOf, quotaText, shareOf, NEARLY_FULL, type Family } from "../../ui/quotas";
import { useNarrow } from "../../ui/useNarrow";
import { VirtualList } from "../../ui/VirtualList";
import classes from "./Admin.module.css";

const FAMILIES: Record<Family, { label: string; address: string }> = {
  user: { label: "Person", address: "users" },
  company: { label: "Company", address: "companies" },
  project: { label: "Project", address: "projects" },
};
const UNITS = { MB: 1e6, GB: 1e9, TB: 1e12 };
type Unit = keyof typeof UNITS;

/** What everybody stores, the largest first, and the quotas that an administrator gives. */
export default function StoragePage() {
  const narrow = useNarrow();
  const query = useInfiniteQuery(allQuotasQuery);
  const { data, fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const [editing, setEditing] = useState<Quota | "new" | null>(null);
  const quotas = data?.pages.flat() ?? [];
  return (
    <div className="page-fill">
      <div className="page-head">
        <h1>Storage</h1>
        <span className={classes.summary} role="status">
          {data && `${quotas.length.toLocaleString()}${hasNextPage ? "+" : ""} ${quotas.length === 1 ? "account" : "accounts"}`}
        </span>
        <span style={{ flex: 1 }} />
        <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setEditing("new")}>
          Set a quota
        </Button>
      </div>
      <div className={`panel ${classes.list}`}>
        <ListState query={query} />
        {data && quotas.length === 0 && (
          <Empty Icon={IconDatabase} title="Nothing is stored yet">
            People, companies and projects appear here with their first document or git LFS object.
          </Empty>
        )}
        {quotas.length > 0 && (
          <VirtualList
            label="Storage"
            items={quotas}
            heightOf={() => (narrow ? 74 : 52)}
            idOf={(quota) => quota.account}
            headHeight={narrow ? 0 : 36}
            head={narrow ? undefined : <Head />}
            render={(quota) => <Row quota={quota} onEdit={() => setEditing(quota)} />}
            onOpen={setEditing}
          />
        )}
        {hasNextPage && (
          <Group p="sm" justify="center">
            <Button variant="default" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Show more
            </Button>
          </Group>
        )}
      </div>
      {editing && <QuotaDialog quota={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
    </div>
  );
}

function Head() {
  return (
    <div role="row" aria-rowindex={1} className={classes.quotaGrid}>
      {["Whose", "Stored", "Quota from"].map((title) => (
        <span key={title} role="columnheader" className={classes.headCell}>
          {title}
        </span>
      ))}
      <span role="columnheader">
        <span className="visually-hidden">Actions</span>
      </span>
    </div>
  );
}

function Row({ quota, onEdit }: { quota: Quota; onEdit: () => void }) {
  const share = shareOf(quota);
  return (
    <div role="presentation" className={classes.quotaGrid}>
      <span role="cell" className={classes.quotaOwner}>
        <Chip>{FAMILIES[familyOf(quota)].label.toLowerCase()}</Chip>
        <span>{ownerOf(quota)}</span>
      </span>
      <span role="cell" className={classes.quotaUsed}>
        {quotaText(quota)}
        {quota.allowed_bytes !== null && (
          <Progress
            size="sm"
            value={share}
            color={share >= NEARLY_FULL ? "red" : undefined}
            aria-label={`${ownerOf(quota)}: ${quotaText(quota)}`}
          />
        )}
      </span>
      <span role="cell" className={classes.wideOnly}>
        {quota.is_set ? "an administrator" : "the settings"}
      </span>
      <span role="cell" className={classes.userActions}>
        <Button size="compact-xs" variant="default" onClick={onEdit} aria-label={`Change the quota of ${ownerOf(quota)}`}>
          Change
        </Button>
      </span>
    </div>
  );
}

type Choice = "size" | "unlimited" | "settings";

function QuotaDialog({ quota, onClose }: { quota: Quota | null; onClose: () => void }) {
  const [family, setFamily] = useState<Family>(quota ? familyOf(quota) : "user");
  const [owner, setOwner] = useState("");
  const [choice, setChoice] = useState<Choice>(!quota || quota.allowed_bytes !== null ? "size" : "unlimited");
  const [unit, setUnit] = useState<Unit>(unitOf(quota?.allowed_bytes ?? UNITS.GB));
  const [amount, setAmount] = useState<number | string>(quota?.allowed_bytes == null ? "" : quota.allowed_bytes / UNITS[unit]);
  // An account whose owner is gone is named as the list names it.
  const named = quota ? (quota.name === null ? quota.account : quota.account.slice(family.length + 1)) : owner.trim();
  const missing = !named ? "Say whose quota." : choice === "size" && typeof amount !== "number" ? "Say how much." : null;
  return (
    <FormDialog
      title={quota ? `Quota of ${ownerOf(quota)}` : "Set a quota"}
      submit="Save"
      blocked={missing}
      onClose={onClose}
      onSubmit={async () => {
        const address = `admin/quotas/${FAMILIES[family].address}/${encodeURIComponent(named)}`;
        const done =
          choice === "settings"
            ? await api<Quota>(address, { method: "DELETE" })
            : await api<Quota>(address, {
                method: "PUT",
                json: { allowed_bytes: choice === "unlimited" ? null : Math.round(Number(amount) * UNITS[unit]) },
              });
        await queryClient.invalidateQueries({ queryKey: quotasQuery.queryKey });
        return `${ownerOf(done)}: ${quotaText(done)}`;
      }}
    >
      {!quota && (
        <Group align="flex-end" gap="xs" wrap="nowrap">
          <NativeSelect
            label="Kind of owner"
            data={Object.entries(FAMILIES).map(([value, { label }]) => ({ value, label }))}
            value={family}
            onChange={(event) => setFamily(event.currentTarget.value as Family)}
          />
          <TextInput
            label="Name or id"
            data-autofocus
            style={{ flex: 1 }}
            autoComplete="off"
            maxLength={255}
            value={owner}
            onChange={(event) => setOwner(event.currentTarget.value)}
          />
        </Group>
      )}
      <Radio.Group label="May store" value={choice} onChange={(value) => setChoice(value as Choice)}>
        <Stack gap={8} mt={6}>
          <Radio value="size" label="At most" data-autofocus={quota ? true : undefined} />
          {choice === "size" && (
            <Group gap="xs" pl={30}>
              <NumberInput
                aria-label="How much"
                min={0}
                max={9e15 / UNITS[unit]}
                decimalScale={3}
                value={amount}
                onChange={setAmount}
              />
              <NativeSelect
                aria-label="Unit"
                data={Object.keys(UNITS)}
                value={unit}
                onChange={(event) => setUnit(event.currentTarget.value as Unit)}
              />
            </Group>
          )}
          <Radio value="unlimited" label="Any amount" />
          {quota && <Radio value="settings" label="What the server's settings say" />}
        </Stack>
      </Radio.Group>
      <p style={{ margin: 0, fontSize: 13, color: "var(--mantine-color-dimmed)" }}>
        Who stores more than that already keeps it, and stores nothing new until enough is removed.
      </p>
    </FormDialog>
  );
}

/** The largest unit that leaves a number of one or more. */
function unitOf(bytes: number): Unit {
  return bytes >= UNITS.TB ? "TB" : bytes >= UNITS.GB ? "GB" : "MB";
}
