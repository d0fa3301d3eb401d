/** Second key after "g". */
export const GO_TO: Record<string, { to: string; label: string; admin?: boolean }> = {
  b: { to: "/", label: "Board" },
  a: { to: "/assets", label: "Assets" },
  d: { to: "/documents", label: "Documents" },
  w: { to: "/documents/waiting", label: "Waiting for me" },
  l: { to: "/activity", label: "Activity (the log)" },
  p: { to: "/projects", label: "Projects" },
  s: { to: "/settings", label: "Settings" },
  u: { to: "/admin/users", label: "Users", admin: true },
  h: { to: "/admin/health", label: "Server health", admin: true },
};
