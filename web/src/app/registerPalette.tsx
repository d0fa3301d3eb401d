import { lazyDialog, registerPalette } from "../overlays/overlays";

const Palette = lazyDialog(() => import("./Palette"), { first: true });

registerPalette((text) => <Palette given={text} />);
