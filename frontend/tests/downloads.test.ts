import { beforeEach, describe, expect, test, vi } from "vitest";
import { queryOf, seedGoal, select, viewOf } from "../src/lib/downloads-view";
import type { Status } from "../src/lib/status";
import { DownloadStore } from "../src/stores/downloads.svelte";
import { download, serve } from "./help";

let store: DownloadStore;

beforeEach(() => {
  vi.useFakeTimers();
  store = new DownloadStore();
});

const change = (id: number, version: number, new_status: Status) => ({
  download_id: id,
  old_status: "QUEUED",
  new_status,
  reason: null,
  version,
  seq: version,
});

describe("versions", () => {
  test("an answer that is older than what is shown changes nothing", () => {
    store.merge([download(1, { version: 5, status: "DOWNLOADING" })]);
    store.merge([download(1, { version: 4, status: "FOUND" })]);
    expect(store.get(1)?.data.status).toBe("DOWNLOADING");
  });

  test("a live event is shown at once, and an older one is dropped", () => {
    serve({});
    store.merge([download(1, { version: 2 })]);
    expect(store.changed(change(1, 3, "DOWNLOADING"))).toBe(true);
    expect(store.changed(change(1, 2, "FOUND"))).toBe(false);
    expect(store.get(1)?.data.status).toBe("DOWNLOADING");
    expect(store.get(1)?.actions).toContain("pause");
  });

  test("rows are updated in place: the page keeps its elements", () => {
    store.merge([download(1)]);
    const row = store.get(1);
    store.merge([download(1, { version: 2, status: "FOUND" })]);
    expect(store.get(1)).toBe(row);
  });
});

describe("progress", () => {
  test("a batch changes the numbers of rows that move, and no order but those by progress", () => {
    store.merge([download(1, { status: "DOWNLOADING" }), download(2, { status: "PAUSED" })]);
    const before = store.structure;
    const unknown = {
      ...{ eta_seconds: null, downloaded_bytes: null, total_bytes: null },
      ...{ seeding_ratio: null, seeding_seconds: null },
    };
    store.progress([
      { download_id: 1, progress: 40, speed_bps: 10, ...unknown },
      { download_id: 2, progress: 70, speed_bps: 10, ...unknown },
      { download_id: 99, progress: 1, speed_bps: 10, ...unknown },
    ]);
    expect(store.get(1)?.data).toMatchObject({ download_progress: 40, speed_bps: 10 });
    expect(store.get(2)?.data.download_progress).toBe(0);
    expect(store.structure).toBe(before);
    expect(store.motion).toBe(1);
  });
});

describe("loading", () => {
  test("the whole list is read page by page, and what is gone leaves", async () => {
    store.merge([download(7)]);
    serve({
      "GET /api/downloads/queue": (url) =>
        url.searchParams.get("cursor")
          ? { body: { downloads: [download(1)], total: 2, next_cursor: null } }
          : { body: { downloads: [download(2)], total: 2, next_cursor: "more" } },
    });
    await store.load();
    expect(store.derive((rows) => rows.map((row) => row.id).toSorted())).toEqual([1, 2]);
    expect(store.loaded).toBe(true);
  });

  test("an unknown download that is named by an event is fetched once, however often it is named", async () => {
    const page = { downloads: [download(5, { version: 9 })], total: 1, next_cursor: null };
    const fetched = serve({ "GET /api/downloads/queue": { body: page } });
    for (const _ of [1, 2, 3]) store.refresh(5);
    await vi.advanceTimersByTimeAsync(200);
    expect(fetched).toHaveBeenCalledTimes(1);
    expect(store.get(5)?.data.version).toBe(9);
  });

  test("many changes at once are read together, in portions, and no other row is", async () => {
    const asked: string[][] = [];
    serve({
      "GET /api/downloads/queue": (url) => {
        asked.push(url.searchParams.getAll("id"));
        return { body: { downloads: [], total: 0, next_cursor: null } };
      },
    });
    for (let id = 1; id <= 700; id += 1) store.refresh(id);
    await vi.advanceTimersByTimeAsync(200);
    expect(asked.map((ids) => ids.length)).toEqual([500, 200]);
    expect(asked[0]?.slice(0, 2)).toEqual(["1", "2"]);
  });

  test("a move shows at once with all that made room for it", async () => {
    store.merge([download(1), download(2)]);
    const sent = vi.fn();
    serve({
      "POST /api/downloads/queue/2/move": (_url, init) => {
        sent(JSON.parse(String(init.body)));
        return { body: { downloads: [download(2, { version: 2, priority: 1 })] } };
      },
    });
    await store.move(2, { before: 1 });
    expect(sent).toHaveBeenCalledWith({ before: 1 });
    expect(store.derive((rows) => select(rows, { group: "all", text: "", sort: "queue" })).map((row) => row.id)).toEqual([2, 1]);
  });
});

