import { Button, Group, NumberInput, Switch, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState, type FormEvent } from "react";
import { api } from "../../api/client";
import { configQuery, mailQuery, queryClient } from "../../api/queries";
import type { ConfigDetail } from "../../api/types";
import { Chip } from "../../ui/Chip";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import { say } from "../../ui/toast";
import classes from "./Admin.module.css";

const SOURCES: Record<ConfigDetail["source"], string> = {
  database: "set on this page",
  environment: "from the environment",
  "config.json": "from config.json",
  default: "built-in default",
};

type Values = Record<string, ConfigDetail["value"]>;

export default function ConfigPage() {
  const { data, error, isPending, refetch } = useQuery(configQuery);
  const [changed, setChanged] = useState<Values>({});
  const changes = useMemo(
    () =>
      Object.fromEntries(
        Object.entries(changed).filter(([name, value]) => data?.find((one) => one.name === name)?.value !== value),
      ),
    [changed, data],
  );
  const count = Object.keys(changes).length;
  const save = useMutation({
    mutationFn: () => api<{ message: string }>("admin/config", { method: "PUT", json: changes }),
    onSuccess: async ({ message }) => {
      await queryClient.invalidateQueries({ queryKey: configQuery.queryKey });
      void queryClient.invalidateQueries({ queryKey: mailQuery.queryKey });
      setChanged({});
      say(message);
    },
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (count) save.mutate();
  };
  return (
    <div className="page-scroll" style={{ maxWidth: 860 }}>
      <h1 className={classes.title}>Configuration</h1>
      <p className={classes.lead}>
        Changes act at once, without a restart, and outrank the environment. What cannot be changed here is set where the
        server is started.
      </p>
      <Refusal error={error} onRetry={() => void refetch()} />
      {isPending && <ListSkeleton />}
      {data && (
        <form className="panel" onSubmit={onSubmit}>
          {data.map((detail) => (
            <Setting
              key={detail.key}
              detail={detail}
              value={detail.name in changed ? changed[detail.name]! : detail.value}
              onChange={(value) => setChanged((now) => ({ ...now, [detail.name]: value }))}
            />
          ))}
          <div className={classes.saveBar}>
            <Refusal error={save.error} />
            <Group justify="flex-end" gap="xs">
              {count > 0 && (
                <>
                  <span className={classes.summary} role="status">
                    {count === 1 ? "One change" : `${count} changes`} not saved
                  </span>
                  <Button variant="default" onClick={() => setChanged({})}>
                    Undo
                  </Button>
                </>
              )}
              <Button type="submit" disabled={count === 0} loading={save.isPending}>
                Save
              </Button>
            </Group>
          </div>
        </form>
      )}
    </div>
  );
}

interface SettingProps {
  detail: ConfigDetail;
  value: ConfigDetail["value"];
  onChange: (value: ConfigDetail["value"]) => void;
}

function Setting({ detail, value, onChange }: SettingProps) {
  const label = detail.name.replaceAll("_", " ").replace(/\bjwt\b/, "sign-in").replace(/^./, (letter) => letter.toUpperCase());
  return (
    <div className={classes.setting}>
      <div>
        <div className={classes.settingName}>
          {label}
          <Chip title={`Where the value comes from: ${detail.source}`}>
            {detail.writable || detail.source !== "database" ? SOURCES[detail.source] : "kept by the server"}
          </Chip>
        </div>
        <p className={classes.settingText}>{detail.description}</p>
        <code className={`mono ${classes.settingKey}`}>{detail.key}</code>
      </div>
      {!detail.writable ? (
        <span className={classes.fixed} data-state={String(detail.value)}>{detail.value === null || detail.value === "" ? "not set" : String(detail.value)}</span>
      ) : detail.type === "bool" ? (
        <Switch
          aria-label={label}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      ) : detail.type === "int" ? (
        <NumberInput
          aria-label={label}
          w={130}
          allowDecimal={false}
          min={detail.minimum ?? undefined}
          max={detail.maximum ?? undefined}
          clampBehavior="none"
          value={value as number}
          onChange={(next) => onChange(typeof next === "number" ? next : 0)}
        />
      ) : (
        <TextInput
          aria-label={label}
          w={220}
          value={String(value ?? "")}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </div>
  );
}
