import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { visible } from "../../../ui/names";
import { askToStart } from "../dialogs";
import { configurationsQuery } from "../queries";
import type { Configuration } from "../types";
import classes from "./Desktops.module.css";

/** What desktops can be made from. */
export function Gallery() {
  const { data = [] } = useQuery(configurationsQuery);
  if (data.length === 0) return null;
  return (
    <section>
      <h2 className={classes.subhead}>Configurations</h2>
      <ul className={classes.gallery} aria-label="Configurations">
        {data.map((configuration) => (
          <li key={configuration.id} className={`panel ${classes.tile}`}>
            <h3 className={classes.title}>{visible(configuration.name)}</h3>
            <p className={classes.quiet}>{visible(configuration.description) || <span className="mono">{visible(configuration.image)}</span>}</p>
            <p className={classes.quiet}>{sizeOf(configuration)}</p>
            <Button size="xs" variant="light" onClick={() => askToStart(configuration.id)} aria-label={`Start ${visible(configuration.name)}`}>
              Start
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "1 to 4 CPU, 4 to 16 GiB". */
export function sizeOf({ min_cpu: low, max_cpu: high, min_ram: least, max_ram: most }: Configuration): string {
  const cpu = low === high ? `${low}` : `${low} to ${high}`;
  return `${cpu} CPU, ${least === most ? memory(least) : `${memory(least)} to ${memory(most)}`}`;
}

function memory(quantity: string): string {
  const found = /^(\d+)(Mi|Gi)$/.exec(quantity);
  if (!found) return quantity;
  const mebibytes = Number(found[1]) * (found[2] === "Gi" ? 1024 : 1);
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024} GiB` : `${mebibytes} MiB`;
}
