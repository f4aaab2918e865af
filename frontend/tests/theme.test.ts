// @vitest-environment jsdom
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";

const PUBLIC = join(__dirname, "../public");
const PAGE = readFileSync(join(__dirname, "../index.html"), "utf8");

// jsdom has no `media` of a meta element; browsers have.
Object.defineProperty(HTMLMetaElement.prototype, "media", {
  get(this: HTMLMetaElement) {
    return this.getAttribute("media");
  },
  set(this: HTMLMetaElement, value: string) {
    this.setAttribute("media", value);
  },
});

const bars = () => [...document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')].map((one) => one.media);
const FOLLOWING = ["(prefers-color-scheme: light)", "(prefers-color-scheme: dark)"];

beforeEach(() => {
  localStorage.clear();
  vi.resetModules();
  delete document.documentElement.dataset.theme;
  document.head.innerHTML = PAGE.match(/<head>([\s\S]*)<\/head>/)?.[1]?.replaceAll(/<(script|link)[^>]*>/g, "") ?? "";
});

test("the bars around the page follow the system, or the choice", async () => {
  const { theme } = await import("../src/lib/theme.svelte");
  expect(bars()).toEqual(FOLLOWING);
  theme.set("dark");
  expect([document.documentElement.dataset.theme, bars()]).toEqual(["dark", ["not all", "all"]]);
  theme.set("light");
  expect(bars()).toEqual(["all", "not all"]);
  theme.set("system");
  expect([document.documentElement.dataset.theme, bars()]).toEqual([undefined, FOLLOWING]);
});

test("a choice holds before the first paint of the next visit", () => {
  const beforePaint = new Function(readFileSync(join(PUBLIC, "theme.js"), "utf8"));
  beforePaint();
  expect([document.documentElement.dataset.theme, bars()]).toEqual([undefined, FOLLOWING]);
  localStorage.setItem("auralarchive.theme", "dark");
  beforePaint();
  expect([document.documentElement.dataset.theme, bars()]).toEqual(["dark", ["not all", "all"]]);
});

test("the colours of the bars are those of the page", () => {
  const tokens = readFileSync(join(__dirname, "../src/styles/tokens.css"), "utf8");
  const [, light, dark] = tokens.match(/--paper: light-dark\((#\w+), (#\w+)\)/) ?? [];
  const metas = [...document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')];
  expect(metas.map((one) => one.content)).toEqual([light, dark]);
  const manifest = JSON.parse(readFileSync(join(PUBLIC, "manifest.webmanifest"), "utf8")) as Record<string, string>;
  expect([manifest.background_color, manifest.theme_color]).toEqual([light, light]);
});

interface Icon {
  src: string;
  sizes: string;
  purpose?: string;
}

test("the icons of the manifest are there, in the sizes that it tells, and small", () => {
  const manifest = JSON.parse(readFileSync(join(PUBLIC, "manifest.webmanifest"), "utf8")) as { icons: Icon[] };
  const painted = manifest.icons.filter((one) => one.src.endsWith(".png"));
  expect(painted.map((one) => one.purpose ?? "any")).toEqual(["any", "any", "maskable"]);
  for (const { src, sizes } of painted) {
    const bytes = readFileSync(join(PUBLIC, src));
    expect(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`).toBe(sizes);
    expect(bytes.length).toBeLessThan(6_000);
  }
  for (const { src } of manifest.icons) expect(src.startsWith("/"), src).toBe(false); // below every base path
});
