import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { meQuery, queryClient } from "../../api/queries";
import { signOut } from "../../session/session";
import { useGo } from "../../ui/Link";
import { EnrolTwoSteps } from "../settings/EnrolTwoSteps";
import { Bare } from "./Bare";

/** An administrator who must set up two-step sign-in before anything else. */
export default function TwoStepsPage() {
  const { data: me, error } = useQuery(meQuery);
  const go = useGo();
  useEffect(() => {
    document.title = "Two-step sign-in · Toolcrib";
  }, []);
  const elsewhere = error ? "/login" : me && !me.must_enrol ? "/" : null;
  useEffect(() => {
    if (elsewhere) go(elsewhere, { replace: true });
  }, [elsewhere, go]);
  const onDone = async (): Promise<void> => {
    await queryClient.fetchQuery({ ...meQuery, staleTime: 0 });
    go("/", { replace: true });
  };
  if (!me) return null;
  return (
    <Bare
      title="Set up two-step sign-in"
      foot={
        <>
          This server requires it of administrators. You are {me.username}.{" "}
          <Anchor component="button" type="button" size="sm" onClick={() => void signOut()}>
            Sign out
          </Anchor>
        </>
      }
    >
      <EnrolTwoSteps onDone={() => void onDone()} />
    </Bare>
  );
}
