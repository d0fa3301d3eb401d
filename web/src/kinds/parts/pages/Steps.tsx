import { IconCircle, IconCircleCheckFilled, IconCircleDot } from "@tabler/icons-react";
import { ActionButton } from "../../../ui/ActionButton";
import { Chip } from "../../../ui/Chip";
import { visible } from "../../../ui/names";
import { Ago } from "../../../ui/Time";
import type { PartContext } from "../actions";
import { steps as plan } from "../actions/steps";
import type { Part, Step } from "../types";
import { PROCESS_WORDS } from "../words";
import classes from "./Part.module.css";

/** The way of a part through the shop. */
export function Steps({ part, context }: { part: Part; context: PartContext }) {
  const steps = part.steps ?? [];
  return (
    <section className={`panel ${classes.box}`} aria-labelledby="part-steps">
      <h2 className={classes.boxName} id="part-steps">
        Steps
        <span style={{ flex: 1 }} />
        <ActionButton action={plan} subject={part} context={context} />
      </h2>
      {steps.length === 0 && <p className={classes.quiet}>It is made in one go.</p>}
      <ol className={classes.steps}>
        {steps.map((step) => (
          <li key={step.id} className={classes.step} data-state={step.state} aria-current={isDue(step) ? "step" : undefined}>
            <Mark step={step} />
            <div>
              <strong>{visible(step.process)}</strong> <Chip>{PROCESS_WORDS[step.board]}</Chip>
              <span className={classes.stepMore}>
                {step.resource && <span>{visible(step.resource.name)}</span>}
                {step.person && <span>for {visible(step.person)}</span>}
                {step.note && <span>{visible(step.note)}</span>}
                {step.finished_at ? (
                  <span>
                    done by {step.finished_by ?? "somebody"} <Ago at={step.finished_at} />
                  </span>
                ) : (
                  step.state === "in_progress" && <span>in progress</span>
                )}
              </span>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function isDue(step: Step): boolean {
  return step.state === "due" || step.state === "in_progress";
}

function Mark({ step }: { step: Step }) {
  const Icon = step.state === "done" ? IconCircleCheckFilled : isDue(step) ? IconCircleDot : IconCircle;
  return <Icon size={18} stroke={1.7} aria-hidden className={classes.stepMark} />;
}
