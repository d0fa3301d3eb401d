import { Autocomplete, Checkbox, PasswordInput, Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { projectsQuery } from "../../../api/queries";
import { scopeOfProject } from "../../../api/scope";
import type { Machine } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { commonTags } from "../filter";
import { machinesQuery } from "../queries";
import { addMachine, changeMachine, type HomePolicy, type MachineFields } from "../requests";
import classes from "./Dialogs.module.css";

const NO_MACHINES: Machine[] = [];
const HOMES: { value: HomePolicy; label: string }[] = [
  { value: "wipe", label: "Wiped" },
  { value: "archive", label: "Archived on the machine" },
];

/** Register a machine, or change what is known of one. */
export function MachineDialog({ machine }: { machine?: Machine }) {
  const { data: machines = NO_MACHINES } = useQuery(machinesQuery);
  const { data: projects = [] } = useQuery(projectsQuery);
  const [name, setName] = useState(machine?.name ?? "");
  const [host, setHost] = useState(machine?.host ?? "");
  const [port, setPort] = useState(String(machine?.port ?? 22));
  const [user, setUser] = useState(machine?.user ?? "root");
  const [password, setPassword] = useState("");
  const [key, setKey] = useState("");
  const [sudo, setSudo] = useState(machine?.sudo ?? false);
  const [jump, setJump] = useState(machine?.jump ?? "");
  const [scope, setScope] = useState<string | null>(machine?.scope ?? "");
  const [reset, setReset] = useState(machine?.reset ?? "");
  const [homes, setHomes] = useState<HomePolicy | null>(machine?.homes ?? null);
  const [tags, setTags] = useState(machine?.own_tags ?? []);

  const known = useMemo(() => commonTags(machines), [machines]);
  const jumps = useMemo(() => machines.filter((one) => one.name !== machine?.name && one.jump === null).map((one) => one.name), [machines, machine]);
  const scopes = [
    { value: "", label: "Everybody" },
    ...projects.map((project) => ({ value: scopeOfProject(project.name), label: `Project ${project.name}` })),
  ];
  if (scope && !scopes.some(({ value }) => value === scope)) scopes.push({ value: scope, label: scope });

  let blocked: string | null = null;
  if (!name.trim()) blocked = "Type a name.";
  else if (!host.trim()) blocked = "Type where it is.";
  else if (!/^\d{1,5}$/.test(port.trim())) blocked = "The port is a number.";
  else if (!user.trim()) blocked = "Say who manages it.";
  else if (!machine && !password && !key.trim()) blocked = "Give its password or a private key.";

  const submit = async (): Promise<string> => {
    const fields: MachineFields = {
      host: host.trim(),
      port: Number(port),
      user: user.trim(),
      ...(password ? { password } : {}),
      ...(key.trim() ? { private_key: `${key.trim()}\n` } : {}),
      sudo,
      jump: jump.trim() || null,
      reset: reset.trim() || null,
      homes,
      scope: scope ?? "",
      tags,
    };
    if (machine) await changeMachine(machine.name, changesOf(machine, fields));
    else await addMachine(name.trim(), fields);
    return machine ? `Changed ${machine.name}` : `${name.trim()} is in the pool`;
  };

  return (
    <FormDialog title={machine ? `Edit ${machine.name}` : "Register a machine"} submit={machine ? "Save" : "Register"} size="lg" blocked={blocked} onSubmit={submit}>
      {!machine && (
        <TextInput label="Name" data-autofocus required autoComplete="off" spellCheck={false} value={name} maxLength={255} onChange={(event) => setName(event.currentTarget.value)} />
      )}
      <div className={classes.hostAndPort}>
        <TextInput label="Host" required autoComplete="off" spellCheck={false} placeholder="10.0.0.7 or a DNS name" value={host} maxLength={255} onChange={(event) => setHost(event.currentTarget.value)} />
        <TextInput label="Port" required inputMode="numeric" value={port} maxLength={5} onChange={(event) => setPort(event.currentTarget.value)} />
      </div>
      <TextInput label="Managed as" description="root, or a login that may become root with sudo." required autoComplete="off" spellCheck={false} value={user} maxLength={64} onChange={(event) => setUser(event.currentTarget.value)} />
      <Checkbox label="Become root with sudo" checked={sudo} onChange={(event) => setSudo(event.currentTarget.checked)} />
      <PasswordInput
        label="Its password"
        {...(machine?.has_password ? { description: "One is kept. Type another to replace it." } : {})}
        autoComplete="new-password"
        value={password}
        maxLength={1000}
        visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Textarea
        label="Its private key"
        description={machine?.has_key ? "One is kept. Paste another to replace it." : "For hosts that take no password. Kept sealed."}
        placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
        spellCheck={false}
        autoComplete="off"
        value={key}
        maxLength={20_000}
        autosize
        minRows={2}
        maxRows={5}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 } }}
        onChange={(event) => setKey(event.currentTarget.value)}
      />
      <TagsInput label="Tags" placeholder={tags.length ? undefined : "gpu, a100"} data={known} value={tags} maxTags={64} splitChars={[",", " "]} maxDropdownHeight={230} onChange={setTags} />
      <Select label="Who may reserve it" data={scopes} value={scope} allowDeselect={false} onChange={setScope} />
      <TextInput
        label="Reset between holders"
        description="The name of a program of MACHINES_RESETS, or none. Without one, the default of the server."
        placeholder="as the server has it"
        autoComplete="off"
        spellCheck={false}
        value={reset}
        maxLength={32}
        onChange={(event) => setReset(event.currentTarget.value)}
      />
      <Select
        label="Homes of those who had it"
        clearable
        placeholder="as the server has it"
        data={HOMES}
        value={homes}
        onChange={(value) => setHomes(value as HomePolicy | null)}
      />
      <Autocomplete label="Reached through" placeholder="directly" description="Another machine of the pool, as jump host." data={jumps} value={jump} maxLength={255} onChange={setJump} />
    </FormDialog>
  );
}

/** Only what is another value now: the scope and the address cannot be sent for a machine that somebody has. */
function changesOf(machine: Machine, fields: MachineFields): MachineFields {
  const before: MachineFields = { ...machine, tags: machine.own_tags };
  const entries = Object.entries(fields) as [keyof MachineFields, unknown][];
  return Object.fromEntries(entries.filter(([field, value]) => JSON.stringify(before[field]) !== JSON.stringify(value)));
}
