import { FormDialog } from "../../../../overlays/FormDialog";
import { folderLink, nameOf, type Place } from "../../places";
import { archiveFolder, restore } from "../../requests";
import { Link } from "../../../../ui/Link";
import { visible } from "../../../../ui/names";
import { sayWithUndo } from "../../../../ui/toast";

export function RemoveFolderDialog({ place, onClose }: { place: Place; onClose: () => void }) {
  const name = nameOf(place.path);
  return (
    <FormDialog
      title={`Delete ${visible(name)}?`}
      submit="Delete it"
      danger
      onClose={onClose}
      onSubmit={async () => {
        const files = await archiveFolder(place);
        const many = files.length === 1 ? "1 file" : `${files.length.toLocaleString()} files`;
        if (files.length === 0) return `Deleted the folder ${name}`;
        sayWithUndo(`Deleted ${name} with ${many}`, () => restore(files));
        return null;
      }}
    >
      <p style={{ margin: 0 }}>
        The folder goes, with everything in it. Its files can be brought back from{" "}
        <Link to={`${folderLink({ ...place, path: "" })}&view=deleted`}>Deleted files</Link>.
      </p>
    </FormDialog>
  );
}
