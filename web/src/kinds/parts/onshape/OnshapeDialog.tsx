import { TextInput } from "@mantine/core";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { takeNews } from "../actions/context";
import { Subject } from "../dialogs/Subject";
import { change } from "../requests";
import type { Part } from "../types";
import { addressProblem } from "./address";

/** Which drawing at Onshape is this part's. */
export default function OnshapeDialog({ part }: { part: Part }) {
  const [url, setUrl] = useState(part.onshape_url ?? "");
  const text = url.trim();
  const problem = text ? addressProblem(text) : null;
  return (
    <FormDialog
      title="Link to Onshape"
      submit="Link it"
      blocked={text ? (problem && "The address cannot be used.") : part.onshape_url ? null : "Say which drawing it is."}
      onSubmit={async () => {
        try {
          await change(part, { onshape_url: text || null });
        } catch (error) {
          takeNews(error);
          throw error;
        }
        return text ? "Linked to its drawing at Onshape" : "No longer linked to Onshape";
      }}
    >
      <Subject part={part} />
      <TextInput
        label="Address of the drawing"
        description="As the browser shows it, with the drawing's tab open in Onshape."
        placeholder="https://cad.onshape.com/documents/…/w/…/e/…"
        type="url"
        data-autofocus
        error={problem}
        value={url}
        maxLength={500}
        onChange={(event) => setUrl(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
