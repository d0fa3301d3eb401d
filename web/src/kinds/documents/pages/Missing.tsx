import { Alert } from "@mantine/core";

/** Says that a list is not whole, where the server could not ask who may see some projects. */
export function Missing({ what, warnings }: { what: string; warnings: readonly string[] | undefined }) {
  if (!warnings?.length) return null;
  return (
    <Alert role="status" color="yellow" variant="light" styles={{ message: { color: "var(--mantine-color-text)" } }}>
      {what} of projects may be missing here: the service that decides about projects does not answer.
    </Alert>
  );
}
