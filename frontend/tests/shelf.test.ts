import { beforeEach, expect, test } from "vitest";
import type { LibraryBook } from "../src/api/types";
import { addressOf, isFiltered, shelf, viewOf, type View } from "../src/stores/shelf.svelte";
import { serve } from "./help";

const book = (id: number, title = `Book ${id}`) => ({ id, title, has_cover: false, version: 1 }) as LibraryBook;
const view = (query = ""): View => viewOf(new URLSearchParams(query));
const facets = { body: { authors: [], narrators: [], series: [], formats: [] } };

/** A library of so many books in pages of 100. */
function library(count: number) {
  const asked: URLSearchParams[] = [];
  serve({
    "GET /api/library/facets": facets,
    "GET /api/library/listening": { status: 403, body: { code: "no_account" } },
    "GET /api/library/books": (url) => {
      asked.push(url.searchParams);
      const start = Number(url.searchParams.get("cursor") ?? 0);
      const items = Array.from({ length: Math.min(100, count - start) }, (_, at) => book(start + at));
      return { body: { items, total: count, next_cursor: start + 100 < count ? String(start + 100) : null } };
    },
  });
  return asked;
}

beforeEach(() => shelf.clear());

test("a view is its address and back again", () => {
  const wanted = view("q=emma&sort=-title&author=Jane+Austen&format=M4B&sort2=x");
  expect(viewOf(new URLSearchParams(addressOf(wanted).split("?")[1]))).toEqual(wanted);
  expect(addressOf(view("sort=nonsense"))).toBe("/library");
  expect(isFiltered(view("sort=title"))).toBe(false);
  expect(isFiltered(view("series=Saga"))).toBe(true);
});

test("pages are read as they are needed, each book once", async () => {
  const asked = library(250);
  await shelf.show(view("author=Ann"));
  expect([shelf.books.length, shelf.total, shelf.loaded]).toEqual([100, 250, true]);
  expect([asked[0]?.get("author"), asked[0]?.get("brief"), asked[0]?.get("q")]).toEqual(["Ann", "true", null]);
  await Promise.all([shelf.more(view("author=Ann")), shelf.more(view("author=Ann"))]);
  await shelf.more(view("author=Ann"));
  await shelf.more(view("author=Ann"));
  expect(shelf.books.map(({ id }) => id)).toEqual(Array.from({ length: 250 }, (_, id) => id));
  expect(asked).toHaveLength(3);
});

test("coming back reads nothing anew, another view does", async () => {
  const asked = library(50);
  await shelf.show(view());
  shelf.scrolled = 900;
  await shelf.show(view());
  expect([asked.length, shelf.scrolled]).toEqual([1, 900]);
  await shelf.show(view("q=x"));
  expect([asked.length, shelf.scrolled]).toEqual([2, 0]);
});

test("a late answer of an older view is dropped", async () => {
  let slow: (() => void) | undefined;
  const first = new Promise<void>((resolve) => (slow = resolve));
  library(10);
  const real = fetch;
  globalThis.fetch = async (address, init) => {
    if (String(address).includes("q=slow")) await first;
    return real(address, init);
  };
  const late = shelf.show(view("q=slow"));
  await shelf.show(view("q=quick"));
  shelf.replace(book(3, "Quick"));
  slow?.();
  await late;
  expect(shelf.books[3]?.title).toBe("Quick");
});

test("a failure is told and can be tried again", async () => {
  serve({});
  await shelf.show(view());
  expect(shelf.problem).not.toBeNull();
  library(5);
  await shelf.show(view());
  expect([shelf.problem, shelf.books.length]).toEqual([null, 5]);
});
