// Fails when the board page would load more JavaScript than promised, counted as a browser with an empty
// cache would: the scripts of index.html, which hold the board, and all they import, compressed.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT_KB = 250;
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src", "toolcrib", "static");
const manifest = JSON.parse(readFileSync(join(root, ".vite", "manifest.json"), "utf8"));

const chunks = new Map(Object.values(manifest).map((chunk) => [chunk.file, chunk]));

const needed = new Set();
function need(file) {
  const chunk = chunks.get(file);
  if (!chunk) throw new Error(`not in the build: ${file}`);
  if (needed.has(file)) return;
  needed.add(file);
  for (const each of chunk.imports ?? []) need(manifest[each].file);
}
const page = readFileSync(join(root, "index.html"), "utf8");
const scripts = [...page.matchAll(/<script type="module"[^>]* src="\.\/([^"]+)"/g)].map(([, file]) => file);
if (scripts.length === 0) throw new Error("index.html has no script");
for (const file of scripts) need(file);

let total = 0;
for (const file of needed) total += gzipSync(readFileSync(join(root, file)), { level: 9 }).length;
const kilobytes = total / 1000;
console.log(`board: ${kilobytes.toFixed(1)} kB of compressed JavaScript in ${needed.size} files, limit ${LIMIT_KB} kB`);
if (kilobytes > LIMIT_KB) process.exit(1);
