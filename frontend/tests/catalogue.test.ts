import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { de } from "../src/i18n/de";
import { en } from "../src/i18n/en";
import { ACTIONS, GROUPS, STATUSES } from "../src/lib/status";

test("every status, group and action has a word", () => {
  for (const status of STATUSES) expect(en.status[status]).toBeTruthy();
  for (const group of GROUPS) expect(en.groups[group]).toBeTruthy();
  for (const action of ACTIONS) expect(en.actions[action]).toBeTruthy();
});

test("every event of the application's log has words", () => {
  const source = readFileSync(join(__dirname, "../../src/auralarchive/domain/events.py"), "utf8");
  const events = [...source.matchAll(/^class (\w+)\((?:Event|Claimed)\)/gm)].map(([, name]) => name ?? "");
  expect(events.length).toBeGreaterThan(20);
  for (const event of events.filter((name) => name !== "Claimed")) expect(en.trail[event], event).toBeTruthy();
});

test("every task and every check of the application has words", () => {
  const runtime = join(__dirname, "../../src/auralarchive/runtime");
  const sources = readdirSync(runtime)
    .filter((name) => name.endsWith(".py"))
    .map((name) => readFileSync(join(runtime, name), "utf8"));
  const tasks = sources.flatMap((source) => [...source.matchAll(/\b(?:Chore|Task)\("([a-z-]+)"/g)].map(([, name]) => name ?? ""));
  expect(tasks.length).toBeGreaterThan(7);
  for (const name of tasks) expect(en.tasks.name(name), name).not.toBe(name);
  const serve = readFileSync(join(runtime, "serve.py"), "utf8");
  const checks = [...serve.matchAll(/^ +"([A-Z][\w ]+)": (?:lambda|core)/gm)].map(([, name]) => name ?? "");
  expect(checks.length).toBeGreaterThan(5);
  const words = readFileSync(join(__dirname, "../src/i18n/en/system.ts"), "utf8");
  for (const name of checks) expect(words, name).toMatch(new RegExp(`^ {2}"?${name}"?: "`, "m"));
});

test("statuses are those of the application", () => {
  const source = readFileSync(join(__dirname, "../../src/auralarchive/domain/status.py"), "utf8");
  const members = [...source.matchAll(/^ {4}([A-Z_]+) = "\1", Owner/gm)].map(([, name]) => name);
  expect(members.toSorted()).toEqual([...STATUSES].toSorted());
});

test("no component says words of its own", () => {
  const root = join(__dirname, "../src");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".svelte"));
  for (const file of files) {
    const markup = readFileSync(join(root, file), "utf8")
      .replaceAll(/<(script|style)[\s\S]*?<\/\1>/g, "")
      .replaceAll(/=>/g, "");
    const attributes = [...markup.matchAll(/\b(?:aria-label|title|placeholder|alt)="([^"{]*)"/g)].map(([, words]) => words);
    expect(attributes.filter((words) => words && !words.startsWith("magnet:")), file).toEqual([]);
    const text = [...markup.matchAll(/>([^<>{}]+)</g)].map(([, words]) => words?.trim() ?? "");
    expect(text.filter((words) => /\p{L}{2}/u.test(words)), file).toEqual([]);
  }
});

/** Every path to a word or a sentence, with what stands there. */
function leaves(part: object, path = ""): [string, unknown][] {
  return Object.entries(part).flatMap(([key, value]: [string, unknown]) =>
    typeof value === "object" && value !== null ? leaves(value, `${path}${key}.`) : [[path + key, value] as [string, unknown]],
  );
}

test("the second language says all that the first one says, in words of its own", () => {
  const english = new Map(leaves(en));
  const german = new Map(leaves(de));
  expect([...german.keys()].toSorted()).toEqual([...english.keys()].toSorted());
  const silent = [...german].filter(([, words]) => words === "").map(([path]) => path);
  expect(silent).toEqual([]);
  const sentences = [...english].filter(([, words]) => typeof words === "string" && words.split(" ").length > 3);
  expect(sentences.filter(([path, words]) => german.get(path) === words).map(([path]) => path)).toEqual([]);
});