describe("the view", () => {
  test("filters ignore accents and case, and orders are stable", () => {
    store.merge([
      download(1, { book_title: "Zoë", status: "IMPORTED" }),
      download(2, { book_title: "abc", status: "DOWNLOADING" }),
      download(3, { book_title: "Abc", status: "SEARCH_FAILED" }),
    ]);
    const ids = (view: Parameters<typeof select>[1]) => store.derive((rows) => select(rows, view)).map((row) => row.id);
    expect(ids({ group: "all", text: "zoe", sort: "newest" })).toEqual([1]);
    expect(ids({ group: "attention", text: "", sort: "newest" })).toEqual([3]);
    expect(ids({ group: "all", text: "", sort: "title" })).toEqual([3, 2, 1]);
  });

  test("the order of the queue is that of the workers; what is done comes last", () => {
    store.merge([
      download(1, { status: "QUEUED" }),
      download(2, { status: "DOWNLOADING", priority: 5 }),
      download(3, { status: "SEEDING", priority: 9 }),
      download(4, { status: "PAUSED" }),
      download(5, { status: "CANCELLED" }),
    ]);
    const ids = (reversed: boolean) =>
      store.derive((rows) => select(rows, { group: "all", text: "", sort: "queue", reversed })).map((row) => row.id);
    expect(ids(false)).toEqual([2, 1, 4, 5, 3]);
    expect(ids(true)).toEqual([5, 3, 4, 1, 2]);
  });

  test("unknown times come last, and are no reason to jump", () => {
    store.merge([
      download(1, { eta_seconds: null }),
      download(2, { eta_seconds: 60 }),
      download(3, { eta_seconds: null }),
    ]);
    const shown = store.derive((rows) => select(rows, { group: "all", text: "", sort: "left" }));
    expect(shown.map((row) => row.id)).toEqual([2, 3, 1]);
  });

  test("an address holds the whole view, and only what differs from the usual one", () => {
    const there = (query: string) => queryOf(viewOf(new URLSearchParams(query)));
    expect(there("")).toBe("");
    expect(there("?state=attention&q=z%20o&sort=-title&view=cards")).toBe("?state=attention&q=z+o&sort=-title&view=cards");
    expect(there("?state=nonsense&sort=nonsense&view=nonsense")).toBe("");
    expect(viewOf(new URLSearchParams("sort=-newest"))).toMatchObject({ sort: "newest", reversed: true });
  });

  test("the seeding goal is reached by what comes first", () => {
    const seeding = { seeding_ratio: 0.5, seeding_seconds: 900 };
    expect(seedGoal(download(1, seeding))).toBeNull();
    expect(seedGoal(download(1, { ...seeding, seed_goal_ratio: 2 }))?.percent).toBe(25);
    expect(seedGoal(download(1, { ...seeding, seed_goal_ratio: 2, seed_goal_seconds: 1000 }))?.percent).toBe(90);
    expect(seedGoal(download(1, { ...seeding, seed_goal_ratio: 0.1 }))?.percent).toBe(100);
    expect(seedGoal(download(1, { seed_goal_ratio: 1 }))).toBeNull();
  });

  test("10,000 rows are put in order in a moment", () => {
    store.merge(Array.from({ length: 10_000 }, (_, index) => download(index + 1)));
    const begun = performance.now();
    const shown = store.derive((rows) => select(rows, { group: "all", text: "", sort: "title" }));
    expect(shown).toHaveLength(10_000);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});
