import { Alert, Button } from "@mantine/core";
import { IconCircleCheckFilled, IconCircleXFilled, IconMail } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import { healthQuery } from "../../api/queries";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import { duration } from "../../ui/time";
import { Ago, At } from "../../ui/Time";
import { Clashes } from "./Clashes";
import classes from "./Admin.module.css";

const COUNTS: Record<string, string> = {
  claims: "held",
  events: "events in the log",
  users: "accounts",
  outbox: "mails to be sent",
  subscribers: "following live",
};

const CHECKS: Record<string, string> = {
  database: "Database",
  disk: "The database's disk",
  storage: "File storage",
  events: "Event stream",
  mail: "Mail",
  jobs: "Background jobs",
  redis: "Redis",
};

const MAIL: Record<string, { color: string; text: string }> = {
  SUCCESS: { color: "crib", text: "The test mail was sent." },
  FAILED: { color: "red", text: "The test mail could not be sent." },
  SKIPPED: { color: "gray", text: "Mail is off, so nothing was sent." },
};

export default function HealthPage() {
  const { data, error, isPending, refetch } = useQuery(healthQuery);
  const test = useMutation({
    mutationFn: () => api<{ msg: string; status: string }>("admin/test-email", { method: "POST", json: {} }),
  });
  const outcome = test.data ? MAIL[test.data.status] : undefined;
  return (
    <div className="page-scroll" style={{ maxWidth: 860 }}>
      <h1 className={classes.title}>Server health</h1>
      <Refusal error={error} onRetry={() => void refetch()} />
      {isPending && <ListSkeleton />}
      {data && (
        <>
          <p className={classes.lead}>
            Toolcrib {data.version} on {data.database}, up for {duration(data.uptime_seconds * 1000)} (since{" "}
            <At at={data.started_at} />
            ).
          </p>
          <div className={classes.counts}>
            {Object.entries(data.counts).map(([name, count]) => (
              <div key={name} className={`panel ${classes.figure}`}>
                <span className={`tabular ${classes.number}`}>{count.toLocaleString()}</span>
                <span className={classes.summary}>
                  {COUNTS[name] ?? name.replaceAll("_", " ")}
                  {name === "claims" && data.claims_counted_at && (
                    <>
                      {" "}
                      <Ago at={data.claims_counted_at} />
                    </>
                  )}
                </span>
              </div>
            ))}
          </div>
          <ul className={`panel ${classes.checks}`} aria-label="Checks">
            {Object.entries(data.checks).map(([name, check]) => (
              <li key={name} className={classes.checkRow}>
                {check.healthy ? (
                  <IconCircleCheckFilled size={20} className={classes.good} aria-label="healthy" />
                ) : (
                  <IconCircleXFilled size={20} className={classes.bad} aria-label="not healthy" />
                )}
                <span className={classes.checkName}>{CHECKS[name] ?? name}</span>
                <span className={classes.checkText}>{check.message}</span>
                {typeof check.response_time_ms === "number" && (
                  <span className={`tabular ${classes.summary}`}>{check.response_time_ms.toFixed(1)} ms</span>
                )}
              </li>
            ))}
          </ul>
          <Clashes />
          <section className={`panel panel-pad ${classes.part}`}>
            <h2>Mail test</h2>
            <p className={classes.settingText}>Sends a mail to the first administrator and waits for the outcome.</p>
            {test.data && (
              <Alert role="status" color={outcome?.color ?? "gray"} styles={{ message: { color: "inherit" } }}>
                {test.data.msg || outcome?.text}
              </Alert>
            )}
            <Refusal error={test.error} />
            <div>
              <Button
                variant="default"
                leftSection={<IconMail size={16} />}
                loading={test.isPending}
                onClick={() => test.mutate()}
              >
                Send a test mail
              </Button>
            </div>
          </section>
        </>
      )}
    </div>
  );
}
