import { lazyDialog } from "../overlays/overlays";

export const ExtendDialog = lazyDialog(() => import("./dialogs/ExtendDialog"));
export const ForceReleaseDialog = lazyDialog(() => import("./dialogs/ForceReleaseDialog"));
export const HandOverDialog = lazyDialog(() => import("./dialogs/HandOverDialog"));
export const ReleaseDialog = lazyDialog(() => import("./dialogs/ReleaseDialog"));
export const WaitDialog = lazyDialog(() => import("./dialogs/WaitDialog"));
