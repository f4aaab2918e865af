import { vi } from "vitest";
import type { Download } from "../src/api/types";

export function download(id: number, changes: Partial<Download> = {}): Download {
  return {
    id,
    version: 1,
    status: "QUEUED",
    book_asin: `AA-${id}`,
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
    narrator: null,
    series: null,
    download_url: null,
    download_client_id: null,
    release_title: null,
    manual: true,
    created_at: "2026-01-01T00:00:00Z",
    temp_file_path: null,
    converted_file_path: null,
    final_file_path: null,
    upload_bps: null,
    seeding: "NONE",
    seed_goal_ratio: null,
    seed_goal_seconds: null,
    failure_kind: null,
    attempts: {},
    download_limit: null,
    upload_limit: null,
    sequential: false,
    chosen_client: null,
    client_why: null,
    categories: [],
    tags: [],
    start_at: null,
    book_id: null,
    has_cover: false,
    actions: [],
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
export function serve(answers: Record<string, Answer | ((url: URL, init: RequestInit) => Answer)>) {
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
