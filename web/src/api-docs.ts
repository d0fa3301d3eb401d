// /api/docs: Swagger UI on our own description. A page of its own, so that nobody else loads it.
import SwaggerUI, { type Described, type System } from "swagger-ui-dist/swagger-ui-es-bundle";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUI({
  dom_id: "#api",
  url: new URL("api/openapi.json", document.baseURI).href,
  deepLinking: true,
  // The other site that this would ask whether the document is valid is none of ours.
  validatorUrl: null,
  // Hundreds of operations and types, drawn at once, keep a slow computer busy for half a minute. One opens the group
  // one came for, or names it in the filter; an operation shows its types.
  docExpansion: "none",
  filter: true,
  defaultModelsExpandDepth: -1,
  plugins: [{ afterLoad: resolveInPart }],
});

/** To follow the references of one operation, Swagger UI reads the whole description. Give it what they lead to. */
function resolveInPart({ fn }: System): void {
  const resolve = fn.resolveSubtree;
  fn.resolveSubtree = (description, path, options) => resolve(partOf(description, path), path, options);
}

function partOf(description: Described, path: string[]): Described {
  const schemas: Record<string, unknown> = {};
  const [kind, ...names] = path;
  const part = { ...description, paths: {}, components: { ...description.components, schemas } };
  if (kind === "paths") {
    const at = names[0]!;
    part.paths = { [at]: description.paths[at] };
    addTypes(description.paths[at], description.components.schemas, schemas);
  } else if (names[0] !== "securitySchemes") return description;
  return part;
}

/** Add to `found` those of `all` to which references in `value` lead. */
function addTypes(value: unknown, all: Record<string, unknown>, found: Record<string, unknown>): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const name = key === "$ref" && typeof inner === "string" ? inner.replace("#/components/schemas/", "") : "";
    if (name in all && !(name in found)) {
      found[name] = all[name];
      addTypes(all[name], all, found);
    }
    addTypes(inner, all, found);
  }
}
