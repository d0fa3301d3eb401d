import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconArrowRight, IconCommand, IconSearch } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { claimsQuery } from "../claims/queries";
import { heldKinds, kindOf, shownName } from "../things/registry";
import { Dialog } from "../ui/Dialog";
import { useGo } from "../ui/Link";
import { PathText } from "../ui/PathText";
import { Person } from "../ui/Person";
import { Until } from "../ui/Time";
import { commandsFor, withFound, type Command, type FoundThing } from "./commands";
import { entriesFor } from "./menu";
import { showShortcuts } from "./showShortcuts";
import { hide } from "../overlays/overlays";
import classes from "./Palette.module.css";
import { signOut, useMe } from "../session/session";

/** Ctrl-K: find a holding, lock a path, go to a page, without leaving the keyboard. */
export default function Palette({ given = "" }: { given?: string | undefined }) {
  const me = useMe();
  const go = useGo();
  const id = useId();
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const { setColorScheme } = useMantineColorScheme();
  const { data } = useQuery(claimsQuery);
  const [text, setText] = useState(given);
  const [chosen, setChosen] = useState(0);
  const searched = useDeferredValue(text);
  const found = useFound(text);
  const list = useRef<HTMLDivElement>(null);

  const pages = useMemo(() => entriesFor(me.is_admin), [me.is_admin]);
  const groups = useMemo(
    () => withFound(commandsFor(searched, data?.claims ?? [], pages), found),
    [searched, found, data, pages],
  );
  const flat = groups.flatMap((group) => group.commands);
  const current = Math.min(chosen, flat.length - 1);

  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [current, groups]);

  const run = (command: Command): void => {
    hide();
    if (command.type === "page") go(command.to);
    else if (command.type === "found") go(command.found.to);
    else if (command.type === "claim") go(kindOf(command.claim.kind).link(command.claim));
    else if (command.type === "take") command.run();
    else if (command.what === "theme") setColorScheme(scheme === "dark" ? "light" : "dark");
    else if (command.what === "shortcuts") showShortcuts();
    else void signOut();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowDown: current + 1, ArrowUp: current - 1 };
    const step = steps[event.key];
    if (step !== undefined && flat.length) {
      event.preventDefault();
      setChosen((step + flat.length) % flat.length);
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      // Whoever types fast is ahead of the list: what they typed counts, not what it still shows.
      const typed = searched === text ? groups : commandsFor(text, data?.claims ?? [], pages);
      const commands = typed.flatMap((group) => group.commands);
      const command = commands[Math.min(chosen, commands.length - 1)];
      if (command) run(command);
    }
  };

  let index = -1;
  return (
    <Dialog
      onClose={hide}
      withCloseButton={false}
      centered={false}
      yOffset="10vh"
      size={620}
      padding={0}
      title="Command palette"
      classNames={{ header: "visually-hidden" }}
    >
      <div className={classes.search}>
        <IconSearch size={18} aria-hidden />
        <input
          data-autofocus
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={current >= 0 ? `${id}-${current}` : undefined}
          aria-label="Find a file, a person, a page, or a thing to do"
          placeholder="Find a file, a person, a page, or type a path to lock"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
        />
        <kbd className="key">Esc</kbd>
      </div>
      <div className={classes.list} id={`${id}-list`} role="listbox" aria-label="Results" ref={list} tabIndex={-1}>
        {groups.map((group) => (
          <div key={group.title} role="group" aria-label={group.title}>
            <div className={classes.title} aria-hidden="true">
              {group.title}
            </div>
            {group.commands.map((command) => {
              index += 1;
              const its = index;
              return (
                // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the keys are the input's
                <div
                  key={command.id}
                  id={`${id}-${its}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={its === current}
                  className={classes.option}
                  onMouseMove={() => setChosen(its)}
                  onClick={() => run(command)}
                >
                  <CommandView command={command} />
                </div>
              );
            })}
          </div>
        ))}
        {flat.length === 0 && (
          <p className={classes.nothing}>
            Nobody holds anything like “{text.trim()}”. Type a whole path to lock it.
          </p>
        )}
      </div>
    </Dialog>
  );
}

const SETTLE_MS = 150;
const SEARCHED_MIN = 2;

/** What the server finds by name among all things of a kind, held or not, once typing has paused. */
function useFound(text: string): FoundThing[] {
  const [settled] = useDebouncedValue(text.trim(), SETTLE_MS);
  const { data } = useQuery({
    queryKey: ["palette", settled],
    queryFn: async ({ signal }) => {
      const searched = heldKinds().flatMap((kind) => (kind.search ? [{ kind: kind.name, search: kind.search }] : []));
      const answers = await Promise.all(searched.map(({ search }) => search(settled, signal)));
      return answers.flatMap((some, index) => some.map((found) => ({ kind: searched[index]!.kind, found })));
    },
    enabled: settled.length >= SEARCHED_MIN && settled.split(/\s+/).length <= 8,
    staleTime: 10_000,
    placeholderData: (before) => before,
    retry: false,
  });
  return settled.length >= SEARCHED_MIN ? (data ?? NOTHING_FOUND) : NOTHING_FOUND;
}

const NOTHING_FOUND: FoundThing[] = [];

function CommandView({ command }: { command: Command }) {
  if (command.type === "claim") {
    const { claim } = command;
    const { Icon, monospaced } = kindOf(claim.kind);
    return (
      <>
        <Icon size={16} stroke={1.7} aria-hidden />
        <span className={classes.label}>{monospaced ? <PathText path={shownName(claim.kind, claim.label)} /> : shownName(claim.kind, claim.label)}</span>
        <span className={classes.holder}>
          <Person name={claim.holder} />
        </span>
        <span className={classes.until}>
          <Until at={claim.expires_at} />
        </span>
      </>
    );
  }
  if (command.type === "found") {
    const { Icon, monospaced } = kindOf(command.kind);
    return (
      <>
        <Icon size={16} stroke={1.7} aria-hidden />
        <span className={classes.label}>
          {monospaced ? <PathText path={command.found.label} /> : command.found.label}
        </span>
        <span className={classes.until}>{command.found.note}</span>
      </>
    );
  }
  const Icon = command.type === "page" ? IconArrowRight : command.type === "take" ? command.Icon : IconCommand;
  return (
    <>
      <Icon size={16} stroke={1.7} aria-hidden />
      <span className={classes.label}>{command.label}</span>
    </>
  );
}
