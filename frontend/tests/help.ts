import { vi } from "vitest";
import type { Download } from "../src/api/types";

export function download(id: number, changes: Partial<Download> = {}): Download {
  return {
    id,
    version: 1,
    status: "QUEUED",
    book_asin: null,
    book_title: `Book ${id}`,
    book_author: "Somebody",
    indexer: null,
    download_client: null,
    download_type: "torrent",
    download_progress: 0,
    file_format: null,
    file_size: null,
    quality_score: null,
    match_score: null,
    priority: 0,
    reason: null,
    next_retry_at: null,
    started_at: null,
    completed_at: null,
    speed_bps: null,
    downloaded_bytes: null,
    total_bytes: null,
    eta_seconds: null,
    seeding_ratio: null,
    seeding_seconds: null,
    ...changes,
  };
}

type Answer = { status?: number; body?: unknown };

/** Answers requests by "METHOD path"; what is not there fails like a dead server. */
export function serve(answers: Record<string, Answer | ((url: URL, init: RequestInit) => Answer)>): ReturnType<typeof vi.fn> {
  const fetched = vi.fn((address: string, init: RequestInit) => {
    const url = new URL(address, "http://localhost");
    const found = answers[`${init.method} ${url.pathname}`];
    if (!found) return Promise.reject(new TypeError("no route"));
    const { status = 200, body } = typeof found === "function" ? found(url, init) : found;
    return Promise.resolve(new Response(body === undefined ? null : JSON.stringify(body), { status }));
  });
  vi.stubGlobal("fetch", fetched);
  return fetched;
}
