import { describe, expect, test, vi } from "vitest";
import { problemOf } from "../src/api/problem";
import type { DocumentFile, DocumentFolder, DocumentVersion } from "../src/api/types";
import { commandsFor, withFound } from "../src/app/commands";
import { decode, previewKind } from "../src/kinds/documents/downloads";
import { fileLink, nameProblem, onOneWay, parentOf, parseAddress, pathProblem } from "../src/kinds/documents/places";
import { locksByFile, parseSort, rowsOf } from "../src/kinds/documents/rows";
import { standing } from "../src/kinds/documents/status";
import { document } from "../src/kinds/documents/kind";
import { sentenceText } from "../src/things/sentences";
import { ReadAgain } from "../src/live/again";
import { auditWords, programOf } from "../src/kinds/documents/pages/Audit";
import { sizeText } from "../src/ui/bytes";
import { splitName, visible } from "../src/ui/names";
import { aClaim, anEvent } from "./make";

const OWNER = "0b9f1c3e-0000-4000-8000-000000000001";
const FILE = "6f1d2c3b-0000-4000-8000-00000000000a";

function aFile(name: string, fields: Partial<DocumentFile> = {}): DocumentFile {
  return { id: name, name, logical_path: name, size: 1, version: 1, updated_at: "2026-01-01T00:00:00+00:00", owner_name: "ann", ...fields } as DocumentFile;
}

function aFolder(files: DocumentFile[], folders: string[] = []): DocumentFolder {
  const listed = files.map((file) => ({ ...file, version_status: "draft" }));
  return { path: "", can: [], files: listed, folders: folders.map((name) => ({ name, path: name, created_at: "" })) };
}

describe("places", () => {
  test("an address is bucket, owner and path; anything else is none", () => {
    expect(parseAddress(`/projects/${OWNER}/a/b c.txt`)).toEqual({ bucket: "projects", id: OWNER, path: "a/b c.txt" });
    expect(parseAddress(`/users/${OWNER}`)).toEqual({ bucket: "users", id: OWNER, path: "" });
    expect(parseAddress("/elsewhere/x/y")).toBeNull();
    expect(parseAddress(undefined)).toBeNull();
  });

  test("links survive every character a path may have", () => {
    const path = "a&b=c/#1 %2e+?.txt";
    const link = new URL(fileLink(FILE, { bucket: "users", id: OWNER, path }), "http://x");
    expect(link.searchParams.get("path")).toBe(path);
    expect(link.searchParams.get("file")).toBe(FILE);
  });

  test("parents, and paths that lie on one way", () => {
    expect(parentOf("a/b/c")).toBe("a/b");
    expect(parentOf("c")).toBe("");
    expect(onOneWay("a/b", "a")).toBe(true);
    expect(onOneWay("", "a/b")).toBe(true);
    expect(onOneWay("ab", "a")).toBe(false);
  });

  test.each(["", "  ", "a/b", "..", "a\\b", "a\u0007b", "é".repeat(128)])("%j is no name", (name) => {
    expect(nameProblem(name)).not.toBeNull();
  });

  test("dots inside names and 255 bytes are fine", () => {
    expect(nameProblem("a..b")).toBeNull();
    expect(nameProblem("é".repeat(127))).toBeNull();
    expect(pathProblem(Array(300).fill("abcd").join("/"))).toMatch(/1024/);
    expect(pathProblem("a/../b")).not.toBeNull();
  });
});

describe("what there is to say of a file", () => {
  test.each([
    ["validated", "draft", null],
    ["validated", "validated", "validated"],
    ["validated", "corrupted", "corrupted"],
    ["validated", null, null],
    ["pending_validation", "draft", "pending_validation"],
    ["archived", "draft", "archived"],
    ["draft", "draft", null],
  ])("a file that is %s at a %s version: %s", (status, version, told) => {
    const current = version === null ? null : ({ status: version } as DocumentVersion);
    expect(standing(aFile("x", { status }), current)).toBe(told);
  });
});

