import { Anchor, Text } from "@mantine/core";
import { useEffect } from "react";
import { SignInForm } from "../pages/login/SignInForm";
import { lookForSession, signOut, useMe } from "../session/session";
import { Dialog } from "../ui/Dialog";

/** Over whatever page one was on: what was being typed there stays. */
export default function SignInDialog() {
  const me = useMe();
  useEffect(() => {
    // Single sign-on happens in another window; coming back from it is a focus.
    const look = (): void => void lookForSession();
    addEventListener("focus", look);
    return () => removeEventListener("focus", look);
  }, []);
  return (
    <Dialog
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session has ended"
      size="sm"
      zIndex={500}
    >
      <Text size="sm" c="dimmed" mb="md">
        Sign in again to go on where you were. Nothing you typed is lost.
      </Text>
      <SignInForm username={me.username} onDone={() => undefined} beside />
      <Text size="sm" mt="md">
        Not {me.username}?{" "}
        <Anchor component="button" type="button" size="sm" onClick={() => void signOut()}>
          Sign in as someone else
        </Anchor>
      </Text>
    </Dialog>
  );
}
