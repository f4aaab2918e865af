// What a person wishes for a download, between the inputs of a form and the server.

import type { Download } from "../api/types";

/** Words with commas between. */
export function tagsOf(text: string): string[] {
  return [...new Set(text.split(",").map((word) => word.trim()))].filter(Boolean);
}

export function same(one: readonly string[], other: readonly string[]): boolean {
  return one.join(",") === other.join(",");
}

/** The moment that an input for date and hour holds, in the reader's own time zone; null where it is empty. */
export function momentOf(local: string): string | null {
  const at = new Date(local);
  return local === "" || Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** The same the other way round: what the input shows. */
export function typed(moment: string | null): string {
  if (!moment) return "";
  const at = new Date(moment);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** Whether its release is there, and its hour has not come. */
export function waitsForStart(download: Download): boolean {
  return download.status === "FOUND" && !!download.start_at && !!download.reason?.startsWith("Starts at");
}
