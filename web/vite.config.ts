import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `base: "./"` keeps every address relative: the server moves the whole page under BASE_PATH
// by rewriting the one <base href="/"> in index.html.
export default defineConfig({
  base: "./",
  plugins: [react()],
  resolve: {
    alias: {
      "three/examples/jsm/libs/meshopt_decoder.module.js": fileURLToPath(
        new URL("src/kinds/parts/viewer/noMeshopt.ts", import.meta.url),
      ),
    },
  },
  build: {
    outDir: "../src/toolcrib/static",
    emptyOutDir: true,
    target: "es2022",
    manifest: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: ["index.html", "api-docs.html"],
      // What the first page needs is one file. Split by who else uses it, as it would be, it compresses far worse.
      output: { codeSplitting: { groups: [{ name: "first", test: /src\/main\.tsx$/ }] } },
    },
  },
  server: {
    proxy: { "/api": process.env.TOOLCRIB_URL ?? "http://127.0.0.1:8080" },
  },
  test: {
    environmentOptions: { jsdom: { url: "http://crib.test/" } },
    include: ["tests/**/*.test.{ts,tsx}"],
  },
});
