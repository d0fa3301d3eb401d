import { NumberInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { hide } from "../../../overlays/overlays";
import { Dialog } from "../../../ui/Dialog";
import { Link } from "../../../ui/Link";
import { ListState } from "../../../ui/ListState";
import { shownNumber } from "../figures";
import { materialsQuery, partQuery } from "../queries";
import { setMaterials } from "../requests";
import type { Material, Part } from "../types";
import classes from "./dialogs.module.css";
import { Subject } from "./Subject";

/** What a part takes from the material on hand. */
export default function MaterialsDialog({ part }: { part: Part }) {
  const whole = useQuery(partQuery(part.id));
  const stock = useQuery(materialsQuery(part.project));
  if (whole.data && stock.data) return <MaterialsForm part={whole.data} stock={stock.data} />;
  return (
    <Dialog onClose={hide} title="Reserve material">
      <ListState query={whole.data ? stock : whole} />
    </Dialog>
  );
}

function MaterialsForm({ part, stock }: { part: Part; stock: readonly Material[] }) {
  const reserved = new Map((part.materials ?? []).map((one) => [one.id, one.quantity]));
  const [wanted, setWanted] = useState<Record<number, number | string>>(() => Object.fromEntries(reserved));
  return (
    <FormDialog
      title="Reserve material"
      submit="Reserve"
      blocked={stock.length ? null : "There is no material on the list yet."}
      onSubmit={async () => {
        const chosen = Object.entries(wanted).filter(([, quantity]) => Number(quantity) > 0);
        await setMaterials(part, chosen.map(([id, quantity]) => ({ material_id: Number(id), quantity: Number(quantity) })));
        return chosen.length ? "The material is reserved" : "Nothing is reserved for it any more";
      }}
    >
      <Subject part={part} />
      <div className={classes.fields}>
        {stock.map((one, index) => (
          <NumberInput
            key={one.id}
            label={one.name}
            description={`${[shownNumber(one.free + (reserved.get(one.id) ?? 0)), one.unit, "free"].filter(Boolean).join(" ")}`}
            data-autofocus={index === 0 || undefined}
            min={0}
            allowDecimal={false}
            suffix={one.unit ? ` ${one.unit}` : undefined}
            value={wanted[one.id] ?? ""}
            onChange={(quantity) => setWanted((now) => ({ ...now, [one.id]: quantity }))}
          />
        ))}
      </div>
      {stock.length === 0 && (
        <p className={classes.note}>
          The list of material is in the <Link to="/parts/settings" onClick={hide}>settings of the shop</Link>.
        </p>
      )}
    </FormDialog>
  );
}
