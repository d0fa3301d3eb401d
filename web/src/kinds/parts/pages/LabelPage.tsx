import { Button, NumberInput, SegmentedControl } from "@mantine/core";
import { IconPrinter, IconQrcode } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { serverUrl } from "../../../api/base";
import { Empty } from "../../../ui/Empty";
import { ListState } from "../../../ui/ListState";
import { Link } from "../../../ui/Link";
import { visible } from "../../../ui/names";
import { useSearch } from "../../../ui/useSearch";
import { partQuery } from "../queries";
import type { Part } from "../types";
import { nameOf, revisionWord } from "../words";
import classes from "./Label.module.css";
import { QrCode } from "../../../ui/QrCode";

const MOST = 100;

/** Labels to print and stick on: with a code that opens the part on a phone. */
export default function LabelPage() {
  const [search] = useSearch();
  const ids = [...new Set((search.get("ids") ?? "").split(",").map(Number))].filter((id) => Number.isInteger(id) && id > 0).slice(0, MOST);
  const queries = useQueries({ queries: ids.map((id) => partQuery(id)) });
  const [size, setSize] = useState("small");
  const [copies, setCopies] = useState<number | string>(1);
  const unread = queries.find((one) => !one.data);
  const parts = queries.flatMap(({ data }) => (data ? [data] : []));
  const each = typeof copies === "number" ? Math.min(Math.max(copies, 1), 50) : 1;
  return (
    <div className="page-scroll">
      <div className={classes.tools}>
        <h1>Labels</h1>
        <SegmentedControl
          size="xs"
          aria-label="Size"
          value={size}
          onChange={setSize}
          data={[
            { value: "small", label: "62 × 29 mm" },
            { value: "large", label: "100 × 50 mm" },
          ]}
        />
        <NumberInput size="xs" w={90} aria-label="Copies of each" suffix=" ×" min={1} max={50} value={copies} onChange={setCopies} />
        <span style={{ flex: 1 }} />
        {parts.length === 1 && (
          <Button component={Link} to={`/parts/${parts[0]!.id}`} size="xs" variant="subtle">
            Back to the part
          </Button>
        )}
        {parts.length > 0 && (
          <Button size="xs" leftSection={<IconPrinter size={15} />} onClick={() => print()}>
            Print
          </Button>
        )}
      </div>
      {unread && <ListState query={unread} />}
      {ids.length === 0 && (
        <div className="panel">
          <Empty Icon={IconQrcode} title="No part is chosen">
            “Print a label” is in the menu of every part.
          </Empty>
        </div>
      )}
      <div className={classes.sheet} data-size={size}>
        {parts.flatMap((part) => Array.from({ length: each }, (_, copy) => <Label key={`${part.id} ${copy}`} part={part} />))}
      </div>
    </div>
  );
}

function Label({ part }: { part: Part }) {
  return (
    <article className={classes.label} aria-label={`Label of ${visible(nameOf(part))}`}>
      <QrCode text={`${serverUrl()}/parts/${part.id}`} label={`Opens ${visible(nameOf(part))}`} />
      <div className={classes.text}>
        <span className={classes.number}>{visible(part.part_number)}</span>
        {part.name && <strong>{visible(part.name)}</strong>}
        <span>
          {part.amount} × {visible(part.material)}
          {part.material_thickness && `, ${visible(part.material_thickness)}`}
        </span>
        <span>
          {visible(part.subsystem)}
          {part.revision > 0 && `, ${revisionWord(part)}`}
        </span>
      </div>
    </article>
  );
}
