import { describe, expect, test } from "vitest";
import { folderTree, inFolder, type Folder } from "../src/kinds/assets/tree";
import { aClaim } from "./make";

function shape(folders: Folder[]): unknown {
  return folders.map((folder) => [`${folder.name} ${folder.count}`, shape(folder.folders)]);
}

describe("folders of locked paths", () => {
  test("count what is below them; a lone folder in a folder is one step", () => {
    const claims = ["Content/Maps/a.umap", "Content/Maps/Old/b.umap", "Content/Art/Props/Deep/c.uasset", "top.psd"].map(
      (key) => aClaim({ key }),
    );
    expect(shape(folderTree(claims))).toEqual([
      ["default 4", [["Content 3", [["Art/Props/Deep 1", []], ["Maps 2", [["Old 1", []]]]]]]],
    ]);
  });

  test("the default project comes first, then others by name", () => {
    const claims = ["zeppelin", "default", "harbour"].map((name) => aClaim({ key: "a/b", scope: `project:${name}` }));
    expect(folderTree(claims).map((folder) => folder.name)).toEqual(["default", "harbour", "zeppelin"]);
  });

  test("a folder's filter takes what is below it, and nothing that only begins alike", () => {
    const claim = aClaim({ key: "Content/Maps/a.umap" });
    expect(inFolder(claim, "default", "Content/Maps")).toBe(true);
    expect(inFolder(claim, "default", "Content/Map")).toBe(false);
    expect(inFolder(claim, "harbour", "Content/Maps")).toBe(false);
    expect(inFolder(claim, null, "")).toBe(true);
  });
});
