import { Button } from "@mantine/core";
import { IconHandGrab, IconPointer, IconPointerOff } from "@tabler/icons-react";
import { complain } from "../../../ui/toast";
import { control, type ControlVerb } from "../requests";
import type { OpenView, Views } from "../types";
import classes from "./Viewer.module.css";

interface Props {
  name: string;
  views: Views;
  /** The view on this page. */
  own: OpenView;
  /** The person here is the desktop's holder. */
  holder: boolean;
}

function send(name: string, verb: ControlVerb, viewId: string): void {
  void control(name, verb, viewId).catch(complain);
}

/** Who has pointer and keyboard, and the way to have them. */
export function ControlBar({ name, views, own, holder }: Props) {
  const { controller } = views;
  if (own.view_only) return <span className={classes.quiet}>You only look</span>;
  if (controller?.view_id === own.id) {
    return (
      <>
        <span className={classes.quiet}>You have control</span>
        {views.views.length > 1 && (
          <Button size="compact-xs" variant="default" leftSection={<IconPointerOff size={14} />} onClick={() => send(name, "release", own.id)}>
            Give up control
          </Button>
        )}
      </>
    );
  }
  return (
    <>
      <span className={classes.quiet}>{controller ? `${controller.person} has control` : "Nobody has control"}</span>
      {holder || !controller ? (
        <Button size="compact-xs" variant="default" leftSection={<IconPointer size={14} />} onClick={() => send(name, "take", own.id)}>
          Take control
        </Button>
      ) : (
        <Button size="compact-xs" variant="default" disabled={own.asks_since !== null} leftSection={<IconHandGrab size={14} />} onClick={() => send(name, "ask", own.id)}>
          {own.asks_since === null ? "Ask for control" : "Asked"}
        </Button>
      )}
    </>
  );
}

/** What whoever has control, or the holder, is asked. */
export function Asking({ name, views, own, holder }: Props) {
  if (!holder && views.controller?.view_id !== own.id) return null;
  const asking = views.views.find((view) => view.asks_since !== null && view.id !== own.id);
  if (!asking) return null;
  return (
    <div className={classes.asks} role="alertdialog" aria-label={`${asking.person} asks for control`}>
      <span>{asking.person} asks for control</span>
      <Button size="compact-xs" onClick={() => send(name, "give", asking.id)}>
        Give it
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => send(name, "refuse", asking.id)}>
        Not now
      </Button>
    </div>
  );
}
