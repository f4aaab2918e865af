// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";
import type { IndexerState, Release, SearchLine } from "../src/api/types";
import { recentSearches, rememberSearch } from "../src/lib/recent";
import { arrange, byBook, choices, filtersSet, OPEN } from "../src/lib/releases";
import { choosingIn, searchPath, wantedIn } from "../src/lib/search-address";
import { guessBook, guessTitle, isLink, isReleaseFile, links, protocolOf } from "../src/lib/sources";
import { isWanted, wantedBooks } from "../src/lib/wanted";
import { Adding } from "../src/stores/adding.svelte";
import { Row } from "../src/stores/downloads.svelte";
import { holders, SearchState } from "../src/stores/search.svelte";
import { download } from "./help";

beforeEach(() => localStorage.clear());

function release(id: string, changes: Partial<Release> = {}): Release {
  return {
    id,
    title: id,
    indexer: "feed",
    download_type: "torrent",
    book: id,
    author: null,
    narrator: null,
    series: null,
    series_part: null,
    year: null,
    language: null,
    abridged: null,
    file_format: null,
    bitrate_kbps: null,
    size: null,
    seeders: null,
    peers: null,
    grabs: null,
    published_at: null,
    download_volume_factor: null,
    info_url: null,
    quality_score: 0,
    match_score: 0,
    reasons: { quality: [], match: [] },
    rejections: [],
    held: null,
    ...changes,
  };
}

const ids = (releases: readonly Release[]) => releases.map(({ id }) => id);

test("results are filtered and put in the order that was asked for", () => {
  const all = [release("a", { seeders: 1, match_score: 9 }), release("b", { seeders: 5, rejections: ["abridged"] })];
  expect(ids(arrange(all, OPEN, "best"))).toEqual(["a", "b"]);
  expect(ids(arrange(all, OPEN, "seeders"))).toEqual(["b", "a"]);
  expect(ids(arrange(all, { ...OPEN, suitable: true }, "best"))).toEqual(["a"]);
  expect(ids(arrange(all, { ...OPEN, text: "B" }, "best"))).toEqual(["b"]);
});

test("what is unsuitable comes last among the best, however well it matches", () => {
  const all = [release("bad", { match_score: 99, rejections: ["a trailer"] }), release("good", { match_score: 40 })];
  expect(ids(arrange(all, OPEN, "best"))).toEqual(["good", "bad"]);
});

test("each filter hides what it says, and what nothing is known of stays where hiding it would be a guess", () => {
  const all = [
    release("a", { indexer: "One", file_format: "m4b", language: "en", abridged: false, seeders: 9 }),
    release("b", { indexer: "Two", file_format: "mp3", language: "de", abridged: true, seeders: 1 }),
    release("c", { indexer: "Two", download_type: "nzb" }),
  ];
  const left = (changes: object) => ids(arrange(all, { ...OPEN, ...changes }, "title"));
  expect(left({ indexer: "Two" })).toEqual(["b", "c"]);
  expect(left({ format: "m4b" })).toEqual(["a"]);
  expect(left({ language: "de" })).toEqual(["b"]);
  expect(left({ unabridged: true })).toEqual(["a", "c"]);
  expect(left({ seeders: 5 })).toEqual(["a", "c"]); // by Usenet nobody seeds
  expect(choices(all, "file_format")).toEqual(["m4b", "mp3"]);
  expect(filtersSet({ ...OPEN, text: "x", seeders: 5, format: "m4b" })).toBe(2);
});

test("releases of one recording make a group, whatever their spelling; another narrator makes another", () => {
  const one = { book: "The Salt, Harbour", author: "Mira Okonjo", narrator: "Ann" };
  const all = [
    release("a", one),
    release("b", { ...one, book: "the salt harbour", narrator: "ANN" }),
    release("c", { ...one, narrator: "Bob" }),
    release("d", { book: "???" }),
    release("e", { book: "???" }),
  ];
  expect(byBook(all).map(({ best, others }) => [best.id, ids(others)])).toEqual([
    ["a", ["b"]],
    ["c", []],
    ["d", []],
    ["e", []],
  ]);
});

test("a release is marked by what the server said and by what has become of the queue since", () => {
  const holder = holders([
    new Row(1, download(1, { status: "DOWNLOADING", indexer: "feed", release_title: "a" })),
    new Row(2, download(2, { status: "CANCELLED", indexer: "feed", release_title: "b" })),
  ]);
  expect(holder(release("a"))).toEqual({ kind: "queue", id: 1, how: "same_release" });
  expect(holder(release("b"))).toBeNull();
  expect(holder(release("a", { indexer: "other" }))).toBeNull();
  const held = { kind: "queue", how: "same_book" } as const;
  expect(holder(release("x", { held: { ...held, id: 7 } }))?.id).toBe(7);
  expect(holder(release("x", { held: { ...held, id: 2 } }))).toBeNull();
  expect(holder(release("x", { held: { ...held, kind: "library", id: 2 } }))?.kind).toBe("library");
});

