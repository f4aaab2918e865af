// What of the downloads is shown, in which order and how; all of it can be kept in an address.

import type { Download } from "../api/types";
import type { Row } from "../stores/downloads.svelte";
import { failed, group, GROUPS, type Group } from "./status";

export const SORTS = ["newest", "queue", "title", "author", "status", "progress", "speed", "left", "size"] as const;
export type Sort = (typeof SORTS)[number];

export const LAYOUTS = ["table", "cards"] as const;
export type Layout = (typeof LAYOUTS)[number];

/** Orders that every batch of progress may change. */
export const MOVING_SORTS: ReadonlySet<Sort> = new Set(["progress", "speed", "left"]);

const words = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

const ORDERS: Record<Sort, (a: Download, b: Download) => number> = {
  newest: (a, b) => b.id - a.id,
  queue: (a, b) => Number(waits(b)) - Number(waits(a)) || (waits(a) ? b.priority - a.priority || a.id - b.id : 0),
  title: (a, b) => words.compare(a.book_title, b.book_title),
  author: (a, b) => words.compare(a.book_author ?? "", b.book_author ?? ""),
  status: (a, b) => words.compare(a.status, b.status),
  progress: (a, b) => (b.download_progress ?? 0) - (a.download_progress ?? 0),
  speed: (a, b) => (b.speed_bps ?? 0) - (a.speed_bps ?? 0),
  left: (a, b) => (a.eta_seconds ?? Infinity) - (b.eta_seconds ?? Infinity) || 0,
  size: (a, b) => sizeOf(b) - sizeOf(a),
};

const sizeOf = (download: Download) => download.total_bytes ?? download.file_size ?? 0;

export interface View {
  group: Group;
  text: string;
  sort: Sort;
  reversed?: boolean;
}

/** Whether it has a place in the queue: whatever is neither in the library nor given up. */
export function waits(download: Download): boolean {
  return !["done", "cancelled"].includes(group(download.status));
}

export function select(rows: readonly Row[], { group: wanted, text, sort, reversed = false }: View): Row[] {
  const needles = plain(text).split(/\s+/).filter(Boolean);
  const kept = rows.filter(({ data }) => (wanted === "all" || group(data.status) === wanted) && holds(data, needles));
  const order = ORDERS[sort];
  const sign = reversed ? -1 : 1;
  // Equal rows keep an order of their own, or the list would jump.
  return kept.sort((a, b) => sign * order(a.data, b.data) || b.id - a.id);
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

/** The view that an address asks for; what it does not name, or names wrongly, is as usual. */
export function viewOf(query: URLSearchParams): Required<View> & { layout: Layout | null } {
  const sort = query.get("sort") ?? "";
  return {
    group: oneOf(GROUPS, query.get("state")) ?? "all",
    text: query.get("q") ?? "",
    sort: oneOf(SORTS, sort.replace(/^-/, "")) ?? "newest",
    reversed: sort.startsWith("-"),
    layout: oneOf(LAYOUTS, query.get("view")),
  };
}

/** What stands behind the `?` for a view, without what is as usual: empty for the usual view. */
export function queryOf({ group: wanted, text, sort, reversed, layout }: ReturnType<typeof viewOf>): string {
  const query = new URLSearchParams();
  if (wanted !== "all") query.set("state", wanted);
  if (text.trim()) query.set("q", text.trim());
  if (sort !== "newest" || reversed) query.set("sort", (reversed ? "-" : "") + sort);
  if (layout) query.set("view", layout);
  return query.size ? `?${query}` : "";
}

function oneOf<Name extends string>(names: readonly Name[], wanted: string | null): Name | null {
  return names.find((name) => name === wanted) ?? null;
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

export interface SeedGoal {
  /** 0 to 100; the goal is reached by ratio or by time, whichever comes first. */
  percent: number;
  ratio: number | null;
  seconds: number | null;
}

/** How far the seeding has come towards its goal; null where there is none, or nothing is known. */
export function seedGoal(download: Download): SeedGoal | null {
  const { seed_goal_ratio: ratio, seed_goal_seconds: seconds, seeding_ratio, seeding_seconds } = download;
  const parts = [part(seeding_ratio, ratio), part(seeding_seconds, seconds)].filter((one) => one !== null);
  return parts.length === 0 ? null : { percent: Math.min(100, 100 * Math.max(...parts)), ratio, seconds };
}

function part(have: number | null, goal: number | null): number | null {
  return have == null || goal == null || goal <= 0 ? null : have / goal;
}

/** Where the picture of a download's book is; it has one once it is in the library. */
export function coverOf(download: Download): string | null {
  return download.book_id && download.has_cover ? `/api/library/books/${download.book_id}/cover` : null;
}
