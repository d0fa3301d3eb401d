import { act, isOpen, writeRefusal, type PartContext } from "./actions/context";
import { approve as approveAction } from "./actions/approve";
import { done as doneAction } from "./actions/done";
import { approve, change, load, revert, setSteps } from "./requests";
import type { Category, Part, Process } from "./types";
import { CATEGORY_WORDS, titleOf } from "./words";

/** What it means to put a card into another column: why it cannot be, or what then happens. */
export type Move = { refusal: string } | { refusal: null; run: () => Promise<void> };

const no = (refusal: string): Move => ({ refusal });

export function moveTo(part: Part, column: Category, context: PartContext): Move {
  if (column === part.category) return no("It is there.");
  const readOnly = writeRefusal(context);
  if (readOnly) return no(readOnly);
  if (column === "review") return no("What is approved does not go back to review. Upload a new revision instead.");
  if (column === "completed") return toDone(part, context);
  if (part.category === "review") return fromReview(part, column, context);
  if (part.category === "completed") return fromDone(part, column);
  return toOtherBoard(part, column);
}

function toDone(part: Part, context: PartContext): Move {
  if (!isOpen(part)) return no("It has to be approved first.");
  const refusal = doneAction.refusal(part, context);
  if (refusal) return no(refusal);
  return { refusal: null, run: async () => doneAction.run(part, context) };
}

function fromReview(part: Part, column: Process, context: PartContext): Move {
  const refusal = approveAction.refusal(part, context);
  if (refusal) return no(refusal);
  if (part.step && part.step.board !== column) {
    return no(`Its first step, ${part.step.process}, is on the board ${CATEGORY_WORDS[part.step.board]}.`);
  }
  const run = async (): Promise<Part> => approve(part.step || part.type === column ? part : await change(part, { type: column }));
  return { refusal: null, run: () => act(run(), `${titleOf(part)} is approved, and on the board ${CATEGORY_WORDS[column]}`) };
}

function fromDone(part: Part, column: Process): Move {
  const its = part.type ?? "hand";
  if (column !== its) return no(`It goes back to ${CATEGORY_WORDS[its]}, where it was made.`);
  return { refusal: null, run: () => act(revert(part, ""), `${titleOf(part)} is back on the board ${CATEGORY_WORDS[its]}`) };
}

function toOtherBoard(part: Part, column: Process): Move {
  const done = `${titleOf(part)} is on the board ${CATEGORY_WORDS[column]}`;
  const { step } = part;
  if (!step) return { refusal: null, run: () => act(change(part, { type: column }), done) };
  return { refusal: null, run: () => act(withDueStepOn(part, column, step.id), done) };
}

/** The step that is due is made elsewhere; the others stay as they are planned. */
async function withDueStepOn(part: Part, column: Process, due: number): Promise<Part> {
  const whole = await load(part.id);
  const steps = (whole.steps ?? [])
    .filter((one) => one.state !== "done")
    .map(({ id, process, board, resource, person, note }) => ({
      id,
      process,
      board: id === due ? column : board,
      resource_id: resource?.id ?? null,
      person,
      note,
    }));
  return setSteps(whole, steps);
}
