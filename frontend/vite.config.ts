import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// Where `npm run dev` finds the running application.
const backend = process.env.AURALARCHIVE_URL ?? "http://127.0.0.1:8765";
const modern = ["chrome123", "firefox128", "safari17.5"];

/** The page itself is served at every depth: its own addresses begin at the root (or at the base path put before it). */
function rootedPage(): Plugin {
  return {
    name: "rooted-page",
    enforce: "post",
    transformIndexHtml: { order: "post", handler: (html) => html.replaceAll('="./', '="/') },
  };
}

/** Browsers that can unpack get less to carry: packed once, here, as tightly as can be. */
function packedFiles(): Plugin {
  return {
    name: "packed-files",
    writeBundle({ dir = "" }) {
      const names = readdirSync(dir, { recursive: true, encoding: "utf8" });
      for (const name of names.filter((one) => /\.(js|css|svg|webmanifest)$/.test(one))) {
        const plain = readFileSync(join(dir, name));
        const packed = { br: brotliCompressSync(plain), gz: gzipSync(plain, { level: 9 }) };
        for (const [ending, bytes] of Object.entries(packed))
          if (bytes.length < plain.length) writeFileSync(join(dir, `${name}.${ending}`), bytes);
      }
    },
  };
}

export default defineConfig({
  // Parts find each other by relative addresses, so that one build serves every base path.
  base: "./",
  plugins: [svelte(), svelteTesting(), rootedPage(), packedFiles()],
  build: {
    outDir: process.env.AURALARCHIVE_STATIC_DIR ?? "dist",
    emptyOutDir: true,
    target: modern,
    cssTarget: modern,
    // Data addresses would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": backend,
      "/socket.io": { target: backend, ws: true },
    },
  },
  test: {
    // Files that need a page say so in their first line: making one takes longer than most tests.
    environment: "node",
    include: ["tests/**/*.test.ts"],
    restoreMocks: true,
  },
});
