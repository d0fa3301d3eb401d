import { expect, test } from "vitest";
import { commandsFor } from "../src/app/commands";
import { actionsOn } from "../src/claims/actions";
import { noticeOf } from "../src/live/notices";
import type { Kind } from "../src/things/kind";
import { kindOf, registerKinds } from "../src/things/registry";
import { aClaim, anEvent } from "./make";

const asked: (string | undefined)[] = [];
const room: Kind = {
  name: "room",
  label: "Room",
  plural: "Rooms",
  Icon: () => null,
  nav: [],
  pages: [],
  sentences: {},
  nameOf: (key) => key,
  monospaced: false,
  link: ({ key }) => `/rooms?room=${key}`,
  actions: [
    { name: "unlock-door", label: "Unlock the door", Icon: () => null, refusal: () => null, run: () => undefined },
  ],
  take: {
    label: "Take a room",
    itLabel: "Take it",
    Icon: () => null,
    labelFor: (name) => `Take room ${name}`,
    nameIn: (text) => /^room (\w+)$/.exec(text)?.[1] ?? null,
    ask: (name) => void asked.push(name),
  },
  notice: (event) => (event.verb === "left_open" ? { title: "The door is open", message: event.key } : null),
};
registerKinds([room]);

test("a kind adds its own actions to those of all claims", () => {
  const names = actionsOn(aClaim({ kind: "room" })).map((action) => action.name);
  expect(names).toContain("release");
  expect(names.at(-1)).toBe("unlock-door");
  expect(actionsOn(aClaim()).map((action) => action.name)).not.toContain("unlock-door");
});

test("a kind's things can be taken from the palette by their names", () => {
  const command = commandsFor("room 12", [], [])[0]?.commands[0];
  expect(command).toMatchObject({ label: "Take room 12" });
  if (command?.type === "take") command.run();
  expect(asked).toEqual(["12"]);
});

test("a room that is held is not offered to be taken", () => {
  const held = aClaim({ kind: "room", key: "12", label: "room 12" });
  const offered = commandsFor("room 12", [held], []).flatMap((group) => group.commands.map((each) => each.id));
  expect(offered).not.toContain("take-typed:room");
});

test("a kind tells of what only it knows", () => {
  const me = { username: "me", uuid: "" };
  expect(noticeOf(anEvent("left_open", { kind: "room", key: "12" }), me)?.title).toBe("The door is open");
  expect(noticeOf(anEvent("left_open"), me)).toBeNull();
});

test("claims of a kind the page has never heard of can be read and acted on", () => {
  const kind = kindOf("meeting_room");
  expect([kind.label, kind.plural]).toEqual(["Meeting room", "Meeting rooms"]);
  expect(kind.link({ kind: "meeting_room", scope: "", key: "12" })).toBe("/?kind=meeting_room&scope=&key=12");
  const claim = aClaim({ kind: "meeting_room", holder: "me", key: "12" });
  const possible = actionsOn(claim).filter((action) => action.refusal(claim, { me: "me", go: () => undefined }) === null);
  expect(possible.map((action) => action.name)).toEqual(["extend", "hand-over", "release"]);
});
