import type { components } from "../../api/schema";

type Schemas = components["schemas"];

export type DesktopVerb = "stop" | "resume" | "delete" | "extend" | "view" | "files" | "share";

/** `cannot` has a sentence for each verb that would be refused. */
export type Desktop = Omit<Schemas["DesktopRead"], "cannot"> & { cannot: Partial<Record<DesktopVerb, string>> };
export type DesktopList = Omit<Schemas["DesktopList"], "desktops"> & { desktops: Desktop[] };
export type Limits = Schemas["DesktopLimits"];
export type Configuration = Schemas["Configuration"];
export type Volume = Schemas["Pvc"];
export type Ticket = Schemas["DesktopTicket"];
export type OpenView = Schemas["DesktopView"];
export type Views = Schemas["DesktopViews"];
export type HomeEntry = Schemas["DesktopFile"];
export type Guest = Schemas["Guest"];
export type Usage = Schemas["DesktopUsage"];