describe("rows", () => {
  const holderOf = (file: DocumentFile): string | null => (file.name === "b2.txt" ? "zoe" : null);
  const folder = aFolder([aFile("b10.txt", { size: 5 }), aFile("b2.txt", { size: 9 }), aFile("A.txt", { size: 7 })], ["z", "Y"]);
  const names = (sort: string | null, filter = ""): string[] =>
    rowsOf(folder, filter, parseSort(sort), holderOf).map((row) => row.name);

  test("folders first, then names as people count", () => {
    expect(names(null)).toEqual(["Y", "z", "A.txt", "b2.txt", "b10.txt"]);
    expect(names("-name")).toEqual(["z", "Y", "b10.txt", "b2.txt", "A.txt"]);
  });

  test("by size, with folders still first; by holder, what is held first", () => {
    expect(names("-size")).toEqual(["Y", "z", "b2.txt", "A.txt", "b10.txt"]);
    expect(names("holder")[2]).toBe("b2.txt");
  });

  test("all words must fit, also the holder's name; unknown orders are by name", () => {
    expect(names(null, "B tx")).toEqual(["b2.txt", "b10.txt"]);
    expect(names(null, "zoe")).toEqual(["b2.txt"]);
    expect(parseSort("nonsense")).toEqual({ by: "name", down: false });
  });

  test("locks are the claims on documents, by file", () => {
    const lock = aClaim({ kind: "document", key: FILE });
    expect([...locksByFile([aClaim(), lock])]).toEqual([[FILE, lock]]);
  });
});

describe("names of others", () => {
  test("what could deceive is spelled out", () => {
    expect(visible("exe.\u202efdp")).toBe("exe.‹U+202E›fdp");
    expect(visible("a\u200bb\ufeff")).toBe("a‹U+200B›b‹U+FEFF›");
    expect(visible("family 👨‍👩‍👧.png")).toBe("family 👨‍👩‍👧.png");
    expect(visible("می‌خواهم.txt")).toBe("می‌خواهم.txt");
  });

  test("long names keep their end, in whole characters; right-to-left ones are left to the browser", () => {
    const long = "A very long name of a drawing, revision 17.sldprt";
    expect(splitName(long).join("")).toBe(long);
    expect(splitName(long)[1]).toBe("n 17.sldprt");
    expect(splitName("short.txt")).toEqual(["short.txt", ""]);
    const marks = `${"a".repeat(30)}e\u0301${"b".repeat(10)}`;
    expect(splitName(marks)[1].startsWith("\u0301")).toBe(false);
    expect(splitName("שלום".repeat(10))[1]).toBe("");
  });
});

