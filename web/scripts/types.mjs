// Writes src/api/schema.d.ts from the server's OpenAPI document; with --check only says whether it is stale.
// The document comes from the application itself (no server need run), or from the file in OPENAPI_JSON.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(web, "src", "api", "schema.d.ts");
const HEAD = "// Made by `npm run types` from the server's OpenAPI document. Do not edit.\n\n";

function document() {
  if (process.env.OPENAPI_JSON) return JSON.parse(readFileSync(process.env.OPENAPI_JSON, "utf8"));
  const venv = join(web, "..", ".venv", "bin", "python");
  const python = process.env.PYTHON ?? (existsSync(venv) ? venv : "python3");
  const text = execFileSync(python, [join(web, "scripts", "openapi.py")], { encoding: "utf8", maxBuffer: 1e8 });
  return JSON.parse(text);
}

const source = HEAD + astToString(await openapiTS(document(), { alphabetize: true, defaultNonNullable: true }));
if (process.argv.includes("--check")) {
  const now = existsSync(target) ? readFileSync(target, "utf8") : "";
  if (now !== source) {
    console.error("src/api/schema.d.ts is stale: run `npm run types` and commit it.");
    process.exit(1);
  }
  console.log("src/api/schema.d.ts is up to date");
} else {
  writeFileSync(target, source);
  console.log("wrote src/api/schema.d.ts");
}
