import { useRef } from "react";
import { ModelView, type Viewer } from "./ModelView";
import classes from "./Compare.module.css";

export interface Compared {
  src: string;
  alt: string;
  caption: string;
}

/** Two models from the same side, at the same scale: turning one turns the other. */
export function Compare({ before, after }: { before: Compared; after: Compared }) {
  const viewers = useRef<Partial<Record<"before" | "after", Viewer>>>({});
  const follow = (leader: Viewer): void => {
    for (const viewer of Object.values(viewers.current)) {
      if (viewer !== leader) turnAs(viewer, leader);
    }
  };
  const onLoaded = (which: "before" | "after") => (viewer: Viewer) => {
    viewers.current[which] = viewer;
    const other = viewers.current[which === "before" ? "after" : "before"];
    if (!other) return;
    // The one that needs more room says how far away both are seen from.
    const [wide, narrow] = radius(other) >= radius(viewer) ? [other, viewer] : [viewer, other];
    turnAs(narrow, wide);
  };
  return (
    <div className={classes.pair}>
      {(["before", "after"] as const).map((which) => {
        const { src, alt, caption } = which === "before" ? before : after;
        return (
          <figure key={which} className={classes.one}>
            <div className={classes.view}>
              <ModelView src={src} alt={alt} onLoaded={onLoaded(which)} onTurned={follow} />
            </div>
            <figcaption className={classes.caption}>{caption}</figcaption>
          </figure>
        );
      })}
    </div>
  );
}

function radius(viewer: Viewer): number {
  return viewer.getCameraOrbit().radius;
}

function turnAs(viewer: Viewer, leader: Viewer): void {
  viewer.cameraOrbit = leader.getCameraOrbit().toString();
  viewer.cameraTarget = leader.getCameraTarget().toString();
  viewer.fieldOfView = `${leader.getFieldOfView()}deg`;
  viewer.jumpCameraToGoal();
}
