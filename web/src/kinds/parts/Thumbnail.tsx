import { useState } from "react";
import { apiUrl } from "../../api/base";
import { query } from "../../api/client";
import classes from "./Thumbnail.module.css";
import type { Part } from "./types";

/** A small picture of the newest model; nothing where there is none. */
export function Thumbnail({ part, size }: { part: Pick<Part, "id" | "revision">; size: number }) {
  const [failed, setFailed] = useState(false);
  if (failed) return null;
  return (
    <img
      className={classes.picture}
      src={apiUrl(`shop/parts/${part.id}/thumbnail${query({ revision: part.revision })}`)}
      alt=""
      width={size}
      height={size}
      loading="lazy"
      draggable={false}
      onError={() => setFailed(true)}
    />
  );
}
