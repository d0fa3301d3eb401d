import { registerKinds } from "../things/registry";
import { asset } from "./assets/kind";
import { desktop } from "./desktops/kind";
import { document } from "./documents/kind";
import { machine } from "./machines/kind";
import { part } from "./parts/kind";

/** The kinds this page is built with. A new one is a folder here and its name in this list. */
registerKinds([asset, document, machine, part, desktop]);
