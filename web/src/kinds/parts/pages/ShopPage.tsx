import { SegmentedControl } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconCircleCheck,
  IconEyeCheck,
  IconHandGrab,
  IconMoodCheck,
  IconPlus,
  IconTrashX,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ComponentType } from "react";
import { Empty } from "../../../ui/Empty";
import type { IconProps } from "../../../ui/icon";
import { Link } from "../../../ui/Link";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { complain } from "../../../ui/toast";
import type { PartAction, PartContext } from "../actions";
import { block } from "../actions/block";
import { act, isMine } from "../actions/context";
import { count } from "../actions/count";
import { done } from "../actions/done";
import { giveBack } from "../actions/giveBack";
import { recheck } from "../actions/recheck";
import { take } from "../actions/take";
import { unblock } from "../actions/unblock";
import { usePartContext } from "../context";
import { askCount } from "../dialogs";
import { DueMark, PriorityMark, StateMarks } from "../marks";
import { nextQuery } from "../queries";
import { count as sendCount } from "../requests";
import { Thumbnail } from "../Thumbnail";
import type { NextPart, Part, Process } from "../types";
import { madeWord, nameOf, PROCESS_WORDS, PROCESSES } from "../words";
import classes from "./Shop.module.css";
import { ShopHead } from "./ShopHead";
import { useProject } from "./useProject";

/** For a phone beside the machine: what one makes, with big buttons, and what to make next. */
export default function ShopPage() {
  const { project } = useProject();
  const context = usePartContext(project);
  // Whoever stands at the mill wants the same tomorrow.
  const [process, setProcess] = useLocalStorage<Process | "all">({
    key: "toolcrib-shop-process",
    defaultValue: "all",
    getInitialValueInEffect: false,
  });
  const query = useQuery(nextQuery(project, process === "all" ? null : process));
  const parts = query.data ?? [];
  const mine = parts.filter((part) => isMine(part, context));
  const next = parts.filter((part) => !isMine(part, context));
  return (
    <div>
      <ShopHead title="Shop mode" />
      <div className={classes.page}>
        <SegmentedControl
          fullWidth
          size="md"
          aria-label="What I make"
          value={process}
          onChange={(value) => setProcess(value as typeof process)}
          data={[{ value: "all", label: "All" }, ...PROCESSES.map((value) => ({ value, label: PROCESS_WORDS[value] }))]}
        />
        {!query.data && <ListState query={query} />}
        {mine.length > 0 && (
          <section aria-labelledby="shop-mine" className={classes.group}>
            <h2 id="shop-mine">You make</h2>
            {mine.map((part) => (
              <Mine key={part.id} part={part} context={context} />
            ))}
          </section>
        )}
        {query.data && (
          <section aria-labelledby="shop-next" className={classes.group}>
            <h2 id="shop-next">What next</h2>
            {next.map((part, index) => (
              <Next key={part.id} part={part} context={context} first={index === 0} />
            ))}
            {next.length === 0 && (
              <div className="panel">
                <Empty Icon={IconMoodCheck} title="Nothing is waiting">
                  {process === "all" ? "Every part that is approved is taken or done." : `No part is free for ${PROCESS_WORDS[process]}.`}
                </Empty>
              </div>
            )}
          </section>
        )}
      </div>
    </div>
  );
}

function Mine({ part, context }: { part: NextPart; context: PartContext }) {
  const { made, wanted, remaining } = part.quantities;
  const share = wanted > 0 ? Math.min(1, made / wanted) : 0;
  return (
    <article className={`panel ${classes.card}`} aria-label={nameOf(part)}>
      <Head part={part} />
      <div className={classes.progress}>
        <span className="tabular">{madeWord(part.quantities)}</span>
        <span className={classes.bar} aria-hidden="true">
          <span style={{ width: `${share * 100}%` }} />
        </span>
      </div>
      <div className={classes.buttons}>
        {part.claim?.recheck && <BigAction action={recheck} part={part} context={context} Icon={IconEyeCheck} label="I have looked at the new revision" wide main />}
        {remaining > 1 && (
          <Big
            Icon={IconPlus}
            label="Made one"
            refusal={count.refusal(part, context)}
            onClick={() => void act(sendCount(part, { made: 1 }), (now) => `${nameOf(now)}: ${madeWord(now.quantities)}`)}
          />
        )}
        <BigAction action={done} part={part} context={context} Icon={IconCircleCheck} label={remaining > 1 ? "All done" : "Done"} main />
        <Big Icon={IconTrashX} label="Scrap" refusal={count.refusal(part, context)} onClick={() => askCount(part, true)} />
        {part.blocked ? (
          <BigAction action={unblock} part={part} context={context} Icon={IconCircleCheck} label="Problem solved" />
        ) : (
          <BigAction action={block} part={part} context={context} Icon={IconAlertTriangle} label="Problem" />
        )}
        <BigAction action={giveBack} part={part} context={context} Icon={IconArrowBackUp} label="Give back" />
      </div>
    </article>
  );
}

function Next({ part, context, first }: { part: NextPart; context: PartContext; first: boolean }) {
  return (
    <article className={`panel ${classes.card}`} aria-label={nameOf(part)}>
      <Head part={part} />
      {part.why && <p className={classes.why}>{visible(part.why)}</p>}
      <div className={classes.buttons}>
        <BigAction action={take} part={part} context={context} Icon={IconHandGrab} label="Take it" main={first} wide />
      </div>
    </article>
  );
}

function Head({ part }: { part: Part }) {
  return (
    <div className={classes.head}>
      <div className={classes.text}>
        <span className="mono">{visible(part.part_number)}</span>
        <Link to={`/parts/${part.id}`} className={classes.name}>
          {visible(nameOf(part))}
        </Link>
        <span className={classes.what}>
          {part.amount} × {visible(part.material)}
          {part.material_thickness && `, ${visible(part.material_thickness)}`}
          {part.step && ` · ${visible(part.step.process)}`}
          {part.step?.resource && `, ${visible(part.step.resource.name)}`}
        </span>
        <span className={classes.marks}>
          <PriorityMark part={part} />
          <DueMark part={part} />
          <StateMarks part={part} />
        </span>
      </div>
      {part.thumbnail && <Thumbnail part={part} size={72} />}
    </div>
  );
}

interface BigProps {
  Icon: ComponentType<IconProps>;
  label: string;
  refusal: string | null | undefined;
  main?: boolean;
  wide?: boolean;
  onClick: () => void;
}

/** A button for a thumb in a glove. */
function Big({ Icon, label, refusal, main, wide, onClick }: BigProps) {
  if (refusal === undefined) return null;
  return (
    <button
      type="button"
      className={classes.big}
      data-main={main || undefined}
      data-wide={wide || undefined}
      aria-disabled={refusal !== null}
      onClick={() => (refusal === null ? onClick() : complain(new Error(refusal)))}
    >
      <Icon size={24} stroke={1.8} aria-hidden />
      {label}
    </button>
  );
}

type BigActionProps = Pick<BigProps, "Icon" | "label" | "main" | "wide"> & { action: PartAction; part: Part; context: PartContext };

function BigAction({ action, part, context, ...shown }: BigActionProps) {
  return <Big {...shown} refusal={action.refusal(part, context)} onClick={() => action.run(part, context)} />;
}
