// Forms out of the JSON schemas that adapters give for their settings.

import type { JsonSchema } from "../api/types";
import { m } from "../i18n";

export type FieldKind = "text" | "secret" | "integer" | "number" | "boolean" | "choice" | "several" | "list" | "table" | "json";

/** One column of a table: a text of each of its rows. */
export interface Column {
  key: string;
  label: string;
  hint: string;
  /** A folder of the server's, which it can look at. */
  folder: boolean;
}

export interface FormField {
  key: string;
  label: string;
  hint: string;
  kind: FieldKind;
  required: boolean;
  /** Empty means "none" rather than "the default". */
  nullable: boolean;
  choices: string[];
  minimum: number | undefined;
  maximum: number | undefined;
  initial: unknown;
  /** What the number counts: `min`, `bytes`. */
  unit: string;
  /** How many of the server's units are one of the form's. */
  scale: number;
  /** Which other settings it stands with. */
  group: string;
  /** Most people never touch it. */
  seldom: boolean;
  columns: Column[];
}

export type TableRow = Record<string, string>;
export type FieldValue = string | boolean | TableRow[];

/** What the inputs hold: text, a tick, or the rows of a table. */
export type Draft = Record<string, FieldValue>;

/** Whether two inputs hold the same. */
export function same(one: FieldValue | undefined, other: FieldValue | undefined): boolean {
  return one === other || (Array.isArray(one) && JSON.stringify(one) === JSON.stringify(other));
}

export class BadJson extends Error {
  constructor(readonly field: FormField) {
    super(field.key);
  }
}

/** Speeds are kept in bytes a second, and entered in what every client shows. */
const SHOWN: Record<string, { unit: string; scale: number }> = { "bytes/s": { unit: "kB/s", scale: 1000 } };

export function fieldsOf(schema: JsonSchema): FormField[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([key, raw]) => {
    const { inner, nullable } = unwrap(raw, schema);
    const kind = kindOf(inner, schema);
    const chosen = kind === "several" ? itemOf(inner, schema) : inner;
    const unit = raw.unit ?? inner.unit ?? "";
    const { unit: shownUnit, scale } = SHOWN[unit] ?? { unit, scale: 1 };
    return {
      key,
      label: m.told(raw.title ?? inner.title ?? key),
      hint: plain(m.told(raw.description ?? inner.description ?? "")),
      kind,
      required: required.has(key),
      nullable,
      choices: (chosen.enum ?? (chosen.const === undefined ? [] : [chosen.const])).map(String),
      minimum: inner.minimum === undefined ? undefined : inner.minimum / scale,
      maximum: inner.maximum === undefined ? undefined : inner.maximum / scale,
      initial: raw.default ?? null,
      unit: shownUnit,
      scale,
      group: raw.group ?? inner.group ?? "",
      seldom: raw.seldom ?? inner.seldom ?? false,
      columns: columnsOf(inner, schema),
    };
  });
}

/** Descriptions are also read in the reference, where names stand between backticks. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}

/** The schema behind references and `| null`. */
function unwrap(raw: JsonSchema, root: JsonSchema): { inner: JsonSchema; nullable: boolean } {
  if (raw.$ref) return unwrap({ ...root.$defs?.[raw.$ref.split("/").pop() ?? ""], $ref: undefined }, root);
  if (raw.allOf?.length === 1 && raw.allOf[0]) return unwrap(raw.allOf[0], root);
  if (!raw.anyOf) return { inner: raw, nullable: false };
  const some = raw.anyOf.filter((option) => option.type !== "null");
  const only = some.length === 1 ? some[0] : undefined;
  const nullable = some.length < raw.anyOf.length;
  return only ? { inner: unwrap(only, root).inner, nullable } : { inner: {}, nullable };
}

const SCALARS = new Set(["string", "integer", "number"]);

function kindOf(schema: JsonSchema, root: JsonSchema): FieldKind {
  if (schema.format === "password" || schema.writeOnly) return "secret";
  if (schema.enum || schema.const !== undefined) return "choice";
  if (schema.type === "array") {
    const item = itemOf(schema, root);
    if (isTable(item, root)) return "table";
    if (item.enum) return "several";
    return SCALARS.has(String(item.type)) && !item.properties ? "list" : "json";
  }
  if (schema.type === "boolean" || schema.type === "integer" || schema.type === "number") return schema.type;
  return schema.type === "string" ? "text" : "json";
}

function itemOf(schema: JsonSchema, root: JsonSchema): JsonSchema {
  return schema.items ? unwrap(schema.items, root).inner : {};
}

/** Rows of texts; whatever else a list holds has no table. */
function isTable(item: JsonSchema, root: JsonSchema): boolean {
  const cells = Object.values(item.properties ?? {});
  return cells.length > 0 && cells.every((cell) => unwrap(cell, root).inner.type === "string");
}

