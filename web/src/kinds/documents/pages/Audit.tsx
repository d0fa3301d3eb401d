import type { AuditEntry } from "../../../api/types";
import { pathOfAddress } from "../places";
import { visible } from "../../../ui/names";
import { Avatar } from "../../../ui/Person";
import { Ago } from "../../../ui/Time";
import { absolute } from "../../../ui/time";
import classes from "./FileDrawer.module.css";

/** Everything that was done with the file and by whom, reading it included. */
export function Audit({ entries }: { entries: readonly AuditEntry[] }) {
  if (entries.length === 0) return <p className={classes.quiet}>Nothing has happened to it yet.</p>;
  return (
    <ol className={classes.audit} aria-label="Audit">
      {entries.map((entry) => (
        <li key={entry.id} className={classes.auditLine}>
          <Avatar name={entry.username} size={22} />
          <div className={classes.auditText}>
            <strong>{entry.username}</strong> {auditWords(entry)}
            {(entry.ip_address || entry.user_agent) && (
              <div className={classes.auditFrom} title={entry.user_agent ?? undefined}>
                {[entry.ip_address, programOf(entry.user_agent)].filter(Boolean).join(" · ")}
              </div>
            )}
          </div>
          <span className={classes.quiet} title={absolute(entry.created_at)}>
            <Ago at={entry.created_at} />
          </span>
        </li>
      ))}
    </ol>
  );
}

export function auditWords(entry: Pick<AuditEntry, "action" | "details">): string {
  const { action, details } = entry;
  const text = (name: string): string => {
    const value = details[name];
    return typeof value === "string" && value ? `: “${visible(value)}”` : "";
  };
  const version = details.version_number ? ` version ${String(details.version_number)}` : " it";
  switch (action) {
    case "upload":
      return `uploaded${version}`;
    case "download":
      return `read${version}`;
    case "copy":
      return "copied it";
    case "move":
      return `moved it${typeof details.source_path === "string" ? ` from ${visible(pathOfAddress(details.source_path))}` : ""}`;
    case "delete":
      return details.physical ? "destroyed it" : "deleted it";
    case "lock":
      if (details.action === "renew") return details.cause === "outage" ? "kept the lock over an outage" : "renewed the lock";
      if (details.action === "transfer")
        return `handed the lock over${typeof details.to === "string" ? ` to ${visible(details.to)}` : ""}${text("comment")}`;
      return details.cause === "queue" ? "got the lock from the queue" : "locked it";
    case "unlock":
      if (details.cause === "expired") return "held it until the lock ran out";
      return details.force ? `ended another's lock${text("reason")}` : "unlocked it";
    case "validate":
      return `submitted a version${text("changelog")}`;
    case "approve":
      return `approved a version${text("comment")}`;
    case "reject":
      return `rejected a version${text("comment")}`;
    case "restore":
      return "brought it back";
    case "metadata":
      return "changed its description";
    case "access_denied":
      return `was refused${typeof details.action === "string" ? ` (${details.action})` : ""}`;
    default:
      return action.replaceAll("_", " ");
  }
}

/** "Firefox", "curl/8.5.0": the part of a user agent that tells people something. */
export function programOf(agent: string | null): string | null {
  if (!agent) return null;
  const known = /(Firefox|Edg|OPR|Chrome|Safari)\/(\d+)/.exec(agent.replace(/Chrome(?=.*(Edg|OPR))/, ""));
  if (agent.startsWith("Mozilla/") && known) return `${known[1] === "Edg" ? "Edge" : known[1] === "OPR" ? "Opera" : known[1]} ${known[2]}`;
  return agent.split(" ")[0]!.slice(0, 40);
}
