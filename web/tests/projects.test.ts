// @vitest-environment jsdom
import { beforeEach, expect, test } from "vitest";
import type { Project } from "../src/api/types";
import { heldElsewhere, holdRefusal, likelyProject, projectNames, rememberProject } from "../src/kinds/assets/projects";
import { aClaim } from "./make";

const project = (name: string, role: Project["role"] = "member"): Project => ({
  id: name,
  name,
  role,
  company_id: null,
  case_clashes: "refuse",
  windows_names: "refuse",
  members: 2,
  created_at: "2026-11-20T10:00:00+00:00",
});

const likely = (projects: Project[], claims = [aClaim({ scope: "project:gears" })]): string =>
  likelyProject({ me: "me", projects, claims });

beforeEach(() => localStorage.clear());

test("the last project used comes first, wherever it was used", () => {
  const claims = [
    aClaim({ holder: "me", scope: "project:mast", fence: 5 }),
    aClaim({ holder: "me", scope: "project:gears", fence: 9 }),
    aClaim({ holder: "me", kind: "document", scope: "project:plans", fence: 11 }),
  ];
  expect(likely([project("mast"), project("gears")], claims)).toBe("gears");
  rememberProject("me", "mast");
  expect(likely([project("mast"), project("gears")], claims)).toBe("mast");
  rememberProject("somebody-else", "hull");
  expect(likely([project("mast"), project("gears")], claims)).toBe("mast");
});

test("the only project is it; of several none is guessed, and without any it is the default one", () => {
  expect(likely([project("gears")])).toBe("gears");
  expect(likely([project("mast")], [])).toBe("mast");
  expect(likely([project("mast")])).toBe("");
  expect(likely([project("mast"), project("gears")])).toBe("");
  expect(likely([], [])).toBe("default");
});

test("a project in which one may only look is never it, and not to choose", () => {
  rememberProject("me", "mast");
  const projects = [project("mast", "viewer"), project("gears")];
  expect(likely(projects)).toBe("gears");
  expect(projectNames({ projects, claims: [aClaim({ scope: "project:mast" })] })).toEqual(["gears", "default"]);
  expect(holdRefusal("mast", projects)).toContain("viewer");
  expect(holdRefusal("gears", projects)).toBeNull();
  expect(holdRefusal("nobodys", projects)).toBeNull();
});

test("the same path in another project is found whatever its case and composition", () => {
  const claims = [
    aClaim({ key: "maps/CAFE\u0301.umap", scope: "project:default" }),
    aClaim({ key: "Maps/Caf\u00e9.umap", scope: "project:gears" }),
    aClaim({ key: "Maps/Other.umap", scope: "project:default" }),
  ];
  expect(heldElsewhere(claims, "project:gears", "Maps/Caf\u00e9.umap")).toEqual([claims[0]]);
  expect(heldElsewhere(claims, "project:gears", "")).toEqual([]);
});
