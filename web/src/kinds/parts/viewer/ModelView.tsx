import { useEffect, useRef, useState } from "react";
import type { PartViewer, Section } from "./element";
import classes from "./ModelView.module.css";
import { shownNumber } from "../figures";

export type Viewer = PartViewer;

interface Props {
  src: string;
  /** What is to be seen, for those who do not see it. */
  alt: string;
  /** An orbit as <model-viewer> writes it: "45deg 60deg auto". */
  orbit?: string;
  section?: Section | null;
  dimensions?: boolean;
  /** The model is there. */
  onLoaded?: (viewer: Viewer) => void;
  /** The person turned it. */
  onTurned?: (viewer: Viewer) => void;
}

export const FIRST_ORBIT = "40deg 62deg auto";

/** A 3D model. The code that draws it comes with the first one. */
export function ModelView({ src, alt, orbit = FIRST_ORBIT, section = null, dimensions = false, onLoaded, onTurned }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [viewer, setViewer] = useState<Viewer | null>(null);
  const [state, setState] = useState<"loading" | "there" | "failed">("loading");
  const [reason, setReason] = useState("");
  const handlers = useRef({ onLoaded, onTurned });
  useEffect(() => {
    handlers.current = { onLoaded, onTurned };
  });

  useEffect(() => {
    let gone = false;
    let made: Viewer | null = null;
    import("./element").then(
      ({ PartViewer }) => {
        if (gone) return;
        const element = new PartViewer();
        made = element;
        element.cameraControls = true;
        element.touchAction = "pan-y";
        element.interactionPrompt = "none";
        element.maxCameraOrbit = "auto 180deg 400%";
        element.minCameraOrbit = "auto 0deg 5%";
        element.environmentImage = "neutral";
        element.setAttribute("exposure", "1");
        element.className = classes.viewer!;
        element.addEventListener("load", () => {
          setState("there");
          handlers.current.onLoaded?.(element);
        });
        element.addEventListener("error", (event) => {
          const { type } = (event as Event as CustomEvent<{ type?: string }>).detail ?? {};
          setReason(type === "webglcontextlost" ? "The browser has stopped drawing in 3D. Reload the page." : "The model could not be drawn.");
          setState("failed");
        });
        element.addEventListener("camera-change", (event) => {
          const { source } = (event as CustomEvent<{ source: string }>).detail;
          if (source === "user-interaction") handlers.current.onTurned?.(element);
        });
        place.current?.append(element);
        setViewer(element);
      },
      () => {
        setReason("The code that draws models could not be loaded. Reload the page.");
        setState("failed");
      },
    );
    return () => {
      gone = true;
      made?.remove();
    };
  }, []);

  useEffect(() => {
    if (!viewer) return;
    setState("loading");
    viewer.src = src;
  }, [viewer, src]);
  useEffect(() => {
    if (viewer) viewer.alt = alt;
  }, [viewer, alt]);
  useEffect(() => {
    if (viewer) viewer.cameraOrbit = orbit;
  }, [viewer, orbit]);
  useEffect(() => {
    if (viewer && state === "there") viewer.section = section;
  }, [viewer, state, section]);
  useEffect(() => {
    if (viewer && state === "there" && dimensions) return showDimensions(viewer);
  }, [viewer, state, dimensions]);

  return (
    <div className={classes.place} ref={place} data-state={state}>
      {state === "loading" && (
        <p className={classes.state} role="status">
          Reading the model…
        </p>
      )}
      {state === "failed" && (
        <p className={classes.state} role="status">
          {reason}
        </p>
      )}
    </div>
  );
}

/** The three lengths, at three edges of the box around the model. Returns how to take them away. */
function showDimensions(viewer: Viewer): () => void {
  const size = viewer.getDimensions();
  const center = viewer.getBoundingBoxCenter();
  const at = (x: number, y: number, z: number): string =>
    `${center.x + (x * size.x) / 2}m ${center.y + (y * size.y) / 2}m ${center.z + (z * size.z) / 2}m`;
  const labels = (
    [
      ["x", at(0, -1, 1)],
      ["y", at(1, 0, 1)],
      ["z", at(1, -1, 0)],
    ] as const
  ).map(([axis, position]) => {
    const label = document.createElement("span");
    label.slot = `hotspot-size-${axis}`;
    label.dataset.position = position;
    label.dataset.normal = "0m 1m 0m";
    label.className = classes.size!;
    label.textContent = `${shownNumber(size[axis] * 1000, 2)} mm`;
    viewer.append(label);
    return label;
  });
  return () => labels.forEach((label) => label.remove());
}
