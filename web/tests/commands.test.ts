import { expect, test } from "vitest";
import { commandsFor } from "../src/app/commands";
import { aClaim } from "./make";

const pages = [
  { to: "/", label: "Board" },
  { to: "/assets", label: "Assets" },
];

function offered(text: string, claims = [] as ReturnType<typeof aClaim>[]): string[] {
  return commandsFor(text, claims, pages).flatMap((group) => group.commands.map((command) => command.id));
}

test("with nothing typed: pages and things to do", () => {
  expect(offered("")).toEqual(["page:/", "page:/assets", "take:asset", "take:machine", "take:desktop", "theme", "shortcuts", "sign-out"]);
});

test("a file's name finds its holding before files in a folder of that name", () => {
  const inFolder = aClaim({ key: "Hero/Texture.uasset" });
  const named = aClaim({ key: "Content/Hero.uasset" });
  expect(offered("hero", [inFolder, named]).slice(0, 2)).toEqual([`claim:${named.id}`, `claim:${inFolder.id}`]);
});

test("a whole path that nobody holds can be locked at once", () => {
  const [group] = commandsFor("Content\\Maps//L1.umap", [], pages);
  expect(group?.commands[0]).toMatchObject({ type: "take", label: "Lock Content/Maps/L1.umap" });
});

test("a path that is held is not offered for locking", () => {
  const claim = aClaim({ key: "Content/Hero.uasset" });
  expect(offered("Content/Hero.uasset", [claim])).toEqual([`claim:${claim.id}`]);
});

test("pages are found by what they are called", () => {
  expect(offered("go ass")).toEqual(["page:/assets"]);
  expect(offered("lock a")).toContain("take:asset");
});
