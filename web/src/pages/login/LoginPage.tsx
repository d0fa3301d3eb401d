import { useEffect } from "react";
import { useGo } from "../../ui/Link";
import { useSearch } from "../../ui/useSearch";
import { Bare } from "./Bare";
import { inside } from "./next";
import { SignInForm } from "./SignInForm";

export default function LoginPage() {
  const go = useGo();
  const [search] = useSearch();
  const next = inside(search.get("next"));
  const failed = search.get("error");
  useEffect(() => {
    document.title = "Sign in · Toolcrib";
  }, []);
  return (
    <Bare title="Sign in" foot="No account, or a forgotten password? An administrator of this server can help.">
      {failed && (
        <p role="alert" style={{ marginTop: 0, color: "var(--mantine-color-error)" }}>
          Single sign-on did not work: {failed}
        </p>
      )}
      <SignInForm onDone={() => go(next, { replace: true })} next={next === "/" ? "" : next} />
    </Bare>
  );
}