/** A server that tells a search line by line, when the test says so. */
function telling() {
  let send!: (line: SearchLine | string) => void;
  let end!: () => void;
  const fetched = vi.fn((_: string, { signal }: RequestInit) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (line) => controller.enqueue(new TextEncoder().encode(typeof line === "string" ? line : `${JSON.stringify(line)}\n`));
        end = () => controller.close();
        signal?.addEventListener("abort", () => controller.error(new DOMException("", "AbortError")));
      },
    });
    return Promise.resolve(new Response(body));
  });
  vi.stubGlobal("fetch", fetched);
  return { send: (line: SearchLine | string) => send(line), end: () => end(), fetched };
}

const outcome = (name: string, status: IndexerState["status"], count = 0): SearchLine => ({
  type: "indexer",
  name,
  status,
  elapsed_ms: 5,
  count,
  error: status === "error" ? "It is down." : null,
});
const results = (...found: Release[]): SearchLine => ({ type: "results", results: found, replaced: [] });

async function begun() {
  const server = telling();
  const state = new SearchState();
  state.query = "salt";
  const running = state.run();
  await vi.waitFor(() => expect(server.fetched).toHaveBeenCalled());
  await Promise.resolve();
  return { server, state, running };
}

test("results show as each indexer answers, and each one's state is known", async () => {
  const { server, state, running } = await begun();
  server.send(outcome("Quick", "asked"));
  server.send(outcome("Slow", "asked"));
  server.send(results(release("a")));
  server.send(outcome("Quick", "ok", 1));
  await vi.waitFor(() => expect(state.indexers.map(({ status }) => status)).toEqual(["ok", "asked"]));
  expect([ids(state.results), state.busy]).toEqual([["a"], true]);
  server.send(outcome("Slow", "error"));
  server.send({ type: "done" });
  server.end();
  await running;
  expect([state.indexers.map(({ status }) => status), state.busy, state.problem]).toEqual([["ok", "error"], false, null]);
  expect(recentSearches()).toEqual(["salt"]);
});

test("a list that somebody reads stands still; what comes gathers until it is asked for", async () => {
  const { server, state } = await begun();
  state.hold();
  server.send(results(release("a")));
  await vi.waitFor(() => expect(ids(state.results)).toEqual(["a"])); // an empty list moves under nobody's hand
  server.send({ type: "results", results: [release("b")], replaced: ["a"] });
  await vi.waitFor(() => expect(ids(state.gathered)).toEqual(["b"]));
  expect(ids(state.results)).toEqual(["a"]);
  state.reveal();
  expect([ids(state.results), state.gathered]).toEqual([["b"], []]);
  server.send(results(release("c")));
  await vi.waitFor(() => expect(ids(state.results)).toEqual(["b", "c"]));
});

test("a search that is stopped keeps what it has, and says nothing of an error", async () => {
  const { server, state, running } = await begun();
  server.send(results(release("a")));
  await vi.waitFor(() => expect(state.results).toHaveLength(1));
  state.stop();
  await running;
  expect([ids(state.results), state.busy, state.stopped, state.problem]).toEqual([["a"], false, true, null]);
});

test("a new search ends the one before, whose late words are not heard", async () => {
  const { state, running } = await begun();
  const second = telling();
  state.query = "cedar";
  const again = state.run();
  await running;
  expect(state.busy).toBe(true);
  await vi.waitFor(() => expect(second.fetched).toHaveBeenCalled());
  await Promise.resolve();
  second.send({ type: "error", code: "internal", detail: "Something broke.", remedy: "See the log." });
  second.end();
  await again;
  expect([state.asked, state.problem?.message, state.busy]).toEqual([{ query: "cedar" }, "Something broke.", false]);
});

test("a line that comes in pieces is one line, and half a line is a broken connection", async () => {
  const { server, state, running } = await begun();
  const line = JSON.stringify(results(release("ü")));
  server.send(line.slice(0, 40));
  server.send(`${line.slice(40)}\n\n{"type": "do`);
  server.end();
  await running;
  expect([ids(state.results), state.problem?.code]).toEqual([["ü"], "network"]);
});

