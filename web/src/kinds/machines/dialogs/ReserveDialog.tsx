import { Autocomplete, Checkbox, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { scopeLabel } from "../../../api/scope";
import type { Machine, ReservationWish } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { hide, show } from "../../../overlays/overlays";
import { useMe } from "../../../session/session";
import { useGo } from "../../../ui/Link";
import { fromLocalInput, localInput } from "../../../ui/time";
import type { KnownWish } from "../dialogs";
import { lengthText, minutesIn } from "../../../ui/lengths";
import { machinesQuery } from "../queries";
import { reserve } from "../requests";
import { contentText } from "../states";
import { Availability } from "./Availability";
import classes from "./Dialogs.module.css";
import { LengthPicker } from "../../../ui/LengthPicker";
import { PasswordDialog } from "./PasswordDialog";
import { SignInFields, signInProblem, signInWish, useSignIn } from "./SignInFields";
import { timesProblem } from "./times";
import { numberIn, useWhich, WhichFields, whichProblem, whichWish } from "./WhichFields";

const NO_MACHINES: Machine[] = [];
const LENGTHS = [60, 240, 480, 1440, 10_080];
const LENGTH_KEY = "toolcrib-machines-length";

/** Which machines, for how long, what for, and how to sign in on them. */
export default function ReserveDialog({ names: known = [], tags: knownTags = "", wait: knownWait = false, startsAt, minutes: knownMinutes }: KnownWish) {
  const me = useMe();
  const go = useGo();
  const { data: machines = NO_MACHINES } = useQuery(machinesQuery);
  const [which, changeWhich] = useWhich({ names: known, tags: knownTags });
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
  const made = useRef(false);

  const many = numberIn(which.count);
  const tags = which.tags.trim();
  const minutes = minutesIn(length);
  const begins = later ? fromLocalInput(start) : null;
  const least = atLeast.trim() ? numberIn(atLeast) : undefined;
  const patience = waitFor.trim() ? minutesIn(waitFor) : undefined;
  const scopes = useMemo(() => [...new Set(machines.map((machine) => machine.scope))], [machines]);
  const asked = useMemo(() => (many && minutes ? { count: many, tags, minutes } : null), [many, minutes, tags]);

  let blocked = whichProblem(which) ?? timesProblem(minutes, later ? begins : undefined);
  if (blocked === null && (least === null || patience === null)) blocked = "Look at the further options.";
  blocked ??= signInProblem(signIn);

  const submit = async (): Promise<string | null> => {
    const wish: ReservationWish = {
      ...whichWish(which),
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
    if (reservation.password) {
      // It is shown this once, whatever has been opened meanwhile.
      show(<PasswordDialog reservation={reservation} />);
      go("/reservations");
      return null;
    }
    made.current = true;
    if (reservation.queue) return reservation.queue.place === 1 ? "You are next in line" : `You are number ${reservation.queue.place} in line`;
    return reservation.state === "booked" ? `Booked ${contentText(reservation)}` : `You have ${contentText(reservation)}`;
  };

  const close = (): void => {
    hide();
    if (made.current) go("/reservations");
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
      <WhichFields
        value={which}
        machines={machines}
        now={!later}
        autofocus={known.length === 0}
        availability={<Availability asked={asked} />}
        onChange={changeWhich}
      />
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
          {scopes.length > 1 && which.by === "any" && (
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