function columnsOf(schema: JsonSchema, root: JsonSchema): Column[] {
  const item = itemOf(schema, root);
  if (schema.type !== "array" || !isTable(item, root)) return [];
  return Object.entries(item.properties ?? {}).map(([key, raw]) => {
    const { inner } = unwrap(raw, root);
    const text = { ...inner, ...raw };
    return { key, label: m.told(text.title ?? key), hint: plain(m.told(text.description ?? "")), folder: text.format === "folder" };
  });
}

/** What the inputs show for saved settings, or for none. Secrets are never shown. */
export function draftOf(fields: readonly FormField[], settings: Record<string, unknown> = {}): Draft {
  return Object.fromEntries(fields.map((field) => [field.key, shown(field, settings[field.key] ?? field.initial)]));
}

function shown(field: FormField, value: unknown): FieldValue {
  if (field.kind === "boolean") return value === true;
  if (field.kind === "table") return Array.isArray(value) ? value.map((row) => cells(field, row)) : [];
  if (field.kind === "secret" || value == null) return "";
  if (field.kind === "list" || field.kind === "several") return Array.isArray(value) ? value.join("\n") : "";
  if (field.scale !== 1) return String(Number(value) / field.scale);
  return field.kind === "json" ? JSON.stringify(value, null, 2) : String(value);
}

function cells(field: FormField, row: unknown): TableRow {
  const held = typeof row === "object" && row !== null ? (row as Record<string, unknown>) : {};
  return Object.fromEntries(field.columns.map(({ key }) => [key, String(held[key] ?? "")]));
}

/** Whether a secret is stored already; the server says no more about it. */
export function isSet(value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as { set?: unknown }).set === true;
}

/** The settings to send. Fields left empty are left out: the server keeps a secret, or takes its default. */
export function settingsOf(fields: readonly FormField[], draft: Draft): Record<string, unknown> {
  const entries = fields.map((field) => [field.key, read(field, draft[field.key] ?? "")] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** What was changed since `before`, to send alone. A secret that nobody touched is not among it. */
export function changesOf(fields: readonly FormField[], draft: Draft, before: Draft): Record<string, unknown> {
  const touched = fields.filter((field) => !same(draft[field.key], before[field.key]));
  return settingsOf(touched, draft);
}

export interface Rebased {
  draft: Draft;
  /** What somebody else has changed and this person has not: it is taken over. */
  taken: FormField[];
  /** What both have changed: what was typed stays, and the other's is told. */
  both: FormField[];
}

/** What was typed over `before`, put over what is saved `now`. */
export function rebase(fields: readonly FormField[], draft: Draft, before: Draft, now: Draft): Rebased {
  const theirs = fields.filter(({ key }) => !same(before[key], now[key]));
  const mine = new Set(fields.filter(({ key }) => !same(draft[key], before[key])));
  const taken = theirs.filter((field) => !mine.has(field));
  return {
    draft: { ...draft, ...Object.fromEntries(taken.map(({ key }) => [key, now[key] ?? ""])) },
    taken,
    both: theirs.filter((field) => mine.has(field) && !same(draft[field.key], now[field.key])),
  };
}

function read(field: FormField, raw: FieldValue): unknown {
  if (typeof raw === "boolean") return raw;
  if (Array.isArray(raw)) return raw.map(trimmed).filter((row) => Object.values(row).some(Boolean));
  const text = field.kind === "secret" ? raw : raw.trim();
  if (field.kind === "list" || field.kind === "several") return items(field, text);
  if (text === "") return empty(field);
  if (field.kind === "integer" || field.kind === "number") return scaled(field, Number(text));
  return field.kind === "json" ? parsed(field, text) : text;
}

function scaled({ scale, kind }: FormField, typed: number): number {
  return scale !== 1 && kind === "integer" ? Math.round(typed * scale) : typed * scale;
}

function trimmed(row: TableRow): TableRow {
  return Object.fromEntries(Object.entries(row).map(([key, text]) => [key, text.trim()]));
}

function empty(field: FormField): unknown {
  if (field.nullable && field.kind !== "secret") return null;
  // A text that had a default was emptied on purpose.
  return field.kind === "text" ? "" : undefined;
}

function items(field: FormField, text: string): unknown[] {
  const parts = text.split(/[\n,]/).map((part) => part.trim());
  const numbers = Array.isArray(field.initial) && field.initial.every((item) => typeof item === "number");
  return parts.filter(Boolean).map((part) => (numbers && /^-?\d+$/.test(part) ? Number(part) : part));
}

function parsed(field: FormField, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadJson(field);
  }
}

/** Fields to show at once, and those for "more settings": the server says which hardly anybody needs. */
export function split(fields: readonly FormField[]): { plain: FormField[]; more: FormField[] } {
  const aside = (field: FormField) => field.seldom && !field.required;
  return { plain: fields.filter((field) => !aside(field)), more: fields.filter(aside) };
}

/** Fields by their groups, in the order in which the groups first come. */
export function groupsOf(fields: readonly FormField[]): { group: string; fields: FormField[] }[] {
  const names = [...new Set(fields.map((field) => field.group))];
  return names.map((group) => ({ group, fields: fields.filter((field) => field.group === group) }));
}
