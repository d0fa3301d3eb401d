/** What stands in the way of a verb, by its name. */
export type DesktopVerb = "stop" | "resume" | "delete" | "extend" | "view" | "files" | "share";

export interface Desktop {
  id: number;
  name: string;
  holder: string;
  state: string;
  /** What goes on while it starts, in a few words. */
  progress: string;
  /** Why it failed or ended. */
  reason: string | null;
  configuration_id: number | null;
  configuration: string | null;
  persistent_home: boolean;
  volume: string | null;
  created_at: string;
  started_at: string | null;
  ready_at: string | null;
  stopped_at: string | null;
  ends_at: string | null;
  end_reason: string | null;
  /** When it ends and why, in a sentence. */
  end_text: string | null;
  /** Until when it can be extended now. */
  extend_to: string | null;
  keep_until: string | null;
  idle_ends_at: string | null;
  queue_position: number | null;
  expected_at: string | null;
  fence: number | null;
  copy_out: boolean;
  paste_in: boolean;
  files: boolean;
  /** Who has pointer and keyboard. */
  controller: string | null;
  /** How many look at it. */
  views: number;
  cannot: Partial<Record<DesktopVerb, string>>;
}

export interface Limits {
  per_person: number;
  in_total: number;
  running: number;
  mine: number;
  queue: boolean;
  waiting: number;
  hours_per_week: number;
  hours_left: number | null;
  launcher: string;
  /** Why no desktop can be started. */
  problem: string | null;
}

export interface DesktopList {
  desktops: Desktop[];
  limits: Limits;
}

export interface Configuration {
  id: number;
  name: string;
  description: string;
  image: string;
  is_public: boolean;
  min_cpu: number;
  max_cpu: number;
  min_ram: string;
  max_ram: string;
  allowed_users: string[];
  network: boolean;
  copy_out: boolean;
  paste_in: boolean;
  files: boolean;
}

export interface Volume {
  id: number;
  name: string;
  namespace: string;
  size: string;
  is_public: boolean;
  exclusive: boolean;
  status: string;
  created_by: string | null;
  allowed_users: string[];
}

export interface Ticket {
  ticket: string;
  expires_at: string;
  view_only: boolean;
  viewer: "vnc" | "guacd" | "gateway";
  websocket: string;
  auth_url?: string | null;
  /** Of the view that it opens. */
  view_id: string;
}

export interface OpenView {
  id: string;
  person: string;
  view_only: boolean;
  opened_at: string;
  asks_since: string | null;
}

export interface Views {
  controller: { view_id: string; person: string; since: string } | null;
  views: OpenView[];
}

export interface HomeEntry {
  name: string;
  is_folder: boolean;
  size: number;
  changed_at: string;
}

export interface Guest {
  username: string;
  may_control: boolean;
}

export interface Usage {
  cpu_seconds: number | null;
  cpu_cores: number | null;
  memory_bytes: number | null;
}
