// What a status means for the person at the page: its tone, its group, and which buttons make sense.

export const STATUSES = [
  "QUEUED",
  "SEARCHING",
  "FOUND",
  "DOWNLOADING",
  "PAUSED",
  "COMPLETE",
  "CONVERTING",
  "CONVERTED",
  "IMPORTING",
  "IMPORTED",
  "SEEDING",
  "SEEDING_COMPLETE",
  "CANCELLED",
  "SEARCH_FAILED",
  "DOWNLOAD_FAILED",
  "CONVERSION_FAILED",
  "IMPORT_FAILED",
] as const;
export type Status = (typeof STATUSES)[number];

export const ACTIONS = ["pause", "resume", "retry", "stop_seeding", "cancel"] as const;
export type Action = (typeof ACTIONS)[number];

export type Tone = "wait" | "active" | "good" | "warn" | "bad";

export const GROUPS = ["all", "active", "attention", "paused", "done", "cancelled"] as const;
export type Group = (typeof GROUPS)[number];

const TONES: Partial<Record<Status, Tone>> = {
  SEARCHING: "active",
  DOWNLOADING: "active",
  CONVERTING: "active",
  IMPORTING: "active",
  PAUSED: "warn",
  IMPORTED: "good",
  SEEDING: "good",
  SEEDING_COMPLETE: "good",
};

export function failed(status: string): boolean {
  return status.endsWith("_FAILED");
}

export function tone(status: string): Tone {
  return failed(status) ? "bad" : (TONES[status as Status] ?? "wait");
}

export function group(status: string): Exclude<Group, "all"> {
  if (failed(status)) return "attention";
  if (status === "PAUSED") return "paused";
  if (status === "CANCELLED") return "cancelled";
  return tone(status) === "good" ? "done" : "active";
}

/** Whether the numbers of `download:progress` still belong to this status; a late batch may come after it. */
export function moves(status: string): boolean {
  return ["DOWNLOADING", "CONVERTING", "IMPORTING", "SEEDING"].includes(status);
}

/** The buttons of a status, for the moment between a live event and the server's own answer. */
export function likelyActions(status: string): Action[] {
  switch (group(status)) {
    case "attention":
      return ["retry", "cancel"];
    case "paused":
      return ["resume", "cancel"];
    case "active":
      return ["QUEUED", "SEARCHING", "FOUND", "DOWNLOADING"].includes(status) ? ["pause", "cancel"] : ["cancel"];
    default:
      return [];
  }
}
