import { Autocomplete, Checkbox, MultiSelect, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { scopeLabel } from "../../../api/scope";
import type { Machine, Reservation, ReservationWish } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { hide, show } from "../../../overlays/overlays";
import { useMe } from "../../../session/session";
import { useGo } from "../../../ui/Link";
import { fromLocalInput, localInput } from "../../../ui/time";
import type { KnownWish } from "../dialogs";
import { commonTags } from "../filter";
import { lengthText, minutesIn } from "../../../ui/lengths";
import { machinesQuery } from "../queries";
import { reserve } from "../requests";
import { contentText, machineLook } from "../states";
import { Availability, NamesAvailability } from "./Availability";
import classes from "./Dialogs.module.css";
import { LengthPicker } from "../../../ui/LengthPicker";
import { PasswordDialog } from "./PasswordDialog";
import { SignInFields, signInProblem, signInWish, useSignIn } from "./SignInFields";

const NO_MACHINES: Machine[] = [];
const LENGTHS = [60, 240, 480, 1440, 10_080];
const LENGTH_KEY = "toolcrib-machines-length";
const TAGS_SHOWN = 12;

/** Which machines, for how long, what for, and how to sign in on them. */
export default function ReserveDialog({ names: known = [], tags: knownTags = "", wait: knownWait = false, startsAt, minutes: knownMinutes }: KnownWish) {
  const me = useMe();
  const go = useGo();
  const { data: machines = NO_MACHINES } = useQuery(machinesQuery);
  const [by, setBy] = useState<"any" | "name">(known.length ? "name" : "any");
  const [count, setCount] = useState("1");
  const [tags, setTags] = useState(knownTags);
  const [names, setNames] = useState<string[]>(known);
  const [length, setLength] = useState(knownMinutes ? lengthText(knownMinutes) : (localStorage.getItem(LENGTH_KEY) ?? lengthText(60)));
  const [later, setLater] = useState(startsAt !== undefined);
  const [start, setStart] = useState(localInput(startsAt ? new Date(startsAt) : nextHour()));
  const [purpose, setPurpose] = useState("");
  const [signIn, changeSignIn] = useSignIn(me.username);
  const [wait, setWait] = useState(knownWait);
  const [waitFor, setWaitFor] = useState("");
  const [atLeast, setAtLeast] = useState("");
  const [login, setLogin] = useState("");
  const [scope, setScope] = useState<string | null>(null);
  const made = useRef<Reservation | null>(null);

  const many = numberIn(count);
  const minutes = minutesIn(length);
  const begins = later ? fromLocalInput(start) : null;
  const least = atLeast.trim() ? numberIn(atLeast) : undefined;
  const patience = waitFor.trim() ? minutesIn(waitFor) : undefined;
  const scopes = useMemo(() => [...new Set(machines.map((machine) => machine.scope))], [machines]);
  const common = useMemo(() => commonTags(machines).slice(0, TAGS_SHOWN), [machines]);
  const asked = useMemo(() => (many && minutes ? { count: many, tags: tags.trim(), minutes } : null), [many, minutes, tags]);

  let blocked: string | null = null;
  if (by === "any" && many === null) blocked = "Say how many.";
  else if (by === "name" && names.length === 0) blocked = "Choose machines.";
  else if (minutes === null) blocked = "Say for how long.";
  else if (later && (begins === null || Date.parse(begins) <= Date.now())) blocked = "That time has passed.";
  else if (least === null || patience === null) blocked = "Look at the further options.";
  else blocked = signInProblem(signIn);

  const submit = async (): Promise<string | null> => {
    const wish: ReservationWish = {
      ...(by === "name" ? { names } : { count: many!, ...(tags.trim() ? { tags: tags.trim() } : {}) }),
      ...(least ? { at_least: least } : {}),
      ...(scope !== null ? { scope } : {}),
      ...(login.trim() ? { login: login.trim() } : {}),
      ...(purpose.trim() ? { purpose: purpose.trim() } : {}),
      ...(begins ? { starts_at: begins } : {}),
      ...(wait && !later ? { wait, ...(patience ? { wait_minutes: patience } : {}) } : {}),
      ...signInWish(me.username, signIn),
      minutes: minutes!,
    };
    const reservation = await reserve(wish);
    localStorage.setItem(LENGTH_KEY, length.trim());
    made.current = reservation;
    if (reservation.password) return null;
    if (reservation.queue) return reservation.queue.place === 1 ? "You are next in line" : `You are number ${reservation.queue.place} in line`;
    return reservation.state === "booked" ? `Booked ${contentText(reservation)}` : `You have ${contentText(reservation)}`;
  };

  const close = (): void => {
    const { current } = made;
    if (!current) return hide();
    if (current.password) show(<PasswordDialog reservation={current} />);
    else hide();
    go("/reservations");
  };

  return (
    <FormDialog
      title="Reserve machines"
      size="lg"
      submit={later ? "Book" : wait ? "Reserve, or wait in line" : "Reserve"}
      blocked={blocked}
      onClose={close}
      onSubmit={submit}
    >
      <div className={classes.field}>
        <SegmentedControl
          size="xs"
          value={by}
          aria-label="Which machines"
          data={[
            { value: "any", label: "Any that fit" },
            { value: "name", label: "By name" },
          ]}
          onChange={(value) => setBy(value as "any" | "name")}
        />
        {by === "any" ? (
          <>
            <div className={classes.countAndTags}>
              <TextInput
                label="How many"
                inputMode="numeric"
                data-autofocus
                required
                value={count}
                maxLength={5}
                onFocus={(event) => event.currentTarget.select()}
                onChange={(event) => setCount(event.currentTarget.value)}
              />
              <TextInput
                label="With the tags"
                placeholder="any"
                spellCheck={false}
                autoComplete="off"
                value={tags}
                maxLength={500}
                styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
                onChange={(event) => setTags(event.currentTarget.value)}
              />
            </div>
            {common.length > 0 && (
              <div className={classes.presets} role="group" aria-label="Tags to add">
                {common.map((tag) => (
                  <button key={tag} type="button" className={classes.tag} onClick={() => setTags(withTag(tags, tag))}>
                    {tag}
                  </button>
                ))}
                <span className={classes.quiet}>joined by &amp;&amp;, || and !</span>
              </div>
            )}
            {!later && <Availability asked={asked} />}
          </>
        ) : (
          <>
            <MultiSelect
              label="Machines"
              placeholder={names.length ? undefined : "Type a name"}
              data-autofocus={known.length ? undefined : true}
              searchable
              hidePickedOptions
              data={options(machines)}
              value={names}
              limit={100}
              maxDropdownHeight={230}
              nothingFoundMessage="No machine by that name"
              onChange={setNames}
              renderOption={({ option }) => (
                <span className={classes.option}>
                  <span className="mono">{option.value}</span>
                  <span className={classes.quiet}>{stateOf(machines, option.value)}</span>
                </span>
              )}
            />
            {!later && <NamesAvailability names={names} machines={machines} />}
          </>
        )}
      </div>
      <div className={classes.when}>
        <SegmentedControl
          size="xs"
          value={later ? "later" : "now"}
          aria-label="When"
          data={[
            { value: "now", label: "Now" },
            { value: "later", label: "Later" },
          ]}
          onChange={(value) => setLater(value === "later")}
        />
        {later && (
          <>
            <TextInput type="datetime-local" size="xs" aria-label="Begins" value={start} onChange={(event) => setStart(event.currentTarget.value)} />
            <span className={classes.quiet}>Nobody else gets them for that time. Then say within minutes that you use them.</span>
          </>
        )}
      </div>
      <LengthPicker
        label="For how long"
        value={length}
        presets={LENGTHS}
        {...(begins ? { from: Date.parse(begins) } : {})}
        onChange={setLength}
      />
      <TextInput
        label="What for"
        placeholder="Others see it beside your name"
        data-autofocus={known.length ? true : undefined}
        value={purpose}
        maxLength={2000}
        onChange={(event) => setPurpose(event.currentTarget.value)}
      />
      <SignInFields value={signIn} onChange={changeSignIn} />
      {!later && (
        <Checkbox
          label="Wait in line if they are not free"
          description="You get them in turn, as soon as there are enough. Requests of all sizes have their turn."
          checked={wait}
          onChange={(event) => setWait(event.currentTarget.checked)}
        />
      )}
      <details className={classes.more}>
        <summary>Further options</summary>
        <div className={classes.moreFields}>
          <TextInput
            label="Login on the machines"
            placeholder={me.username.toLowerCase()}
            spellCheck={false}
            autoComplete="off"
            value={login}
            maxLength={32}
            onChange={(event) => setLogin(event.currentTarget.value)}
          />
          <TextInput
            label="At least"
            description="Be content with fewer"
            inputMode="numeric"
            placeholder="all"
            value={atLeast}
            maxLength={5}
            error={least === null}
            onChange={(event) => setAtLeast(event.currentTarget.value)}
          />
          {wait && !later && (
            <Autocomplete
              label="Wait at most"
              placeholder="7 d"
              data={["30 min", "1 h", "4 h", "1 d", "3 d"]}
              value={waitFor}
              maxLength={40}
              error={patience === null}
              onChange={setWaitFor}
            />
          )}
          {scopes.length > 1 && by === "any" && (
            <Select
              label="Of"
              clearable
              placeholder="any project"
              data={scopes.map((value) => ({ value, label: scopeLabel(value) ?? "everybody’s machines" }))}
              value={scope}
              onChange={setScope}
            />
          )}
        </div>
      </details>
    </FormDialog>
  );
}

function nextHour(): Date {
  const at = new Date();
  at.setHours(at.getHours() + 1, 0, 0, 0);
  return at;
}

/** A whole number from 1 in a text; null where it is none. */
function numberIn(text: string): number | null {
  return /^\d{1,5}$/.test(text.trim()) && Number(text) >= 1 ? Number(text) : null;
}

/** Both must be there; a tag that is there already stays once. */
function withTag(text: string, tag: string): string {
  const before = text.trim();
  if (before === "") return tag;
  return before.split(/[^\w.:-]+/).includes(tag) ? before : `${before} && ${tag}`;
}

/** Those that can be had now first. */
function options(machines: readonly Machine[]): string[] {
  const names = (free: boolean): string[] => machines.filter(({ state }) => (state === "free") === free).map(({ name }) => name);
  return [...names(true), ...names(false)];
}

function stateOf(machines: readonly Machine[], name: string): string {
  const machine = machines.find((one) => one.name === name);
  if (!machine) return "";
  return machine.holder ? `${machine.holder} has it` : machineLook(machine.state).label.toLowerCase();
}
