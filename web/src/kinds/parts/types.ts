// What crosses the wire below /api/shop: the server's own shapes, made from its OpenAPI document, and what that leaves open.
import type { components } from "../../api/schema";

type Schemas = components["schemas"];

export type Category = "review" | "cnc" | "hand" | "misc" | "completed";
export type Process = Schemas["StepRead"]["board"];
export type LastStep = "inspected" | "picked_up";

export type Remark = Schemas["Said"];
export type Step = Schemas["StepRead"];
export type NewStep = Schemas["NewStep"];
export type Count = Schemas["CountRead"];
export type Resource = Schemas["ResourceRead"];
export type Material = Schemas["MaterialRead"];
export type ShopSettings = Schemas["RulesRead"];
export type ShopStats = Schemas["ShopStats"];

/** What is known of a model. Lengths are in millimetres; what comes from the mesh is approximate. */
export interface Figures {
  solids?: number | null;
  faces?: number | null;
  bounding_box?: { size_mm: number[] } | null;
  volume_mm3?: number | null;
  area_mm2?: number | null;
}

export interface Conversion {
  state: "pending" | "running" | "done" | "failed";
  problem?: string | null;
  reason: string | null;
  figures: Figures | null;
}

export type PartFile = Omit<Schemas["PartFileRead"], "kind"> & {
  kind: "step" | "pdf";
  conversion?: Conversion | null;
};

/** Files, steps and materials are missing in lists. */
export type Part = Omit<Schemas["ShopPart"], "type" | "category" | "files"> & {
  type: Process | null;
  category: Category;
  files?: PartFile[] | null;
  thumbnail?: boolean;
  conversion?: Conversion | null;
};

export type NextPart = Part & { why: string };

export interface PartList {
  parts: Part[];
  total: number;
}

/** What is written into the forms that add and change a part. */
export type PartFields = Partial<
  Pick<
    Schemas["NewPart"],
    | "name"
    | "part_number"
    | "type"
    | "material"
    | "material_thickness"
    | "amount"
    | "subsystem"
    | "notes"
    | "onshape_url"
    | "priority"
    | "due_at"
  >
>;

export interface ImportAnswer {
  added: number;
}

export interface ImportProblem {
  line: number;
  field: string | null;
  message: string;
}
