// What mends what: for each kind of failure, and each finding of the health checks, the one button that helps.

import type { Download, HealthFinding } from "../api/types";
import { searchPath } from "./search-address";

/** What a button does: an action on the download, or the place where a person can act. */
export type Remedy = "retry" | "accept" | "search" | "details" | "clients" | "indexers" | "library" | "conversion" | "system";

/** Kinds as `docs/reference/failures.md` lists them; a test holds both together. */
export const REMEDIES: Readonly<Record<string, Remedy>> = {
  // The release is at fault: another one may do.
  nothing_found: "search",
  release_gone: "search",
  invalid_payload: "search",
  address_refused: "search",
  metadata_timeout: "search",
  stalled: "search",
  no_audio: "search",
  several_books: "search",
  duplicate: "details",
  // What is there can still become a book.
  damaged_audio: "accept",
  // A neighbour is at fault: where it is set up is where it is mended, and tested.
  indexers_unreachable: "indexers",
  no_client: "clients",
  client_unreachable: "clients",
  client_auth: "clients",
  path_mapping: "clients",
  key_missing: "conversion",
  key_wrong: "conversion",
  // A disk is at fault: once there is room, the work goes on where it stood.
  no_space: "retry",
  permission: "retry",
  library_unavailable: "retry",
  library_conflict: "details",
  // It may just work the next time.
  fetch_failed: "retry",
  client_refused: "retry",
  client_error: "retry",
  source_lost: "retry",
  encoder_failed: "retry",
  verification_failed: "retry",
  interrupted: "retry",
  unsafe_path: "details",
  bug: "details",
};

const PLACES: Partial<Record<Remedy, string>> = {
  clients: "/settings/clients",
  indexers: "/settings/indexers",
  library: "/settings/library",
  conversion: "/settings/conversion",
  system: "/system",
};

/** The first button of a failed download; what the server does not allow now, or this person never, is not offered. */
export function remedyOf(download: Download, admin: boolean): Remedy {
  const remedy = REMEDIES[download.failure_kind ?? ""] ?? "retry";
  const retries = remedy === "retry" || remedy === "accept";
  const allowed = retries ? download.actions.includes("retry") : admin || !(remedy in PLACES);
  return allowed ? remedy : "details";
}

/** Where a remedy leads; null for what is done on the spot. */
export function placeOf(remedy: Remedy, download: Download): string | null {
  if (remedy === "details") return `/downloads/${download.id}`;
  if (remedy === "search") return searchPath({ query: wanted(download) }, download.id);
  return PLACES[remedy] ?? null;
}

function wanted({ book_title, book_author }: Download): string {
  return [book_title, book_author].filter(Boolean).join(" ").slice(0, 200);
}

/** Subjects of the health checks that are mended in the settings; all others are told on the system page. */
const SUBJECTS: Readonly<Record<string, Remedy>> = {
  "Download clients": "clients",
  Indexers: "indexers",
  Library: "library",
  "Space for the library": "system",
  "Space for downloads": "system",
};

export function findingRemedy(finding: HealthFinding, clients: readonly string[]): Remedy {
  return clients.includes(finding.subject) ? "clients" : (SUBJECTS[finding.subject] ?? "system");
}

export function findingPlace(remedy: Remedy): string {
  return PLACES[remedy] ?? "/system";
}
