import { expect, test } from "vitest";
import type { JsonSchema } from "../src/api/types";
import { BadJson, changesOf, draftOf, fieldsOf, isSet, settingsOf, split } from "../src/lib/schema";

const SCHEMA: JsonSchema = {
  type: "object",
  required: ["url"],
  $defs: { Mode: { enum: ["fast", "slow"], type: "string" } },
  properties: {
    url: { type: "string", title: "Address", description: "Where it is." },
    api_key: { anyOf: [{ type: "string", format: "password", writeOnly: true }, { type: "null" }], default: null },
    categories: { type: "array", items: { type: "integer" }, default: [3030] },
    port: { type: "integer", default: 80, minimum: 1, maximum: 65535 },
    ratio: { anyOf: [{ type: "number" }, { type: "null" }], default: null },
    mode: { $ref: "#/$defs/Mode", default: "fast" },
    verify: { type: "boolean", default: true },
    maps: { type: "array", items: { type: "object", properties: {} }, default: [] },
  },
};

const fields = fieldsOf(SCHEMA);

test("each setting gets the input that fits it", () => {
  const kinds = Object.fromEntries(fields.map((field) => [field.key, field.kind]));
  expect(kinds).toEqual({
    url: "text",
    api_key: "secret",
    categories: "list",
    port: "integer",
    ratio: "number",
    mode: "choice",
    verify: "boolean",
    maps: "json",
  });
  expect(fields[0]).toMatchObject({ label: "Address", hint: "Where it is.", required: true });
});

test("what is typed comes out as the types of the schema", () => {
  const draft = { ...draftOf(fields), url: " http://x ", categories: "3030\n8010", ratio: "1.5", maps: '[{"a": 1}]' };
  expect(settingsOf(fields, draft)).toEqual({
    url: "http://x",
    categories: [3030, 8010],
    port: 80,
    ratio: 1.5,
    mode: "fast",
    verify: true,
    maps: [{ a: 1 }],
  });
});

test("a stored secret is never shown, and leaving it empty keeps it", () => {
  const saved = { url: "http://x", api_key: { set: true } };
  const draft = draftOf(fields, saved);
  expect(isSet(saved.api_key)).toBe(true);
  expect(draft.api_key).toBe("");
  expect(settingsOf(fields, draft)).not.toHaveProperty("api_key");
});

test("only what was changed is sent, and a list of secrets that nobody touched is not emptied", () => {
  const secret = { type: "string", format: "password", writeOnly: true };
  const form = fieldsOf({ properties: { name: { type: "string" }, keys: { type: "array", items: secret } } });
  const before = draftOf(form, { name: "a", keys: { set: true } });
  expect(changesOf(form, { ...before }, before)).toEqual({});
  expect(changesOf(form, { ...before, name: "b" }, before)).toEqual({ name: "b" });
});

test("an emptied number means none where none is allowed, else the default", () => {
  const settings = settingsOf(fields, { ...draftOf(fields), ratio: "", port: "" });
  expect(settings.ratio).toBeNull();
  expect(settings).not.toHaveProperty("port");
});

test("a speed is entered in kB a second, and kept in bytes", () => {
  const form = fieldsOf({ properties: { limit: { type: "integer", minimum: 0, maximum: 2_000_000, default: 0, unit: "bytes/s" } } });
  expect(form[0]).toMatchObject({ unit: "kB/s", minimum: 0, maximum: 2000 });
  expect(draftOf(form, { limit: 1_500_500 })).toEqual({ limit: "1500.5" });
  expect(settingsOf(form, { limit: "0.5" })).toEqual({ limit: 500 });
  expect(settingsOf(form, { limit: "1500.5" })).toEqual({ limit: 1_500_500 });
});

test("broken JSON names its field", () => {
  expect(() => settingsOf(fields, { ...draftOf(fields), maps: "[" })).toThrow(BadJson);
});

test("long forms keep what is seldom needed aside, but never what is required", () => {
  const text = { type: "string", default: "" };
  const properties = { host: text, proxy: { ...text, seldom: true }, password: text, folder: { ...text, seldom: true } };
  const { plain, more } = split(fieldsOf({ required: ["folder"], properties }));
  expect(plain.map((field) => field.key)).toEqual(["host", "password", "folder"]);
  expect(more.map((field) => field.key)).toEqual(["proxy"]);
});

test("a list of fixed values is ticked, and nothing ticked is sent as nothing", () => {
  const schema: JsonSchema = {
    properties: { topics: { type: "array", title: "Tell about", items: { $ref: "#/$defs/Topic" }, default: ["imported", "failed"] } },
    $defs: { Topic: { type: "string", enum: ["imported", "failed", "started"] } },
  };
  const [field] = fieldsOf(schema);
  expect([field?.kind, field?.choices]).toEqual(["several", ["imported", "failed", "started"]]);
  expect(draftOf(fieldsOf(schema))).toEqual({ topics: "imported\nfailed" });
  expect(draftOf(fieldsOf(schema), { topics: [] })).toEqual({ topics: "" });
  expect(settingsOf(fieldsOf(schema), { topics: "started" })).toEqual({ topics: ["started"] });
  expect(settingsOf(fieldsOf(schema), { topics: "" })).toEqual({ topics: [] });
});
