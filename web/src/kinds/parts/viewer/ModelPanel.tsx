import { SegmentedControl, Slider } from "@mantine/core";
import { IconCube, IconRulerMeasure } from "@tabler/icons-react";
import { useState } from "react";
import type { Section } from "./element";
import { FIRST_ORBIT, ModelView, type Viewer } from "./ModelView";
import classes from "./ModelPanel.module.css";

const VIEWS = [
  { label: "Front", orbit: "0deg 90deg auto" },
  { label: "Right", orbit: "90deg 90deg auto" },
  { label: "Top", orbit: "0deg 0deg auto" },
] as const;

interface Props {
  src: string;
  alt: string;
  onLoaded?: (viewer: Viewer) => void;
}

/** A model with what one does to look at it: from a side, measured, cut open. */
export function ModelPanel({ src, alt, onLoaded }: Props) {
  const [orbit, setOrbit] = useState<string>(FIRST_ORBIT);
  const [viewer, setViewer] = useState<Viewer | null>(null);
  const [dimensions, setDimensions] = useState(false);
  const [axis, setAxis] = useState<"off" | Section["axis"]>("off");
  const [share, setShare] = useState(50);
  const look = (to: string): void => {
    setOrbit(to);
    // Also when the person has turned it since.
    if (!viewer) return;
    viewer.cameraOrbit = to;
    viewer.cameraTarget = "auto auto auto";
    viewer.fieldOfView = "auto";
  };
  return (
    <div className={classes.panel}>
      <div className={classes.view}>
        <ModelView
          src={src}
          alt={alt}
          orbit={orbit}
          dimensions={dimensions}
          section={axis === "off" ? null : { axis, share: share / 100 }}
          onLoaded={(loaded) => {
            setViewer(loaded);
            onLoaded?.(loaded);
          }}
        />
      </div>
      <div className={classes.tools} role="toolbar" aria-label="How to look at the model">
        <button type="button" className={classes.tool} onClick={() => look(FIRST_ORBIT)}>
          <IconCube size={15} stroke={1.7} aria-hidden /> All of it
        </button>
        {VIEWS.map(({ label, orbit: to }) => (
          <button key={label} type="button" className={classes.tool} onClick={() => look(to)}>
            {label}
          </button>
        ))}
        <button type="button" className={classes.tool} aria-pressed={dimensions} onClick={() => setDimensions((now) => !now)}>
          <IconRulerMeasure size={15} stroke={1.7} aria-hidden /> Dimensions
        </button>
        <span className={classes.section}>
          <span id="part-section">Section</span>
          <SegmentedControl
            size="xs"
            aria-labelledby="part-section"
            value={axis}
            onChange={(value) => setAxis(value as typeof axis)}
            data={[
              { value: "off", label: "Off" },
              { value: "x", label: "X" },
              { value: "y", label: "Y" },
              { value: "z", label: "Z" },
            ]}
          />
        </span>
        {axis !== "off" && (
          <Slider
            className={classes.slider}
            thumbLabel="Where it is cut"
            label={null}
            min={1}
            max={99}
            value={share}
            onChange={setShare}
          />
        )}
      </div>
    </div>
  );
}
