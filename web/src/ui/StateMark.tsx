import classes from "./ui.module.css";

export type Tone = "good" | "busy" | "soon" | "bad" | "quiet";

/** How a state is shown. */
export interface Look {
  label: string;
  tone: Tone;
  /** What it means, for people who hover. */
  title: string;
}

/** The look of a state; a newer server may know more of them. */
export function lookOf(looks: Record<string, Look>, state: string): Look {
  return looks[state] ?? { label: state.charAt(0).toUpperCase() + state.slice(1), tone: "quiet", title: state };
}

/** A state in a word, with a dot in its colour. */
export function StateMark({ look, note }: { look: Look; note?: string | null }) {
  const { label, tone, title } = look;
  return (
    <span className={classes.state} data-tone={tone} title={note ? `${title}: ${note}` : title}>
      {label}
    </span>
  );
}
