import {
  IconActivity,
  IconAdjustments,
  IconBuilding,
  IconDatabase,
  IconHeartbeat,
  IconLayoutDashboard,
  IconSettings,
  IconStack2,
  IconUsers,
} from "@tabler/icons-react";
import "../kinds";
import type { NavEntry } from "../things/kind";
import { heldKinds } from "../things/registry";

export const navigation: { title: string | null; entries: NavEntry[] }[] = [
  { title: null, entries: [{ to: "/", label: "Board", Icon: IconLayoutDashboard, goKey: "b" }, ...heldKinds().flatMap((kind) => kind.nav)] },
  {
    title: "Team",
    entries: [
      { to: "/activity", label: "Activity", Icon: IconActivity, goKey: "l", goLabel: "Activity (the log)" },
      { to: "/projects", label: "Projects", Icon: IconStack2, goKey: "p" },
      { to: "/companies", label: "Companies", Icon: IconBuilding },
    ],
  },
  {
    title: "Server",
    entries: [
      { to: "/admin/users", label: "Users", Icon: IconUsers, admin: true, goKey: "u" },
      { to: "/admin/storage", label: "Storage", Icon: IconDatabase, admin: true },
      { to: "/admin/config", label: "Configuration", Icon: IconAdjustments, admin: true },
      { to: "/admin/health", label: "Health", Icon: IconHeartbeat, admin: true, goKey: "h", goLabel: "Server health" },
    ],
  },
  { title: "You", entries: [{ to: "/settings", label: "Settings", Icon: IconSettings, goKey: "s" }] },
];

/** The menu entries this person may use, in order. */
export function entriesFor(admin: boolean): NavEntry[] {
  return navigation.flatMap((group) => group.entries).filter((entry) => admin || !entry.admin);
}
