import { Button, Group, PasswordInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { meQuery, otpQuery, queryClient } from "../../api/queries";
import { FormDialog } from "../../overlays/FormDialog";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import { Ago } from "../../ui/Time";
import { EnrolTwoSteps } from "./EnrolTwoSteps";
import { RecoveryCodes } from "./RecoveryCodes";
import classes from "./Settings.module.css";

function readAgain(): Promise<unknown> {
  return Promise.all([
    queryClient.invalidateQueries({ queryKey: otpQuery.queryKey }),
    queryClient.invalidateQueries({ queryKey: meQuery.queryKey }),
  ]);
}

/** Two-step sign-in: on, off, or being set up. */
export function TwoSteps() {
  const { data: state, error, isPending } = useQuery(otpQuery);
  const [asking, setAsking] = useState<"disable" | "recovery-codes" | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  return (
    <>
      <h2 className={classes.heading}>Two-step sign-in</h2>
      <p className={classes.lead}>
        Signing in then takes your password and a code that an app on your phone shows.
        {state?.is_required && " This server requires it of administrators."}
      </p>
      <Refusal error={error} />
      {isPending && <ListSkeleton />}
      {codes && <RecoveryCodes codes={codes} onDone={() => setCodes(null)} />}
      {state && !codes && !state.is_available && (
        <p className={classes.step}>You sign in through another service, which asks for a second step itself, or does not.</p>
      )}
      {state && !codes && state.is_available && !state.enabled && <EnrolTwoSteps onDone={() => void readAgain()} />}
      {state?.enabled && !codes && (
        <>
          <dl className={classes.facts}>
            <dt>On since</dt>
            <dd>
              <Ago at={state.enabled_at!} />
            </dd>
            <dt>Recovery codes</dt>
            <dd>{state.recovery_codes_left === 1 ? "1 left" : `${state.recovery_codes_left} left`}</dd>
          </dl>
          <Group gap="xs" mt="lg">
            <Button variant="default" onClick={() => setAsking("recovery-codes")}>
              Make new recovery codes
            </Button>
            <Button variant="default" c="var(--crib-over)" onClick={() => setAsking("disable")}>
              Turn off
            </Button>
          </Group>
        </>
      )}
      {asking && (
        <AskBoth
          what={asking}
          onClose={() => setAsking(null)}
          onCodes={(made) => {
            setCodes(made);
            void readAgain();
          }}
        />
      )}
    </>
  );
}

interface Asked {
  what: "disable" | "recovery-codes";
  onClose: () => void;
  onCodes: (codes: string[]) => void;
}

/** Password and code, once more. */
function AskBoth({ what, onClose, onCodes }: Asked) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const off = what === "disable";
  const send = async (): Promise<string> => {
    const answer = await api<{ recovery_codes: string[] } | undefined>(`users/me/otp/${what}`, {
      method: "POST",
      json: { current_password: password, otp: code.trim() },
      checksPassword: true,
    });
    if (answer) onCodes(answer.recovery_codes);
    else await readAgain();
    return off ? "Two-step sign-in is off" : "The former recovery codes are void";
  };
  return (
    <FormDialog
      title={off ? "Turn off two-step sign-in?" : "Make new recovery codes?"}
      submit={off ? "Turn off" : "Make new codes"}
      danger={off}
      blocked={password && code.trim() ? null : "Password and code are needed."}
      onClose={onClose}
      onSubmit={send}
    >
      <PasswordInput
        label="Current password"
        autoComplete="current-password"
        data-autofocus
        value={password}
        visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <TextInput
        label="Code"
        description="The six digits that your app shows, or a recovery code."
        autoComplete="one-time-code"
        maxLength={64}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