test("the last searches are remembered once each, and can be forgotten; nonsense in the store is none", () => {
  for (const text of ["a", "b", "a"]) rememberSearch(text);
  expect(recentSearches()).toEqual(["a", "b"]);
  new SearchState().forget();
  expect(recentSearches()).toEqual([]);
  localStorage.setItem("auralarchive.searches", '{"a": 1}');
  expect(recentSearches()).toEqual([]);
});

test("a search has an address, and an address is a search", () => {
  const path = searchPath({ query: "a & b", author: "Ö" }, 7);
  expect(path).toBe("/search?q=a+%26+b&author=%C3%96&for=7");
  const query = new URL(path, "http://x").searchParams;
  expect([wantedIn(query), choosingIn(query)]).toEqual([{ query: "a & b", author: "Ö" }, 7]);
  expect(choosingIn(new URLSearchParams("for=1e3"))).toBeNull();
  expect(searchPath({})).toBe("/search");
});

test("wanted books are automatic downloads that are not found yet, those first that need somebody", () => {
  const rows = [
    new Row(1, download(1, { status: "SEARCH_FAILED", manual: false })),
    new Row(2, download(2, { status: "QUEUED", manual: false })),
    new Row(3, download(3, { status: "QUEUED", manual: true })),
    new Row(4, download(4, { status: "DOWNLOADING", manual: false })),
    new Row(5, download(5, { status: "SEARCH_FAILED", manual: false, next_retry_at: "2026-01-01T00:00:00Z" })),
  ];
  expect(wantedBooks(rows).map(({ id }) => id)).toEqual([1, 5, 2]);
  expect(isWanted(download(6, { status: "PAUSED", manual: false, release_title: "Found" }))).toBe(false);
});

test("several links and files are asked about one after the other; wrong files are named", () => {
  const adding = new Adding();
  const files = [new File([], "a.torrent"), new File([], "b.exe"), new File([], "c.nzb")];
  expect(adding.takeFiles(files)).toEqual(["b.exe"]);
  expect([adding.current?.file?.name, adding.place, adding.total]).toEqual(["a.torrent", 1, 2]);
  adding.next();
  expect([adding.current?.file?.name, adding.place, adding.total]).toEqual(["c.nzb", 2, 2]);
  adding.next();
  expect(adding.takeText("magnet:?xt=urn:btih:00\n  https://x.example/a.torrent")).toBe(true);
  expect([adding.queue.length, adding.total]).toEqual([2, 2]);
  adding.close();
  expect(adding.takeText("not a link")).toBe(false);
  expect(links("magnet:?xt=urn:btih:00 and words")).toEqual([]);
});

test("links and files that can be downloaded are known as such", () => {
  expect(isLink(" magnet:?xt=urn:btih:00 ")).toBe(true);
  expect(isLink("javascript:alert(1)")).toBe(false);
  expect(isLink("http shelf")).toBe(false);
  expect(isReleaseFile({ name: "A.TORRENT" })).toBe(true);
  expect(isReleaseFile({ name: "a.exe" })).toBe(false);
});

test("what is to be downloaded is told by its link or name, or not at all", () => {
  expect(protocolOf(" magnet:?xt=urn:btih:00&dn=book.nzb")).toBe("torrent");
  expect(protocolOf("Salt.and.Cedar.NZB")).toBe("nzb");
  expect(protocolOf("http://127.0.0.1/get/1.torrent?key=1.nzb")).toBe("torrent");
  expect(protocolOf("http://127.0.0.1/get?id=1")).toBeUndefined();
  expect(protocolOf("")).toBeUndefined();
});

test("a title is guessed from what the link or file says, and never breaks on nonsense", () => {
  expect(guessTitle("magnet:?xt=urn:btih:00&dn=Salt+and+Cedar")).toBe("Salt and Cedar");
  expect(guessTitle("Salt.and.Cedar.torrent")).toBe("Salt and Cedar");
  expect(guessTitle("http://127.0.0.1/get/Salt%20and%20Cedar.nzb?key=1")).toBe("Salt and Cedar");
  expect(guessTitle("http://127.0.0.1/%E0%A4%A")).toBe("%E0%A4%A");
});

test("author and title are guessed from a name as uploaders write them", () => {
  expect(guessBook("Jane.Austen - Emma (2010) [M4B].torrent")).toEqual({ title: "Emma", author: "Jane Austen" });
  expect(guessBook("magnet:?xt=urn:btih:00&dn=Salt+and+Cedar")).toEqual({ title: "Salt and Cedar", author: "" });
  expect(guessBook("")).toEqual({ title: "", author: "" });
});
