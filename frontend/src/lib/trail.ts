// The audit trail in human words: what happened, what changed by it, and why.

import type { TrailEvent } from "../api/types";
import { m } from "../i18n";
import { bytes, duration, moment, ratio, speed } from "./format";

export interface TrailLine {
  seq: number;
  event: string;
  at: string;
  /** Seconds since the line before; null for the first. */
  after: number | null;
  text: string;
  /** "Queued → Found", where the status changed. */
  change: string;
  details: string[];
  bad: boolean;
}

/** One line, or tries that ended like the one before them: told once, with their number. */
export type TrailItem = TrailLine | { seq: number; tries: number; lines: TrailLine[] };

/** Fields of events that say something to a person, in the order of reading. */
const TELLING: Record<string, (value: unknown) => string> = {
  release_title: String,
  indexer: String,
  client: String,
  size: (value) => bytes(Number(value)),
  mode: String,
  chapters: (value) => m.library.chapters(Number(value)),
  duration_seconds: (value) => duration(Number(value)),
  ratio: (value) => m.downloads.ratioIs(ratio(Number(value))),
  path: String,
  priority: (value) => `${m.detail.priority} ${value}`,
  download_limit: (value) => `${m.detail.downloading} ${limit(Number(value))}`,
  upload_limit: (value) => `${m.detail.uploading} ${limit(Number(value))}`,
  sequential: (value) => `${m.detail.sequential}: ${value ? m.detail.on : m.detail.off}`,
  retry_at: (value) => m.downloads.retryAt(moment(String(value))),
};

const limit = (value: number) => (value > 0 ? speed(value) : m.detail.unlimited);

export function lines(events: readonly TrailEvent[]): TrailLine[] {
  return events.map((event, index) => ({
    seq: event.seq,
    event: event.event,
    at: event.at,
    after: secondsBetween(events[index - 1], event),
    text: m.trailOf(event.event),
    change: change(event),
    details: details(event),
    bad: event.event === "StageFailed",
  }));
}

function secondsBetween(before: TrailEvent | undefined, { at }: TrailEvent): number | null {
  return before ? Math.max(0, (Date.parse(at) - Date.parse(before.at)) / 1000) : null;
}

/** The lines as they are told: a failure that comes again and again in the same way is one item. */
export function story(all: readonly TrailLine[]): TrailItem[] {
  const items: TrailItem[] = [];
  for (const run of runs(tries(all))) {
    const [first] = run.flat();
    if (run.length < 2 || !first) items.push(...run.flat());
    else items.push({ seq: first.seq, tries: run.length, lines: run.flat() });
  }
  return items;
}

/** Each try with the failure that ends it; the last one may have none. */
function tries(all: readonly TrailLine[]): TrailLine[][] {
  const found: TrailLine[][] = [[]];
  for (const line of all) {
    found.at(-1)?.push(line);
    if (line.bad) found.push([]);
  }
  return found.filter((one) => one.length > 0);
}

function runs(all: readonly TrailLine[][]): TrailLine[][][] {
  const found: TrailLine[][][] = [];
  for (const one of all) {
    const run = found.at(-1);
    if (run?.[0] && one.at(-1)?.bad && signature(run[0]) === signature(one)) run.push(one);
    else found.push([one]);
  }
  return found;
}

const signature = (one: readonly TrailLine[]) => JSON.stringify(one.map(({ event, details }) => [event, details]));

function change({ old_status, new_status }: TrailEvent): string {
  if (old_status === null || old_status === new_status) return "";
  return m.detail.changed(m.statusOf(old_status), m.statusOf(new_status));
}

function details({ event, reason, data = {} }: TrailEvent): string[] {
  const usual = (key: string) => event === "Enqueued" && key === "priority" && data[key] === 0;
  const told = Object.entries(TELLING)
    .filter(([key]) => data[key] != null && data[key] !== "" && !usual(key))
    .map(([key, say]) => say(data[key]));
  return reason ? [reason, ...told] : told;
}
