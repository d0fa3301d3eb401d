import { registerPalette } from "../overlays/overlays";
import Palette from "./Palette";

registerPalette((text) => <Palette given={text} />);
