import { afterEach, expect, test, vi } from "vitest";
import type { LogAnswer, LogLine } from "../src/api/types";
import { asText, parts, select } from "../src/lib/log-view";
import { LogFollower, MOST_LINES } from "../src/stores/log.svelte";
import { serve } from "./help";

afterEach(() => vi.useRealTimers());

function line(seq: number, changes: Partial<LogLine> = {}): LogLine {
  const at = `2026-01-01T00:00:${String(seq % 60).padStart(2, "0")}Z`;
  return { seq, at, level: "info", logger: "auralarchive.web.app", message: `line ${seq}`, detail: null, ...changes };
}

const ALL = { level: "debug", logger: "", text: "" } as const;

test("lines are chosen by level, part and text, newest first", () => {
  const lines = [
    line(1, { level: "debug", logger: "auralarchive.pipeline.monitor" }),
    line(2, { level: "error", detail: "Traceback: KeyError" }),
    line(3, { level: "critical", logger: "uvicorn" }),
  ];
  expect(select(lines, ALL).map(({ seq }) => seq)).toEqual([3, 2, 1]);
  expect(select(lines, ALL, 2).map(({ seq }) => seq)).toEqual([2, 1]);
  expect(select(lines, { ...ALL, level: "error" }).map(({ seq }) => seq)).toEqual([3, 2]);
  expect(select(lines, { ...ALL, text: " keyERROR " }).map(({ seq }) => seq)).toEqual([2]);
  expect(select(lines, { ...ALL, logger: "auralarchive.pipeline" }).map(({ seq }) => seq)).toEqual([1]);
  expect(parts(lines)).toEqual(["auralarchive.pipeline", "auralarchive.web", "uvicorn"]);
});

test("a line as text keeps its traceback", () => {
  expect(asText(line(2, { level: "error", detail: "why" }))).toBe(
    "2026-01-01T00:00:02Z error    auralarchive.web.app: line 2\n    why",
  );
});

test("among ten thousand lines the one that is asked for is found", () => {
  const lines = Array.from({ length: MOST_LINES }, (_, at) => line(at, { message: `something happened to download ${at}` }));
  expect(select(lines, { ...ALL, text: "download 9999" })).toHaveLength(1);
});

/** A server whose log a test writes; a question for what comes next waits until there is something. */
function server(first: LogLine[]) {
  const state = { run: "a", lines: first, complete: true, fail: false };
  let wake = () => {};
  const answer = (url: URL) => {
    const after = Number(url.searchParams.get("after") ?? 0);
    const before = Number(url.searchParams.get("before") ?? Infinity);
    const limit = Number(url.searchParams.get("limit"));
    const fit = state.lines.filter(({ seq }) => seq > after && seq < before);
    const items = fit.slice(-limit);
    const body: LogAnswer = { run: state.run, items, last: state.lines.at(-1)?.seq ?? 0, complete: items.length === fit.length };
    return { status: state.fail ? 503 : 200, body: state.fail ? { detail: "away" } : body };
  };
  serve({ "GET /api/system/logs": answer });
  const fetched = globalThis.fetch;
  vi.stubGlobal("fetch", async (address: string, init: RequestInit) => {
    const url = new URL(address, "http://localhost");
    if (url.searchParams.has("wait") && Number(url.searchParams.get("after")) === (state.lines.at(-1)?.seq ?? 0)) {
      await new Promise<void>((done) => (wake = done));
    }
    return fetched(address, init);
  });
  return { state, wake: () => wake() };
}

test("the latest lines come first, the older ones behind them, then what is new", async () => {
  const { state, wake } = server(Array.from({ length: 1200 }, (_, at) => line(at + 1)));
  const log = new LogFollower(0);
  const stop = log.start();
  await vi.waitFor(() => expect(log.lines).toHaveLength(1200));
  expect(log.lines[0]?.seq).toBe(1);
  state.lines = [...state.lines, line(1201)];
  wake();
  await vi.waitFor(() => expect(log.lines.at(-1)?.seq).toBe(1201));
  stop();
});

test("after a restart of the server everything is read anew", async () => {
  const { state, wake } = server([line(1), line(2)]);
  const log = new LogFollower(0);
  const stop = log.start();
  await vi.waitFor(() => expect(log.lines).toHaveLength(2));
  Object.assign(state, { run: "b", lines: [line(1, { message: "before the restart" }), line(2), line(3)] });
  wake();
  await vi.waitFor(() => expect(log.lines[0]?.message).toBe("before the restart"));
  expect(log.run).toBe("b");
  stop();
});

test("a server that is away is told, asked again, and caught up with", async () => {
  vi.useFakeTimers();
  const { state, wake } = server([line(1)]);
  state.fail = true;
  const log = new LogFollower(0);
  const stop = log.start();
  await vi.waitFor(() => expect(log.problem).toBeTruthy());
  state.fail = false;
  await vi.advanceTimersByTimeAsync(3_000);
  await vi.waitFor(() => expect(log.lines).toHaveLength(1));
  await vi.advanceTimersByTimeAsync(1);
  state.lines = [...state.lines, line(2)];
  wake();
  await vi.waitFor(() => expect(log.lines).toHaveLength(2));
  expect(log.problem).toBeNull();
  stop();
});
