// A form over a book that somebody else may change at the same time: what was typed stays, what they did is told.

import type { BookDetail } from "../api/types";

export const FIELDS = ["title", "author", "narrator", "series", "series_part", "year", "language", "publisher", "description"] as const;
export type Field = (typeof FIELDS)[number];
export type Draft = Record<Field, string>;

export function draftOf(book: BookDetail): Draft {
  return Object.fromEntries(FIELDS.map((name) => [name, String(book[name] ?? "")])) as Draft;
}

/** The fields that the person has changed, as the server takes them. */
export function changesOf(draft: Draft, base: BookDetail): Partial<Record<Field, string | number | null>> {
  const before = draftOf(base);
  const changed = FIELDS.filter((name) => draft[name].trim() !== before[name].trim());
  return Object.fromEntries(changed.map((name) => [name, valueOf(name, draft[name].trim())]));
}

function valueOf(name: Field, text: string): string | number | null {
  if (text === "") return null;
  return name === "year" ? Number(text) : text;
}

/** The form after somebody else has saved: their values where the person typed nothing, and which fields they changed. */
export function rebased(draft: Draft, base: BookDetail, present: BookDetail): { draft: Draft; theirs: Field[] } {
  const [before, after] = [draftOf(base), draftOf(present)];
  const theirs = FIELDS.filter((name) => before[name] !== after[name]);
  const mine = (name: Field) => draft[name].trim() !== before[name].trim();
  const merged = FIELDS.map((name) => [name, mine(name) ? draft[name] : after[name]]);
  return { draft: Object.fromEntries(merged) as Draft, theirs };
}

export function wrongIn(draft: Draft): Partial<Record<Field, "needed" | "wrongYear">> {
  return {
    ...(draft.title.trim() ? {} : { title: "needed" as const }),
    ...(draft.author.trim() ? {} : { author: "needed" as const }),
    ...(/^([1-9]\d{0,3})?$/.test(draft.year.trim()) ? {} : { year: "wrongYear" as const }),
  };
}

/** By what browsers say of a file; the server looks at what it is. */
export function isPicture(file: File): boolean {
  return ["image/jpeg", "image/png", "image/webp"].includes(file.type);
}
