// Fails when the board page would load more JavaScript than promised, counted as a browser with an empty
// cache would: the entry, which holds the board, and all it imports, compressed.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT_KB = 250;
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src", "toolcrib", "static");
const manifest = JSON.parse(readFileSync(join(root, ".vite", "manifest.json"), "utf8"));

const needed = new Set();
function need(key) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`not in the build: ${key}`);
  if (needed.has(chunk.file)) return;
  needed.add(chunk.file);
  for (const each of chunk.imports ?? []) need(each);
}
need("index.html");

let total = 0;
for (const file of needed) total += gzipSync(readFileSync(join(root, file)), { level: 9 }).length;
const kilobytes = total / 1000;
console.log(`board: ${kilobytes.toFixed(1)} kB of compressed JavaScript in ${needed.size} files, limit ${LIMIT_KB} kB`);
if (kilobytes > LIMIT_KB) process.exit(1);
