import type { ReactNode } from "react";
import type { Role } from "../../api/types";

export interface GroupCardProps {
  of: "projects" | "companies";
  group: { id: string; name: string; role: Role | null; members?: number | null; created_at?: string };
  note?: string | undefined;
  roles: Role[];
  /** Whether this person decides who belongs to it. */
  rules: boolean;
  mayDelete: boolean;
  /** Shown in the open card, above the members. */
  children?: ReactNode;
}
