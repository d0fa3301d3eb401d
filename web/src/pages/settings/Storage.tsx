import { Progress } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { quotasQuery } from "../../api/queries";
import type { Quota } from "../../api/types";
import { sizeText } from "../../ui/bytes";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import classes from "./Settings.module.css";

/** From this share of a quota on, its bar is red. */
const NEARLY_FULL = 90;

/** What one stores oneself, and what one's company and projects store. */
export function Storage() {
  const { data: quotas, error, isPending } = useQuery(quotasQuery);
  return (
    <>
      <h2 className={classes.heading}>Storage</h2>
      <p className={classes.lead}>
        Documents with all their versions, and objects of git LFS. Removed documents count until they are destroyed.
      </p>
      <div style={{ display: "grid", gap: 16 }}>
        <Refusal error={error} />
        {isPending && <ListSkeleton />}
        {quotas?.map((quota) => (
          <Bar key={quota.account} quota={quota} />
        ))}
      </div>
    </>
  );
}

function Bar({ quota }: { quota: Quota }) {
  const { used_bytes: used, allowed_bytes: allowed } = quota;
  const share = allowed === null ? 0 : allowed === 0 ? 100 : Math.min(100, (used / allowed) * 100);
  const text = allowed === null ? `${sizeText(used)}, no quota` : `${sizeText(used)} of ${sizeText(allowed)}`;
  return (
    <div>
      <div style={{ display: "flex", justifyContent: "space-between", gap: 16, flexWrap: "wrap" }}>
        <strong>{ownerOf(quota)}</strong>
        <span>{text}</span>
      </div>
      {allowed !== null && (
        <Progress
          value={share}
          color={share >= NEARLY_FULL ? "red" : undefined}
          aria-label={`${ownerOf(quota)}: ${text}`}
          mt={4}
        />
      )}
    </div>
  );
}

function ownerOf({ account, name }: Quota): string {
  const [family, key] = [account.slice(0, account.indexOf(":")), account.slice(account.indexOf(":") + 1)];
  if (family === "user") return "You";
  return family === "company" ? `Company ${name ?? key}` : `Project ${name ?? key}`;
}
