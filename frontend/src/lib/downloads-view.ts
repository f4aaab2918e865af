// What of the downloads is shown, and in which order.

import type { Download } from "../api/types";
import type { Row } from "../stores/downloads.svelte";
import { failed, group, type Group } from "./status";

export const SORTS = ["newest", "oldest", "title", "author", "status", "progress", "speed", "size"] as const;
export type Sort = (typeof SORTS)[number];

/** Orders that every batch of progress may change. */
export const MOVING_SORTS: ReadonlySet<Sort> = new Set(["progress", "speed"]);

const words = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

const ORDERS: Record<Sort, (a: Download, b: Download) => number> = {
  newest: (a, b) => b.id - a.id,
  oldest: (a, b) => a.id - b.id,
  title: (a, b) => words.compare(a.book_title, b.book_title),
  author: (a, b) => words.compare(a.book_author ?? "", b.book_author ?? ""),
  status: (a, b) => words.compare(a.status, b.status),
  progress: (a, b) => (b.download_progress ?? 0) - (a.download_progress ?? 0),
  speed: (a, b) => (b.speed_bps ?? 0) - (a.speed_bps ?? 0),
  size: (a, b) => sizeOf(b) - sizeOf(a),
};

const sizeOf = (download: Download) => download.total_bytes ?? download.file_size ?? 0;

export interface View {
  group: Group;
  text: string;
  sort: Sort;
}

export function select(rows: readonly Row[], { group: wanted, text, sort }: View): Row[] {
  const needles = plain(text).split(/\s+/).filter(Boolean);
  const kept = rows.filter(({ data }) => (wanted === "all" || group(data.status) === wanted) && holds(data, needles));
  const order = ORDERS[sort];
  // Equal rows keep an order of their own, or the list would jump.
  return kept.sort((a, b) => order(a.data, b.data) || b.id - a.id);
}

function holds(download: Download, needles: readonly string[]): boolean {
  if (needles.length === 0) return true;
  const { book_title, book_author, release_title, indexer, download_client } = download;
  const hay = plain([book_title, book_author, release_title, indexer, download_client].filter(Boolean).join(" "));
  return needles.every((needle) => hay.includes(needle));
}

/** Without case and accents: "bronte" finds "Brontë". */
export function plain(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

export function countByGroup(counts: Readonly<Record<string, number>>): Record<Group, number> {
  const sums: Record<Group, number> = { all: 0, active: 0, attention: 0, paused: 0, done: 0, cancelled: 0 };
  for (const [status, count] of Object.entries(counts)) {
    sums.all += count;
    sums[group(status)] += count;
  }
  return sums;
}

/** A failure that no timer will try again. */
export function needsPerson(download: Download): boolean {
  return failed(download.status) && !download.next_retry_at;
}
