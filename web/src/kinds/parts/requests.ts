import { api, query } from "../../api/client";
import { queryClient } from "../../api/queries";
import { partQuery } from "./queries";
import type {
  ImportAnswer,
  Material,
  NewStep,
  Part,
  PartFields,
  PartList,
  Resource,
  ShopSettings,
} from "./types";

// Each verb asks the server, puts its answer on screen at once, and has what else it touches read again. The event
// that follows over the stream does the same for everybody else.

type Method = "POST" | "PUT" | "PATCH" | "DELETE";

/** Put a part as the server has just told it into everything that shows it. */
export function arrived(part: Part): void {
  queryClient.setQueryData<Part>(["parts", "part", part.id], (now) => ({ ...now, ...part }));
  for (const [queryKey, list] of queryClient.getQueriesData<PartList>({ queryKey: ["parts", "column"] })) {
    const [, , project, category] = queryKey;
    if (!list) continue;
    const others = list.parts.filter((one) => one.id !== part.id);
    const was = list.parts.find((one) => one.id === part.id);
    const belongs = category === part.category && (was || project === part.project || project === "");
    if (belongs) {
      const parts = was ? list.parts.map((one) => (one === was ? { ...was, ...part } : one)) : [part, ...others];
      queryClient.setQueryData<PartList>(queryKey, { parts, total: list.total + (was ? 0 : 1) });
    } else if (was) queryClient.setQueryData<PartList>(queryKey, { parts: others, total: list.total - 1 });
  }
}

async function reread(): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: ["parts"] });
}

async function send(method: Method, path: string, json: unknown = {}): Promise<Part> {
  const part = await api<Part>(`shop/parts${path}`, { method, json });
  arrived(part);
  void reread();
  return part;
}

/** The part with its files and steps, as it is now. */
export const load = (id: number): Promise<Part> => queryClient.fetchQuery(partQuery(id));

const verb =
  (name: string) =>
  (part: Pick<Part, "id">, fields: object = {}): Promise<Part> =>
    send("POST", `/${part.id}/${name}`, fields);

/** The part has to be as it is on screen, else the server refuses with `part_changed`. */
const seen = (part: Part): { expected_updated_at: string } => ({ expected_updated_at: part.updated_at });

export const approve = (part: Part): Promise<Part> => verb("approve")(part, seen(part));
export const reject = (part: Part, reason: string): Promise<Part> => verb("reject")(part, { reason, ...seen(part) });
export const take = verb("take");
export const takeOver = (part: Part, reason: string): Promise<Part> => verb("take")(part, { take_over: true, reason });
export const assign = (part: Part, username: string, reason: string): Promise<Part> =>
  verb("assign")(part, { username, ...(part.assigned ? { take_over: true, reason } : {}) });
export const giveBack = (part: Part, reason?: string): Promise<Part> => verb("release")(part, reason ? { reason } : {});

export interface CountFields {
  made?: number;
  scrapped?: number;
  reason?: string;
  note?: string;
  override?: boolean;
}
export const count = (part: Pick<Part, "id">, fields: CountFields): Promise<Part> => verb("count")(part, fields);

export const done = (part: Part, override?: { reason: string }): Promise<Part> =>
  verb("done")(part, override ? { override: true, reason: override.reason } : {});
export const recheck = verb("recheck");
export const lastStep = verb("last-step");
export const revert = (part: Part, reason: string): Promise<Part> => verb("revert")(part, reason ? { reason } : {});
export const block = (part: Part, reason: string): Promise<Part> => verb("block")(part, { reason });
export const unblock = verb("unblock");
export const rework = (part: Part, reason: string, stepId: number | null): Promise<Part> =>
  verb("rework")(part, { reason, ...(stepId === null ? {} : { step_id: stepId }) });

export const add = (project: string, fields: PartFields): Promise<Part> => send("POST", "", { ...fields, ...(project ? { project } : {}) });
export const change = (part: Part, fields: PartFields): Promise<Part> => send("PATCH", `/${part.id}`, { ...fields, ...seen(part) });
export const setSteps = (part: Part, steps: NewStep[]): Promise<Part> =>
  send("PUT", `/${part.id}/steps`, { steps, ...seen(part) });
export const setMaterials = (part: Part, materials: { material_id: number; quantity: number }[]): Promise<Part> =>
  send("PUT", `/${part.id}/materials`, { materials, ...seen(part) });

export async function remove(part: Part): Promise<void> {
  await api(`shop/parts/${part.id}`, { method: "DELETE" });
  for (const [queryKey, list] of queryClient.getQueriesData<PartList>({ queryKey: ["parts", "column"] })) {
    if (!list?.parts.some((one) => one.id === part.id)) continue;
    queryClient.setQueryData<PartList>(queryKey, { parts: list.parts.filter((one) => one.id !== part.id), total: list.total - 1 });
  }
  void reread();
}

export const importCsv = async (project: string, csv: string, dryRun: boolean): Promise<ImportAnswer> => {
  const answer = await api<ImportAnswer>("shop/import", {
    method: "POST",
    json: { csv, dry_run: dryRun, ...(project ? { project } : {}) },
  });
  if (!dryRun) void reread();
  return answer;
};

/** Convert a model again that could not be. */
export async function convertAgain(part: Pick<Part, "id">, revision: number): Promise<void> {
  await api(`shop/parts/${part.id}/model/convert${query({ revision })}`, { method: "POST", json: {} });
  await reread();
}

// The shop's own lists.

async function setting<T>(method: Method, path: string, json?: unknown): Promise<T> {
  const answer = await api<T>(`shop/${path}`, { method, ...(json === undefined ? {} : { json }) });
  await reread();
  return answer;
}

export const saveSettings = (project: string, fields: Omit<ShopSettings, "project" | "role">): Promise<ShopSettings> =>
  setting("PUT", `settings${query({ project })}`, fields);
export const addResource = (project: string, fields: Partial<Resource>): Promise<Resource> =>
  setting("POST", "resources", { ...fields, ...(project ? { project } : {}) });
export const changeResource = (id: number, fields: Partial<Resource>): Promise<Resource> => setting("PATCH", `resources/${id}`, fields);
export const removeResource = (id: number): Promise<unknown> => setting("DELETE", `resources/${id}`);
export const addMaterial = (project: string, fields: Partial<Material>): Promise<Material> =>
  setting("POST", "materials", { ...fields, ...(project ? { project } : {}) });
export const changeMaterial = (id: number, fields: Partial<Material>): Promise<Material> => setting("PATCH", `materials/${id}`, fields);
export const removeMaterial = (id: number): Promise<unknown> => setting("DELETE", `materials/${id}`);
