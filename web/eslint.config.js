import { readdirSync } from "node:fs";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import { importX } from "eslint-plugin-import-x";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// The folders of src, bottom up: each imports only from itself and from those before it.
const LAYERS = ["api", "ui", "things", "live", "session", "overlays", "claims", "kinds", "pages", "app"];

const upward = LAYERS.map((layer, index) => ({
  target: `./src/${layer}`,
  from: [...LAYERS.slice(index + 1).map((above) => `./src/${above}`), "./src/main.tsx"],
  message: `src/${layer} imports only from ${LAYERS.slice(0, index + 1).join(", ")}.`,
}));

const kinds = readdirSync(new URL("./src/kinds", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

// Kinds do not know each other.
const sideways = kinds.map((kind) => ({
  target: `./src/kinds/${kind}`,
  from: [...kinds.filter((other) => other !== kind).map((other) => `./src/kinds/${other}`), "./src/kinds/index.ts"],
  message: "One kind does not import another: what two need belongs in a layer below.",
}));

export default tseslint.config(
  { ignores: ["src/api/schema.d.ts"] },
  ...tseslint.configs.recommended,
  a11y.flatConfigs.recommended,
  {
    plugins: { "import-x": importX, "react-hooks": hooks },
    settings: {
      "import-x/extensions": [".ts", ".tsx"],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts", ".tsx"] },
      "import-x/resolver-next": [createTypeScriptImportResolver()],
    },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "import-x/no-unresolved": "error",
      "import-x/no-cycle": "error",
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones: [...upward, ...sideways] }],
      // Opening a dialog puts the cursor in its first field: that is what the person came for.
      "jsx-a11y/no-autofocus": "off",
    },
  },
);
