// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";
import type { JsonSchema, SettingsSection } from "../src/api/types";
import { de } from "../src/i18n/de";
import { en } from "../src/i18n/en";
import { FolderLook } from "../src/lib/folder.svelte";
import { moved } from "../src/lib/order";
import { router } from "../src/lib/router.svelte";
import { draftOf, fieldsOf, groupsOf, rebase, same, settingsOf } from "../src/lib/schema";
import { SectionForm } from "../src/lib/section.svelte";
import { grouped, partsFor } from "../src/lib/settings-parts";
import { unsaved } from "../src/lib/unsaved.svelte";
import { Welcome } from "../src/lib/welcome.svelte";
import { session } from "../src/stores/session.svelte";
import { serve } from "./help";

beforeEach(() => {
  vi.useRealTimers();
  vi.stubGlobal("scrollTo", () => {});
});

const MAPPINGS: JsonSchema = {
  $defs: {
    PathMapping: {
      type: "object",
      properties: {
        remote: { type: "string", title: "There", description: "In the client" },
        local: { type: "string", title: "Here", format: "folder" },
      },
    },
  },
  properties: {
    maps: { type: "array", items: { $ref: "#/$defs/PathMapping" }, default: [], title: "Mappings" },
    wait: { type: "number", default: 1, unit: "min", group: "pace" },
    name: { type: "string", default: "", group: "" },
  },
};

test("a list of pairs is a table, with a column each, and empty rows are not sent", () => {
  const fields = fieldsOf(MAPPINGS);
  expect(fields[0]).toMatchObject({ kind: "table", label: "Mappings" });
  expect(fields[0]?.columns).toEqual([
    { key: "remote", label: "There", hint: "In the client", folder: false },
    { key: "local", label: "Here", hint: "", folder: true },
  ]);
  const draft = draftOf(fields, { maps: [{ remote: "/a", local: "/b" }] });
  expect(draft.maps).toEqual([{ remote: "/a", local: "/b" }]);
  draft.maps = [{ remote: " /a ", local: "/b" }, { remote: "", local: " " }];
  expect(settingsOf(fields, draft).maps).toEqual([{ remote: "/a", local: "/b" }]);
});

test("tables are the same by what is in them", () => {
  expect(same([{ a: "1" }], [{ a: "1" }])).toBe(true);
  expect(same([{ a: "1" }], [{ a: "2" }])).toBe(false);
  expect(same("", false)).toBe(false);
});

test("units and groups come from the schema", () => {
  const fields = fieldsOf(MAPPINGS);
  expect(fields.map((field) => field.unit)).toEqual(["", "min", ""]);
  expect(groupsOf(fields).map(({ group, fields }) => [group, fields.map((field) => field.key)])).toEqual([
    ["", ["maps", "name"]],
    ["pace", ["wait"]],
  ]);
});

test("what somebody else has saved is taken over, and what was typed stays", () => {
  const fields = fieldsOf({ properties: { a: { type: "string" }, b: { type: "string" }, c: { type: "string" } } });
  const before = { a: "1", b: "1", c: "1" };
  const { draft, taken, both } = rebase(fields, { a: "mine", b: "1", c: "2" }, before, { a: "theirs", b: "2", c: "2" });
  expect(draft).toEqual({ a: "mine", b: "2", c: "2" });
  expect(taken.map((field) => field.key)).toEqual(["b"]);
  expect(both.map((field) => field.key)).toEqual(["a"]); // both came to the same `c`: nothing to tell
});

function section(changes: Partial<SettingsSection> = {}): SettingsSection {
  return {
    name: "search",
    version: "v1",
    settings_schema: { properties: { a: { type: "string" }, b: { type: "string" }, hidden: { type: "string" } } },
    values: { a: "1", b: "1" },
    locked: {},
    needs_restart: ["b"],
    ...changes,
  };
}

test("a section sends what was changed, over the version that was seen", async () => {
  const fetched = serve({ "PUT /api/settings/search": { body: section({ version: "v2", values: { a: "1", b: "2" } }) } });
  const form = new SectionForm(section());
  expect(form.fields.map((field) => field.key)).toEqual(["a", "b"]); // what has no value is not for the page
  form.set("b", "2");
  expect(form.changed).toBe(true);
  expect(await form.save()).toBe(true);
  const init = fetched.mock.calls[0]?.[1] as RequestInit;
  expect(init.body).toBe('{"b":"2"}');
  expect((init.headers as Record<string, string>)["If-Match"]).toBe('"v1"');
  expect([form.changed, form.restart]).toEqual([false, true]);
});

