import { afterEach, expect, test, vi } from "vitest";
import type { SystemEvent, SystemFinding } from "../src/api/types";
import { grouped } from "../src/lib/health-view";
import { nameIn } from "../src/lib/save";
import { HistoryStore, NO_FILTER, startOf } from "../src/stores/history.svelte";
import { serve } from "./help";

afterEach(() => vi.useRealTimers());

function event(seq: number): SystemEvent {
  return {
    seq,
    download_id: 1,
    version: seq,
    event: "Waiting",
    old_status: "QUEUED",
    new_status: "QUEUED",
    reason: null,
    at: "2026-01-01T00:00:00Z",
    data: {},
    book_title: "Emma",
    book_author: "Jane Austen",
  };
}

/** A log of events 1 to `newest`, read in pages of as many as are asked for. */
function server(newest: number) {
  const state = { newest, asked: [] as URLSearchParams[] };
  serve({
    "GET /api/system/events": (url) => {
      state.asked.push(url.searchParams);
      const before = Number(url.searchParams.get("cursor") ?? state.newest + 1);
      const limit = Number(url.searchParams.get("limit"));
      const last = Math.max(1, before - limit);
      const items = Array.from({ length: before - last }, (_, at) => event(before - 1 - at));
      return { body: { items, total: state.newest, next_cursor: last > 1 ? String(last) : null } };
    },
  });
  return state;
}

test("pages follow one another, and what is new comes in front", async () => {
  vi.useFakeTimers();
  const state = server(150);
  const history = new HistoryStore();
  await history.show(NO_FILTER);
  expect(history.events).toHaveLength(100);
  await history.older();
  expect(history.events.at(-1)?.seq).toBe(1);
  expect(history.cursor).toBeNull();
  state.newest = 153;
  history.stir();
  history.stir();
  await vi.advanceTimersByTimeAsync(500);
  expect(history.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 153 }, (_, at) => 153 - at));
  expect(history.total).toBe(153);
  expect(state.asked).toHaveLength(3);
});

test("when more has come than a page holds, the list begins anew without a gap", async () => {
  vi.useFakeTimers();
  const state = server(50);
  const history = new HistoryStore();
  await history.show(NO_FILTER);
  state.newest = 500;
  history.stir();
  await vi.advanceTimersByTimeAsync(500);
  expect(history.events[0]?.seq).toBe(500);
  expect(history.events).toHaveLength(100);
  expect(history.cursor).toBe("401");
});

test("a filter is sent as the server understands it", async () => {
  const state = server(3);
  await new HistoryStore().show({ event: "StageFailed", failed: true, text: " emma ", since: "2026-03-01", until: "2026-03-02" });
  expect(Object.fromEntries(state.asked[0] ?? [])).toEqual({
    limit: "100",
    event: "StageFailed",
    failed: "true",
    q: "emma",
    since: startOf("2026-03-01"),
    until: startOf("2026-03-03"),
  });
});

test("what is wrong comes first, and leads to where it can be mended", () => {
  const finding = (group: string, subject: string, ok: boolean): SystemFinding => ({
    group,
    subject,
    ok,
    message: "",
    remedy: "",
    since: "2026-01-01T00:00:00Z",
  });
  const groups = grouped([finding("FFmpeg", "FFmpeg", true), finding("Library", "a", true), finding("Library", "b", false)]);
  expect(groups.map(({ name, bad, path }) => [name, bad, path])).toEqual([
    ["Library", 1, "/settings/library"],
    ["FFmpeg", 0, "/settings/conversion"],
  ]);
  expect(groups[0]?.findings.map(({ subject }) => subject)).toEqual(["b", "a"]);
});

test("a file has the name that the server gives it", () => {
  expect(nameIn("attachment; filename*=UTF-8''auralarchive-20260101-000000.zip")).toBe("auralarchive-20260101-000000.zip");
  expect(nameIn("")).toBe("download");
});
