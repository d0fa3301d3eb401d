import { ConfirmPage } from "./ConfirmPage";

export default function ConfirmPasswordPage() {
  return <ConfirmPage what="password" title="Confirm your new password" />;
}
