import { Progress } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { quotasQuery } from "../../api/queries";
import type { Quota } from "../../api/types";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { familyOf, NEARLY_FULL, ownerOf, quotaText, shareOf } from "../../ui/quotas";
import { Refusal } from "../../ui/Refusal";
import classes from "./Settings.module.css";

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
  const share = shareOf(quota);
  const text = quotaText(quota);
  return (
    <div>
      <div style={{ display: "flex", justifyContent: "space-between", gap: 16, flexWrap: "wrap" }}>
        <strong>{whose(quota)}</strong>
        <span>{text}</span>
      </div>
      {quota.allowed_bytes !== null && (
        <Progress
          value={share}
          color={share >= NEARLY_FULL ? "red" : undefined}
          aria-label={`${whose(quota)}: ${text}`}
          mt={4}
        />
      )}
    </div>
  );
}

function whose(quota: Quota): string {
  const family = familyOf(quota);
  if (family === "user") return "You";
  return family === "company" ? `Company ${ownerOf(quota)}` : `Project ${ownerOf(quota)}`;
}