test.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [999, "999 bytes"],
  [1000, "1 kB"],
  [1550, "1.6 kB"],
  [999_960, "1 MB"],
  [123_456_789, "123 MB"],
  [2 * 2 ** 30, "2.1 GB"],
])("%d bytes read as %s", (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

describe("previews", () => {
  test("only what runs nothing is shown, and by its type before its name", () => {
    expect(previewKind("image/png", "a")).toBe("image");
    expect(previewKind("application/pdf", "a.txt")).toBe("pdf");
    expect(previewKind("text/html; charset=utf-8", "a.html")).toBe("text");
    expect(previewKind("application/octet-stream", "notes.md")).toBe("text");
    expect(previewKind("application/octet-stream", "a.exe")).toBeNull();
    expect(previewKind("application/zip", "a.txt")).toBeNull();
  });

  test("text in other encodings, cut characters and no text at all", () => {
    expect(decode(new Uint8Array([0xff, 0xfe, 0x41, 0x00]), false).text).toBe("A");
    expect(decode(new Uint8Array([0x61, 0xc3]), true).text).toBe("a");
    expect(decode(new Uint8Array([0x61, 0x00, 0x62]), false).binary).toBe(true);
  });
});

describe("the kind", () => {
  const label = `/projects/${OWNER}/plans/site.pdf`;
  const event = (verb: string, data = {}) => anEvent(verb, { kind: "document", key: FILE, data: { label, ...data } });
  const folderKey = (path: string, owner = OWNER) => ["documents", "folder", `projects/${owner}`, path];

  test.each([
    ["uploaded", { version_number: 2 }, "ann uploaded version 2 of plans/site.pdf"],
    ["committed", { version_number: 3, changelog: "walls" }, "ann submitted version 3 of plans/site.pdf for approval: “walls”"],
    ["rejected", { version_number: 3, comment: "no" }, "ann rejected version 3 of plans/site.pdf: “no”"],
    ["moved", { source: `/projects/${OWNER}/old.pdf` }, "ann moved plans/site.pdf, which was old.pdf"],
    ["force_released", { holder: "ben", reason: "away" }, "ann ended the lock of ben on plans/site.pdf: “away”"],
  ])("%s reads as a sentence", (verb, data, text) => {
    expect(sentenceText(event(verb, data))).toBe(text);
  });

  test("files are linked by id, folders by place", () => {
    expect(document.link(event("uploaded"))).toContain(`file=${FILE}`);
    expect(document.link(anEvent("folder_made", { kind: "document", key: "a1".repeat(20), data: { label: `/users/${OWNER}/x` } }))).toBe(
      `/documents?bucket=users&id=${OWNER}&path=x`,
    );
    expect(document.link({ kind: "document", scope: "", key: FILE })).toBe(`/documents?file=${FILE}`);
  });

  test("an event touches the file, the folders on its way, and the queue; a lock only the file", () => {
    const touched = (key: unknown[], one = event("uploaded")): boolean => document.isTouched!(key, one);
    expect(touched(["documents", "file", FILE])).toBe(true);
    expect(touched(folderKey("plans"))).toBe(true);
    expect(touched(folderKey(""))).toBe(true);
    expect(touched(folderKey("other"))).toBe(false);
    expect(touched(folderKey("plans", "someone-else"))).toBe(false);
    expect(touched(folderKey("old"), event("moved", { source: `/projects/${OWNER}/old/site.pdf` }))).toBe(true);
    expect(touched(["documents", "waiting"])).toBe(true);
    expect(touched(["documents", "waiting"], event("acquired"))).toBe(false);
    expect(touched(folderKey("plans"), event("acquired"))).toBe(false);
    expect(touched(["claims"])).toBe(false);
  });
});

test("while one reading is under way, everything that comes waits for the next", async () => {
  const batches: number[] = [];
  let finish: (() => void) | null = null;
  const again = new ReadAgain((events) => {
    batches.push(events.length);
    return new Promise<void>((done) => (finish = done));
  }, 0);
  again.push([anEvent("uploaded")]);
  for (let n = 0; n < 500; n += 1) again.push([anEvent("uploaded")]);
  finish!();
  await vi.waitFor(() => expect(batches).toEqual([1, 500]));
});

test("the file service's refusals are read by their words and told by their sentences", () => {
  const problem = problemOf(
    409,
    JSON.stringify({ status: "error", error: "FILE_LOCKED", message: "file_locked", details: { text: "a is locked by ben.", holder: "ben", since: "x" } }),
  );
  expect(problem.code).toBe("file_locked");
  expect(problem.message).toBe("a is locked by ben.");
  expect(problem.heldBy?.holder).toBe("ben");
  expect(problemOf(502, "<html>").message).toBe("The server answered 502.");
});

test("the palette lists found documents once, below what is held", () => {
  const held = aClaim({ kind: "document", key: FILE, label: `/users/${OWNER}/quay.txt` });
  const found = (id: string) => ({ kind: "document", found: { id, label: `${id}.txt`, note: "", to: "/" } });
  const groups = withFound(commandsFor("quay", [held], []), [found(FILE), found("other")]);
  expect(groups.map((group) => group.title).slice(0, 2)).toEqual(["Held right now", "Documents"]);
  expect(groups[1]!.commands.map((command) => command.id)).toEqual(["found:other"]);
});

test("audit lines in words, programs by name", () => {
  expect(auditWords({ action: "download", details: { version_number: 4 } })).toBe("read version 4");
  expect(auditWords({ action: "unlock", details: { force: true, reason: "on leave" } })).toBe("ended another's lock: “on leave”");
  expect(auditWords({ action: "lock", details: { action: "transfer", to: "ben", comment: "yours" } })).toBe("handed the lock over to ben: “yours”");
  expect(auditWords({ action: "lock", details: { action: "renew" } })).toBe("renewed the lock");
  expect(auditWords({ action: "lock", details: { action: "lock", cause: "queue" } })).toBe("got the lock from the queue");
  expect(auditWords({ action: "unlock", details: { action: "unlock", cause: "expired" } })).toBe("held it until the lock ran out");
  expect(programOf("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36")).toBe("Chrome 142");
  expect(programOf("curl/8.5.0")).toBe("curl/8.5.0");
});
