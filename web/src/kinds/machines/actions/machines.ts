import { forceRelease } from "../../../claims/actions/forceRelease";
import { handOver } from "../../../claims/actions/handOver";
import { release } from "../../../claims/actions/release";
import { acceptKey } from "./acceptKey";
import { check } from "./check";
import { onHold, type MachineAction } from "./context";
import { copySsh } from "./copySsh";
import { edit } from "./edit";
import { enable } from "./enable";
import { enroll } from "./enroll";
import { maintenance } from "./maintenance";
import { quarantine } from "./quarantine";
import { remove } from "./remove";
import { reservation } from "./reservation";
import { reserve } from "./reserve";

/** What people do with a machine, in the order of the menu. */
export const machineActions: readonly MachineAction[] = [
  reserve,
  copySsh,
  reservation,
  onHold(handOver),
  onHold(release),
  onHold(forceRelease),
];

/** What administrators do with it. */
export const adminActions: readonly MachineAction[] = [check, edit, maintenance, quarantine, enable, enroll, acceptKey, remove];

export const allActions: readonly MachineAction[] = [...machineActions, ...adminActions];
