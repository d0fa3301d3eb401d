import { Badge, Button } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { keysQuery, queryClient } from "../../api/queries";
import type { ApiKey } from "../../api/types";
import { FormDialog } from "../../overlays/FormDialog";
import { Empty } from "../../ui/Empty";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import { Ago, Until } from "../../ui/Time";
import { KeyForm } from "./KeyForm";
import { RowsTable } from "./RowsTable";
import classes from "./Settings.module.css";

/** Keys for scripts and editors, and tokens. Each is shown once: the server keeps only its hash. */
export function Keys() {
  const { data: keys, error, isPending } = useQuery(keysQuery);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const [revoked, setRevoked] = useState<ReadonlySet<number | string>>(new Set());
  return (
    <>
      <h2 className={classes.heading}>API keys</h2>
      <p className={classes.lead}>
        For scripts, build machines and editors. Give each program a key of its own, with no more scopes than it needs, so that
        one can be revoked alone.
      </p>
      <KeyForm revoked={revoked} />
      <div style={{ display: "grid", gap: 16, marginTop: 16 }}>
        <Refusal error={error} />
        {isPending && <ListSkeleton />}
        {keys?.length === 0 && (
          <Empty Icon={IconKey} title="You have no keys">
            Name one above. The program then sends it as <code className="mono">X-API-Key</code>, as a bearer token, or as
            the password in git.
          </Empty>
        )}
        {keys && keys.length > 0 && (
          <RowsTable
            columns={[
              { name: "Name" },
              { name: "Begins with" },
              { name: "Scopes", optional: true },
              { name: "Created", optional: true },
              { name: "Last used", optional: true },
              { name: "Ends", optional: true },
            ]}
          >
            {keys.map((key) => (
              <tr key={key.id}>
                <td>
                  {key.name} {key.token_id && <Badge variant="light">API token</Badge>}
                </td>
                <td className="mono" title={key.token_id ? `Its id is ${key.token_id}` : undefined}>
                  {key.prefix}…
                </td>
                <td className={classes.optional}>{key.scopes?.join(", ") ?? "all"}</td>
                <td className={classes.optional}>
                  <Ago at={key.created_at} />
                </td>
                <td className={classes.optional}>{key.last_used_at ? <Ago at={key.last_used_at} /> : "never"}</td>
                <td className={classes.optional}>
                  <Until at={key.expires_at} />
                </td>
                <td>
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`Revoke ${key.name}`}
                    onClick={() => setRevoking(key)}
                  >
                    Revoke
                  </Button>
                </td>
              </tr>
            ))}
          </RowsTable>
        )}
      </div>
      {revoking && (
        <FormDialog
          title={`Revoke ${revoking.name}?`}
          submit="Revoke"
          danger
          onClose={() => setRevoking(null)}
          onSubmit={async () => {
            await api(`users/me/keys/${revoking.id}`, { method: "DELETE" });
            setRevoked((before) => new Set([...before, revoking.token_id ?? revoking.id]));
            await queryClient.invalidateQueries({ queryKey: keysQuery.queryKey });
            return `Revoked ${revoking.name}`;
          }}
        >
          <p style={{ margin: 0 }}>Whatever uses it is refused from now on. This cannot be undone.</p>
        </FormDialog>
      )}
    </>
  );
}
