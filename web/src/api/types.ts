// What crosses the wire, in the server's words.

export interface User {
  id: number;
  uuid: string;
  username: string;
  email: string;
  is_admin: boolean;
  is_active: boolean;
  company_id: string | null;
  company_name: string | null;
  company_role: string | null;
  created_at: string;
}

export interface Person {
  username: string;
  uuid: string;
}

export interface Can {
  release: boolean;
  renew: boolean;
  transfer: boolean;
  force_release: boolean;
}

export interface Claim {
  id: string;
  fence: number;
  kind: string;
  scope: string;
  key: string;
  label: string;
  holder: string;
  holder_uuid: string;
  branch: string | null;
  comment: string | null;
  acquired_at: string;
  renewed_at: string;
  expires_at: string | null;
  queue: number;
  data: Record<string, unknown>;
  url: string;
  can: Can;
}

export interface ClaimPage {
  claims: Claim[];
  next_cursor: string | null;
  seq: number;
}

export interface Waiter {
  username: string;
  since: string;
  take: boolean;
  position: number;
}

export interface LogEvent {
  seq: number;
  at: string;
  actor: string | null;
  verb: string;
  kind: string;
  scope: string;
  key: string;
  data: Record<string, unknown>;
}

export interface EventPage {
  events: LogEvent[];
  next_before: number | null;
  last_seq: number;
}

export interface Project {
  id: string;
  name: string;
  company_id: string | null;
  role: Role | null;
  members: number;
  created_at: string;
}

export type Role = "owner" | "admin" | "member" | "viewer";

export interface Member {
  username: string;
  uuid: string;
  role: Role;
}

export interface Company {
  id: string;
  name: string;
  role: "owner" | "member" | null;
  members: number;
  created_at: string;
}

export interface ApiKey {
  id: number;
  name: string;
  prefix: string;
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
}

export interface NewApiKey extends ApiKey {
  key: string;
}

export interface Providers {
  oidc: { name: string; label: string; login_url: string }[];
  password: boolean;
}

export interface ConfigDetail {
  key: string;
  name: string;
  value: boolean | number | string | null;
  source: "database" | "environment" | "config.json" | "default";
  writable: boolean;
  type: "bool" | "int" | "str";
  description: string;
}

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
}

/** What a refusal says when someone else holds the thing. */
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
