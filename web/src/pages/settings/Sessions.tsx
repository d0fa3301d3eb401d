import { Button } from "@mantine/core";
import { IconDevices } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { queryClient, sessionsQuery } from "../../api/queries";
import type { Session } from "../../api/types";
import { FormDialog } from "../../overlays/FormDialog";
import { signOut } from "../../session/session";
import { Empty } from "../../ui/Empty";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import { Ago, Until } from "../../ui/Time";
import { RowsTable } from "./RowsTable";
import classes from "./Settings.module.css";

/** The browsers in which one is signed in. Ending this one is signing out. */
export function Sessions() {
  const { data: sessions, error, isPending } = useQuery(sessionsQuery);
  const [ending, setEnding] = useState<Session | "all" | null>(null);
  return (
    <>
      <h2 className={classes.heading}>Where you are signed in</h2>
      <p className={classes.lead}>
        Sign out a browser that you no longer use or do not recognise. A change of your password signs out all of them.
      </p>
      <div style={{ display: "grid", gap: 16, justifyItems: "start" }}>
        <Refusal error={error} />
        {isPending && <ListSkeleton />}
        {sessions?.length === 0 && (
          <Empty Icon={IconDevices} title="No browser is listed">
            You signed in before browsers were listed. Sign out and in again to see this one.
          </Empty>
        )}
        {sessions && sessions.length > 0 && (
          <RowsTable
            columns={[
              { name: "Device" },
              { name: "Last used" },
              { name: "Signed in", optional: true },
              { name: "Ends", optional: true },
            ]}
          >
            {sessions.map((session) => (
              <tr key={session.id}>
                <td>
                  {session.device}
                  {session.is_current && <strong> (this browser)</strong>}
                </td>
                <td>
                  <Ago at={session.last_used_at} />
                </td>
                <td className={classes.optional}>
                  <Ago at={session.created_at} />
                </td>
                <td className={classes.optional}>
                  <Until at={session.expires_at} />
                </td>
                <td>
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`Sign out ${session.is_current ? "this browser" : session.device}`}
                    onClick={() => (session.is_current ? void signOut() : setEnding(session))}
                  >
                    Sign out
                  </Button>
                </td>
              </tr>
            ))}
          </RowsTable>
        )}
        <Button variant="default" onClick={() => setEnding("all")}>
          Sign out everywhere
        </Button>
      </div>
      {ending === "all" && (
        <FormDialog
          title="Sign out everywhere?"
          submit="Sign out everywhere"
          danger
          onClose={() => setEnding(null)}
          onSubmit={async () => {
            await api("users/me/sessions", { method: "DELETE" });
            await signOut();
            return "Signed out everywhere";
          }}
        >
          <p style={{ margin: 0 }}>
            All browsers are signed out, this one too, and so is the command line. API keys keep working.
          </p>
        </FormDialog>
      )}
      {ending && ending !== "all" && (
        <FormDialog
          title={`Sign out ${ending.device}?`}
          submit="Sign out"
          danger
          onClose={() => setEnding(null)}
          onSubmit={async () => {
            await api(`users/me/sessions/${ending.id}`, { method: "DELETE" });
            await queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey });
            return `Signed out ${ending.device}`;
          }}
        >
          <p style={{ margin: 0 }}>Whoever uses that browser has to sign in again.</p>
        </FormDialog>
      )}
    </>
  );
}
