// Which downloads are wanted books: asked for by name, and not found yet.

import type { Download } from "../api/types";
import type { Row } from "../stores/downloads.svelte";

const LOOKED_FOR: ReadonlySet<string> = new Set(["QUEUED", "SEARCHING", "SEARCH_FAILED"]);

export function isWanted({ manual, status, release_title }: Download): boolean {
  return !manual && (LOOKED_FOR.has(status) || (status === "PAUSED" && release_title === null));
}

/** Those first that need somebody, then the newest. */
export function wantedBooks(rows: readonly Row[]): Row[] {
  const stuck = ({ data }: Row) => Number(data.status === "SEARCH_FAILED" && data.next_retry_at === null);
  return rows.filter(({ data }) => isWanted(data)).toSorted((a, b) => stuck(b) - stuck(a) || b.id - a.id);
}
