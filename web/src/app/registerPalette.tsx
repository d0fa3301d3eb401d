import { lazyDialog, registerPalette } from "../overlays/overlays";

const Palette = lazyDialog(() => import("./Palette"));

registerPalette((text) => <Palette given={text} />);