test("a refusal keeps all that was typed, and says which field", async () => {
  const errors = [{ field: "search.a", message: "too long" }];
  serve({ "PUT /api/settings/search": { status: 422, body: { code: "invalid", detail: "No.", errors } } });
  const form = new SectionForm(section());
  form.set("a", "typed");
  expect(await form.save()).toBe(false);
  expect([form.text("a"), form.errorOf("a"), form.errorOf("b")]).toEqual(["typed", "too long", undefined]);
});

test("another's change is caught up with; saving again goes over it knowingly", async () => {
  let answers = 0;
  const versions: unknown[] = [];
  serve({
    "PUT /api/settings/search": (_, init) => {
      versions.push((init.headers as Record<string, string>)["If-Match"]);
      if (answers++ === 0) return { status: 412, body: { code: "changed_by_another", detail: "Somebody." } };
      return { body: section({ version: "v3", values: { a: "mine", b: "theirs" } }) };
    },
    "GET /api/settings/search": { body: section({ version: "v2", values: { a: "other", b: "theirs" } }) },
  });
  const form = new SectionForm(section());
  form.set("a", "mine");
  expect(await form.save()).toBe(false);
  expect(form.draft).toEqual({ a: "mine", b: "theirs" });
  expect(form.theirs?.both.map((field) => field.key)).toEqual(["a"]);
  expect(await form.save()).toBe(true);
  expect(versions).toEqual(['"v1"', '"v2"']);
  expect(form.theirs).toBeNull();
});

test("every part has words in both languages, and members see no part that administrates", () => {
  for (const { name, group } of partsFor(true)) {
    for (const words of [en, de]) {
      expect(words.settings.parts[name].title, name).toBeTruthy();
      expect(words.settings.partGroups[group], group).toBeTruthy();
    }
  }
  expect(partsFor(false).map((part) => part.name)).toContain("account");
  expect(partsFor(false).map((part) => part.name)).not.toContain("clients");
  expect(grouped(partsFor(true)).flatMap(({ parts }) => parts)).toHaveLength(partsFor(true).length);
});

test("moving one changes as few priorities as can be", () => {
  const list = [1, 25, 50].map((priority) => ({ name: String(priority), priority }));
  expect(moved(list, 2, 1).map((one) => [one.name, one.priority])).toEqual([["1", 1], ["50", 25], ["25", 50]]);
  const same = [5, 5, 9].map((priority, id) => ({ id, priority }));
  expect(moved(same, 1, 0).map((one) => [one.id, one.priority])).toEqual([[1, 1], [0, 2], [2, 3]]);
});

test("whoever has typed something is asked before it is lost", () => {
  history.replaceState(null, "", "/settings/search");
  const stop = router.start();
  const release = unsaved.guard();
  let changed = true;
  const forget = unsaved.watch(() => changed);
  router.go("/settings/naming");
  expect(location.pathname).toBe("/settings/search");
  unsaved.leave();
  expect([location.pathname, unsaved.leaving]).toEqual(["/settings/naming", null]);
  const closing = new Event("beforeunload", { cancelable: true });
  dispatchEvent(closing);
  expect(closing.defaultPrevented).toBe(true);
  changed = false;
  router.go("/settings/library");
  expect(location.pathname).toBe("/settings/library");
  changed = true;
  release();
  router.go("/search");
  expect(location.pathname).toBe("/search");
  forget();
  stop();
});

test("a folder is asked about when the typing pauses, and only the last one counts", async () => {
  vi.useFakeTimers();
  const paths: unknown[] = [];
  serve({
    "POST /api/settings/folder/check": (_, init) => {
      const { path } = JSON.parse(String(init.body)) as { path: string };
      paths.push(path);
      return { body: { exists: true, ok: true, findings: [], free_bytes: 1, total_bytes: 2, file_system: path } };
    },
  });
  const look = new FolderLook("folder");
  for (const path of ["/d", "/da", "/data "]) look.at(path);
  await vi.advanceTimersByTimeAsync(1000);
  expect(paths).toEqual(["/data"]);
  expect([look.report?.file_system, look.asking]).toEqual(["/data", false]);
  look.at("");
  expect(look.report).toBeNull();
});

test("the set-up goes step by step, is left and taken up again, and then never asked for", async () => {
  const told: unknown[] = [];
  serve({
    "GET /api/welcome": { body: { pending: true, step: "client" } },
    "PUT /api/welcome": (_, init) => {
      told.push(JSON.parse(String(init.body)));
      return { body: { pending: true, step: "client" } };
    },
  });
  const welcome = new Welcome();
  await welcome.read();
  expect([welcome.step, welcome.number]).toEqual(["client", 1]);
  welcome.next();
  welcome.back();
  welcome.back();
  welcome.back();
  session.welcome = true;
  await welcome.finish();
  expect(told).toEqual([{ step: "indexer" }, { step: "client" }, { step: "library" }, { pending: false }]);
  expect(session.welcome).toBe(false);
});
