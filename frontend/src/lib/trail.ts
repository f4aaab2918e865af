// The audit trail in human words: what happened, what changed by it, and why.

import type { TrailEvent } from "../api/types";
import { m } from "../i18n";
import { bytes, duration, ratio } from "./format";

export interface TrailLine {
  seq: number;
  at: string;
  text: string;
  /** "Queued → Found", where the status changed. */
  change: string;
  details: string[];
  bad: boolean;
}

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
};

export function lines(events: readonly TrailEvent[]): TrailLine[] {
  return events.map((event) => ({
    seq: event.seq,
    at: event.at,
    text: m.trailOf(event.event),
    change: change(event),
    details: details(event),
    bad: event.event === "StageFailed",
  }));
}

function change({ old_status, new_status }: TrailEvent): string {
  if (old_status === null || old_status === new_status) return "";
  return m.detail.changed(m.statusOf(old_status), m.statusOf(new_status));
}

function details({ reason, data = {} }: TrailEvent): string[] {
  const told = Object.entries(TELLING)
    .filter(([key]) => data[key] != null && data[key] !== "")
    .map(([key, say]) => say(data[key]));
  return reason ? [reason, ...told] : told;
}
