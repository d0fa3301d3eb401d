import { lazyDialog } from "../../overlays/lazyDialog";
import { show } from "../../overlays/overlays";
import type { ReasonQuestion } from "./dialogs/ReasonDialog";
import type { Part } from "./types";

const ReasonDialog = lazyDialog(() => import("./dialogs/ReasonDialog"));
const AssignDialog = lazyDialog(() => import("./dialogs/AssignDialog"));
const CountDialog = lazyDialog(() => import("./dialogs/CountDialog"));
const OverrideDialog = lazyDialog(() => import("./dialogs/OverrideDialog"));
const ReworkDialog = lazyDialog(() => import("./dialogs/ReworkDialog"));
const PartDialog = lazyDialog(() => import("./dialogs/PartDialog"));
const StepsDialog = lazyDialog(() => import("./dialogs/StepsDialog"));
const MaterialsDialog = lazyDialog(() => import("./dialogs/MaterialsDialog"));
const UploadDialog = lazyDialog(() => import("./dialogs/UploadDialog"));
const ImportDialog = lazyDialog(() => import("./dialogs/ImportDialog"));
const OnshapeDialog = lazyDialog(() => import("./onshape/OnshapeDialog"));
const RemoveDialog = lazyDialog(() => import("./dialogs/RemoveDialog"));

// What the page asks before it does something. Their code comes after the page's own.

export const askReason = (part: Part, question: ReasonQuestion): void => show(<ReasonDialog part={part} {...question} />);
export const askAssignee = (part: Part): void => show(<AssignDialog part={part} />);
export const askCount = (part: Part, scrap = false): void => show(<CountDialog part={part} scrap={scrap} />);
export const askOverride = (part: Part, mine: boolean): void => show(<OverrideDialog part={part} mine={mine} />);
export const askRework = (part: Part): void => show(<ReworkDialog part={part} />);
export const askEdit = (part: Part): void => show(<PartDialog part={part} project={part.project} />);
export const askNew = (project: string, onAdded: (part: Part) => void): void =>
  show(<PartDialog part={null} project={project} onAdded={onAdded} />);
export const askSteps = (part: Part): void => show(<StepsDialog part={part} />);
export const askMaterials = (part: Part): void => show(<MaterialsDialog part={part} />);
export const askUpload = (part: Part, files: readonly File[] = []): void => show(<UploadDialog part={part} files={files} />);
export const askImport = (project: string): void => show(<ImportDialog project={project} />);
export const askOnshape = (part: Part): void => show(<OnshapeDialog part={part} />);
export const askRemove = (part: Part, onRemoved: () => void): void => show(<RemoveDialog part={part} onRemoved={onRemoved} />);
