import { expect, test } from "vitest";
import type { Release } from "../src/api/types";
import { guessTitle, isLink, isReleaseFile } from "../src/lib/sources";
import { arrange, holders } from "../src/stores/search.svelte";
import { Row } from "../src/stores/downloads.svelte";
import { download } from "./help";

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

test("results are filtered and put in the order that was asked for", () => {
  const all = [release("a", { seeders: 1, match_score: 9 }), release("b", { seeders: 5, rejections: ["abridged"] })];
  expect(arrange(all, "", "best", false).map(({ id }) => id)).toEqual(["a", "b"]);
  expect(arrange(all, "", "seeders", false).map(({ id }) => id)).toEqual(["b", "a"]);
  expect(arrange(all, "", "best", true).map(({ id }) => id)).toEqual(["a"]);
  expect(arrange(all, "B", "best", false).map(({ id }) => id)).toEqual(["b"]);
});

test("a release that is in the queue is marked, unless it was cancelled or failed there", () => {
  const holder = holders([
    new Row(1, download(1, { status: "DOWNLOADING", indexer: "feed", release_title: "a" })),
    new Row(2, download(2, { status: "CANCELLED", indexer: "feed", release_title: "b" })),
  ]);
  expect(holder(release("a"))?.id).toBe(1);
  expect(holder(release("b"))).toBeUndefined();
  expect(holder(release("a", { indexer: "other" }))).toBeUndefined();
});

test("links and files that can be downloaded are known as such", () => {
  expect(isLink(" magnet:?xt=urn:btih:00 ")).toBe(true);
  expect(isLink("javascript:alert(1)")).toBe(false);
  expect(isLink("http shelf")).toBe(false);
  expect(isReleaseFile({ name: "A.TORRENT" })).toBe(true);
  expect(isReleaseFile({ name: "a.exe" })).toBe(false);
});

test("a title is guessed from what the link or file says, and never breaks on nonsense", () => {
  expect(guessTitle("magnet:?xt=urn:btih:00&dn=Salt+and+Cedar")).toBe("Salt and Cedar");
  expect(guessTitle("Salt.and.Cedar.torrent")).toBe("Salt and Cedar");
  expect(guessTitle("http://127.0.0.1/get/Salt%20and%20Cedar.nzb?key=1")).toBe("Salt and Cedar");
  expect(guessTitle("http://127.0.0.1/%E0%A4%A")).toBe("%E0%A4%A");
});
