// The page's names for what crosses the wire. The shapes are the server's own: `schema.d.ts` is made from
// its OpenAPI document by `npm run types`, and `npm run types:check` fails when the two have parted.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type User = Schemas["UserRead"];
/** The signed-in person. */
export type Me = Schemas["CurrentUser"];
export type SignedOut = Schemas["SignedOut"];
export type ProviderLink = Schemas["ProviderLink"];
export type OtpState = Schemas["OtpState"];
export type Person = Schemas["Person"];
/** What people do with a claim, whatever its kind. */
export type Verb = keyof Schemas["Can"];
/** `cannot` has a sentence for each verb that `can` denies. */
export type Claim = Omit<Schemas["ClaimRead"], "cannot"> & {
  cannot: Partial<Record<Verb, string>>;
  /** It is known from an event alone, so `can` and `cannot` are the page's guess. */
  guessed?: boolean;
};
export type ClaimPage = Omit<Schemas["ClaimPage"], "claims"> & { claims: Claim[] };
export type ClashList = Omit<Schemas["ClashList"], "clashes"> & { clashes: { claims: Claim[] }[] };
export type Waiter = Schemas["QueuePlace"];
export type LogEvent = Schemas["EventRead"];
export type EventPage = Schemas["EventPage"];
export type Project = Schemas["ProjectRead"];
export type Company = Schemas["CompanyRead"];
export type Member = Schemas["ProjectMemberRead"] | Schemas["CompanyMember"];
export type Role = Schemas["NewProjectRole"]["role"];
export type ApiKey = Schemas["ApiKeyRead"];
export type KeyScope = Schemas["KeyScopeRead"];
export type Session = Schemas["SessionRead"];
export type Quota = Schemas["QuotaRead"];
export type Watch = Schemas["WatchRead"];
export type NewApiKey = Schemas["ApiKeyMade"];
export type NewApiToken = Schemas["TokenMade"];
export type Providers = Schemas["Providers"];
export type ConfigDetail = Schemas["ConfigDetail"];

// Answers and parts of answers that the document leaves open.

export interface HealthCheck {
  healthy: boolean;
  message: string;
  response_time_ms?: number | null;
}

export interface Health {
  status: string;
  checks: Record<string, HealthCheck>;
  version: string;
  uptime_seconds: number;
  started_at: string;
  database: string;
  counts: Record<string, number>;
  claims_counted_at: string | null;
}

/** `details` of a refusal because someone else holds the thing. */
export interface HeldBy {
  holder: string;
  since: string;
  until: string | null;
  comment: string | null;
  fence: number;
  queue: number;
  url: string;
  kind: string;
  scope: string;
  key: string;
}

// Documents

export type DocumentFile = Schemas["FileRead"];
export type DocumentVersion = Schemas["VersionRead"];
export type DocumentFolder = Schemas["FolderList"];
export type FolderEntry = Schemas["FolderEntry"];
export type DocumentList = Schemas["FileList"];
export type DocumentShelves = Schemas["ShelfList"];
export type DocumentShelf = Schemas["Shelf"];
export type FoundDocuments = Schemas["FoundList"];
export type FileMetadata = Schemas["FileMetadata"];
export type WaitingVersion = Schemas["Waiting"];
export type WaitingList = Schemas["WaitingList"];
export type AuditEntry = Schemas["AuditRead"];

// Machines

export type Machine = Schemas["MachineRead"];
export type MachinePage = Schemas["MachinePage"];
export type MachineHistory = Schemas["History"];
export type MachineOutput = Schemas["RunOutput"];
export type ImportedMachines = Schemas["Imported"];
export type Reservation = Schemas["ReservationRead"];
export type ReservationPage = Schemas["ReservationPage"];
export type ReservationWish = Partial<Schemas["ReservationWish"]>;
export type BookingChange = Partial<Schemas["BookingChange"]>;
export type Certificate = Schemas["Certificate"];
export type ReservationOutput = Schemas["ReservationOutput"];
export type HeldMachine = Schemas["HeldMachine"];
export type PoolQueue = Schemas["Queue"];
export type PoolCalendar = Schemas["CalendarRead"];
export type CalendarEntry = Schemas["CalendarEntry"];
export type CalendarFeed = Schemas["Feed"];
export type PoolPreview = Schemas["Preview"];
