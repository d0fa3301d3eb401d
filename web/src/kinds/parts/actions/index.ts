import { approve } from "./approve";
import { assign } from "./assign";
import { block } from "./block";
import type { PartAction } from "./context";
import { count } from "./count";
import { done } from "./done";
import { edit } from "./edit";
import { giveBack } from "./giveBack";
import { label } from "./label";
import { lastStep } from "./lastStep";
import { materials } from "./materials";
import { recheck } from "./recheck";
import { reject } from "./reject";
import { remove } from "./remove";
import { revert } from "./revert";
import { rework } from "./rework";
import { steps } from "./steps";
import { take } from "./take";
import { takeOver } from "./takeOver";
import { unblock } from "./unblock";
import { upload } from "./upload";

export type { PartAction, PartContext } from "./context";

/** What moves a part on: the page shows the first ones as buttons. */
export const workActions: readonly PartAction[] = [
  approve,
  reject,
  recheck,
  take,
  done,
  count,
  lastStep,
  unblock,
  block,
  giveBack,
  takeOver,
  assign,
  rework,
  revert,
];

/** What changes what it is. */
export const planActions: readonly PartAction[] = [edit, steps, materials, upload, label, remove];

export const partActions: readonly PartAction[] = [...workActions, ...planActions];
