import type { Machine } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { enroll } from "../requests";

export function EnrollDialog({ machine }: { machine: Machine }) {
  const { name } = machine;
  return (
    <FormDialog
      title={`A key in place of the password of ${name}`}
      submit="Replace it"
      onSubmit={async () => {
        await enroll(name);
        return `The pool signs in on ${name} with its key`;
      }}
    >
      <p style={{ margin: 0 }}>
        The pool lets a key of its own in, tries it, and then forgets the password. If the key does not work, everything
        stays as it is.
      </p>
    </FormDialog>
  );
}
