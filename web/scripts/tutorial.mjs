// Writes the page's part of docs/a-kind-in-an-afternoon.md to where the text says it lies, for the compiler and the
// linter to check. Git ignores it, and nothing imports it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const text = readFileSync(join(root, "docs", "a-kind-in-an-afternoon.md"), "utf8");
const found = [...text.matchAll(/^`(web\/\S+)`:\n\n```ts\n(.*?)^```$/gms)];
if (found.length === 0) throw new Error("the tutorial has no file of the page");
for (const [, name, code] of found) {
  const file = join(root, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, code);
}
