import { ConfirmPage } from "./ConfirmPage";

export default function ConfirmEmailPage() {
  return <ConfirmPage what="email" title="Confirm your new address" />;
}
