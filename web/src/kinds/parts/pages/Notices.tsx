import { IconBan, IconRefreshAlert, IconRotate } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ActionButton } from "../../../ui/ActionButton";
import { visible } from "../../../ui/names";
import { At } from "../../../ui/Time";
import { holderOf, isMine, type PartContext } from "../actions/context";
import { recheck } from "../actions/recheck";
import { unblock } from "../actions/unblock";
import { isMadeToOld } from "../states";
import type { Part, Remark } from "../types";
import classes from "./Part.module.css";

/** What one should know before going on with a part. */
export function Notices({ part, context }: { part: Part; context: PartContext }) {
  return (
    <>
      {part.blocked && (
        <Notice tone="bad" Icon={IconBan} title="It is blocked" remark={part.blocked}>
          <ActionButton action={unblock} subject={part} context={context} />
        </Notice>
      )}
      {isMadeToOld(part) && (
        <Notice
          tone="warn"
          Icon={IconRefreshAlert}
          title={`Revision ${part.revision} has come since ${isMine(part, context) ? "you" : holderOf(part)} took it`}
          remark={null}
        >
          <ActionButton action={recheck} subject={part} context={context} />
        </Notice>
      )}
      {part.rework && part.category !== "completed" && (
        <Notice tone="warn" Icon={IconRotate} title="It came back for rework" remark={part.rework} />
      )}
    </>
  );
}

interface NoticeProps {
  tone: "bad" | "warn";
  Icon: typeof IconBan;
  title: string;
  remark: Remark | null;
  children?: ReactNode;
}

function Notice({ tone, Icon, title, remark, children }: NoticeProps) {
  return (
    <div className={classes.notice} data-tone={tone} role="status">
      <Icon size={19} stroke={1.8} aria-hidden />
      <p>
        <strong>{title}</strong>
        {remark?.reason && `: ${visible(remark.reason)}`}
        {remark && (
          <span className={classes.dim}>
            {" "}
            {remark.by}, <At at={remark.at} />
          </span>
        )}
      </p>
      {children}
    </div>
  );
}
