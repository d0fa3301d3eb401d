import { Button, NumberInput, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { complain, say } from "../../../ui/toast";
import { shownNumber } from "../figures";
import { materialsQuery } from "../queries";
import { addMaterial, changeMaterial, removeMaterial } from "../requests";
import type { Material } from "../types";
import classes from "./ShopSettings.module.css";

interface Props {
  project: string;
  rules: boolean;
  /** May change how much there is. */
  writes: boolean;
}

/** Material on hand: a count that parts reserve from. */
export function MaterialsList({ project, rules, writes }: Props) {
  const query = useQuery(materialsQuery(project));
  const [open, setOpen] = useState<Material | "new" | null>(null);
  const remove = (one: Material): void => {
    removeMaterial(one.id).then(() => say(`Removed ${one.name}`), complain);
  };
  return (
    <section className={`panel ${classes.panel}`} aria-labelledby="shop-materials">
      <h2 id="shop-materials">
        Material on hand
        <span style={{ flex: 1 }} />
        {rules && (
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => setOpen("new")}>
            Add material
          </Button>
        )}
      </h2>
      {!query.data && <ListState query={query} />}
      {query.data?.length === 0 && <p className={classes.note}>None yet. Parts can reserve from what is here.</p>}
      <ul className={classes.rows}>
        {query.data?.map((one) => (
          <li key={one.id} className={classes.row}>
            <div className={classes.rowText}>
              <strong>{visible(one.name)}</strong>
              {one.note && <span>{visible(one.note)}</span>}
            </div>
            <span className="tabular">
              {[shownNumber(one.free), one.unit, "free of", shownNumber(one.on_hand)].filter(Boolean).join(" ")}
            </span>
            {writes && (
              <Button size="compact-xs" variant="subtle" aria-label={`Edit ${one.name}`} onClick={() => setOpen(one)}>
                Edit
              </Button>
            )}
            {rules && (
              <Button size="compact-xs" variant="subtle" color="red.8" aria-label={`Remove ${one.name}`} onClick={() => remove(one)}>
                Remove
              </Button>
            )}
          </li>
        ))}
      </ul>
      {open && <MaterialDialog project={project} material={open === "new" ? null : open} rules={rules} onClose={() => setOpen(null)} />}
    </section>
  );
}

interface DialogProps {
  project: string;
  material: Material | null;
  rules: boolean;
  onClose: () => void;
}

function MaterialDialog({ project, material, rules, onClose }: DialogProps) {
  const [name, setName] = useState(material?.name ?? "");
  const [unit, setUnit] = useState(material ? (material.unit ?? "") : "pieces");
  const [onHand, setOnHand] = useState<number | string>(material?.on_hand ?? 0);
  const [note, setNote] = useState(material?.note ?? "");
  return (
    <FormDialog
      title={material ? material.name : "Add material"}
      submit={material ? "Save" : "Add it"}
      blocked={name.trim() ? null : "Give it a name."}
      onClose={onClose}
      onSubmit={async () => {
        const stock = { on_hand: Number(onHand) || 0 };
        const fields = { name: name.trim(), unit: unit.trim() || null, note: note.trim() || null, ...stock };
        await (material ? changeMaterial(material.id, rules ? fields : stock) : addMaterial(project, fields));
        return material ? "Saved" : `Added ${name.trim()}`;
      }}
    >
      <TextInput
        label="Name"
        placeholder="Aluminium tube 20 × 20 × 2"
        data-autofocus={!material || undefined}
        disabled={!rules}
        value={name}
        maxLength={200}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <div className={classes.pair}>
        <NumberInput
          label="On hand"
          data-autofocus={material ? true : undefined}
          min={0}
          allowDecimal={false}
          value={onHand}
          onChange={setOnHand}
        />
        <TextInput label="Unit" disabled={!rules} value={unit} maxLength={20} onChange={(event) => setUnit(event.currentTarget.value)} />
      </div>
      <TextInput label="Note" disabled={!rules} value={note} maxLength={500} onChange={(event) => setNote(event.currentTarget.value)} />
    </FormDialog>
  );
}
