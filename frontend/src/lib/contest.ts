// Two people at one form: what the other one has changed since this one began to type.

import type { Download } from "../api/types";
import { m } from "../i18n";
import { integer, moment, speed } from "./format";

export const ADJUSTABLE = ["priority", "download_limit", "upload_limit", "sequential", "tags", "start_at", "chosen_client"] as const;
type Field = (typeof ADJUSTABLE)[number];
export type Adjustable = Pick<Download, Field>;

const SHOWN: Record<Field, { name: () => string; say: (value: Download[Field]) => string }> = {
  priority: { name: () => m.detail.priority, say: (value) => integer(Number(value ?? 0)) },
  download_limit: { name: () => m.detail.downloading, say: limit },
  upload_limit: { name: () => m.detail.uploading, say: limit },
  tags: { name: () => m.add.tags, say: (value) => (Array.isArray(value) && value.join(", ")) || m.detail.none },
  start_at: { name: () => m.add.start, say: (value) => (value ? moment(String(value)) : m.detail.none) },
  chosen_client: { name: () => m.add.client, say: (value) => String(value ?? m.add.anyClient) },
  sequential: { name: () => m.detail.sequential, say: (value) => (value ? m.detail.on : m.detail.off) },
};

function limit(value: Download[Field]): string {
  return value ? speed(Number(value)) : m.detail.unlimited;
}

/** In words, what differs; empty where nothing that the form holds has changed. */
export function changes(before: Adjustable, present: Adjustable): string[] {
  return ADJUSTABLE.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(present[field])).map((field) => {
    const { name, say } = SHOWN[field];
    return m.detail.theirChange(name(), say(before[field]), say(present[field]));
  });
}
