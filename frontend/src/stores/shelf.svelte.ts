// The library's list as it was last looked at: pages of it are read as one scrolls, and it stays while one looks at a book.

import { get } from "../api/client";
import type { Facets, LibraryBook, Listening, Page } from "../api/types";

export const SORTS = ["-added", "added", "title", "-title", "author", "-author", "series", "-series", "duration", "-duration"] as const;
export type Sort = (typeof SORTS)[number];
export const FILTERS = ["author", "narrator", "series", "format"] as const;
export type Filter = (typeof FILTERS)[number];

export interface View {
  q: string;
  sort: Sort;
  author: string;
  narrator: string;
  series: string;
  format: string;
}

const PAGE = 120;

/** What an address asks for; what it asks for in vain is left out. */
export function viewOf(query: URLSearchParams): View {
  const sort = SORTS.find((name) => name === query.get("sort")) ?? "-added";
  const [author, narrator, series, format] = FILTERS.map((name) => query.get(name) ?? "") as [string, string, string, string];
  return { q: query.get("q") ?? "", sort, author, narrator, series, format };
}

export function addressOf(view: View): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(view)) if (value && value !== "-added") query.set(name, String(value));
  return query.size ? `/library?${query}` : "/library";
}

export function isFiltered(view: View): boolean {
  return view.q.trim() !== "" || FILTERS.some((name) => view[name] !== "");
}

class Shelf {
  books = $state.raw<LibraryBook[]>([]);
  listening = $state.raw<Listening[]>([]);
  facets = $state.raw<Facets | null>(null);
  total = $state(0);
  loaded = $state(false);
  reading = $state(false);
  problem = $state.raw<unknown>(null);
  /** How far down the list was when it was left. */
  scrolled = 0;

  #view = "";
  #cursor: string | null = null;
  #asked = 0;

  /** Shows this view; what is there of it already stays. */
  async show(view: View): Promise<void> {
    const wanted = addressOf(view);
    if (wanted === this.#view && this.loaded && !this.problem) {
      this.listening = await heard(); // one has perhaps listened since
      return;
    }
    if (wanted !== this.#view) this.scrolled = 0;
    this.#view = wanted;
    await this.#first(view);
  }

  /** Reads it anew: a book has come, or one was changed. */
  async refresh(view: View): Promise<void> {
    this.#view = addressOf(view);
    await this.#first(view, Math.min(500, Math.max(PAGE, this.books.length)));
  }

  /** The next page, when the end of what is there comes near. */
  async more(view: View): Promise<void> {
    if (this.reading || this.#cursor === null || addressOf(view) !== this.#view) return;
    await this.#read(async (asked) => {
      const page = await this.#page(view, this.#cursor ?? undefined, PAGE);
      if (asked !== this.#asked) return;
      const known = new Set(this.books.map(({ id }) => id));
      this.books = [...this.books, ...page.items.filter(({ id }) => !known.has(id))];
      this.#cursor = page.next_cursor;
    });
  }

  /** One book was changed: its place in the list stays until it is read anew. */
  replace(book: LibraryBook): void {
    this.books = this.books.map((one) => (one.id === book.id ? book : one));
    this.listening = this.listening.map((one) => (one.book.id === book.id ? { ...one, book } : one));
    get<Facets>("library/facets").then(
      (facets) => (this.facets = facets),
      () => {}, // the old ones do until the next time
    );
  }

  clear(): void {
    this.books = [];
    this.listening = [];
    this.facets = null;
    this.loaded = false;
    this.#view = "";
  }

  async #first(view: View, limit = PAGE): Promise<void> {
    await this.#read(async (asked) => {
      // All at once, so that nothing jumps when the second of them arrives.
      const [page, facets, listening] = await Promise.all([this.#page(view, undefined, limit), get<Facets>("library/facets"), heard()]);
      if (asked !== this.#asked) return;
      this.books = page.items;
      this.total = page.total;
      this.#cursor = page.next_cursor;
      this.facets = facets;
      this.listening = listening;
      this.loaded = true;
    });
  }

  async #read(work: (asked: number) => Promise<void>): Promise<void> {
    const asked = ++this.#asked;
    this.reading = true;
    try {
      await work(asked);
      if (asked === this.#asked) this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = error;
    } finally {
      if (asked === this.#asked) this.reading = false;
    }
  }

  #page(view: View, cursor: string | undefined, limit: number): Promise<Page<LibraryBook>> {
    const filters = Object.fromEntries(FILTERS.map((name) => [name, view[name] || undefined]));
    const query = { ...filters, q: view.q.trim() || undefined, sort: view.sort, limit, cursor, brief: "true" };
    return get<Page<LibraryBook>>("library/books", { query });
  }
}

/** Books that were begun. Whoever cannot have any still has a library. */
async function heard(): Promise<Listening[]> {
  try {
    return (await get<{ items: Listening[] }>("library/listening")).items;
  } catch {
    return [];
  }
}

export const shelf = new Shelf();

export function coverOf(book: { id: number; has_cover: boolean; version: number }): string | null {
  return book.has_cover ? `/api/library/books/${book.id}/cover?v=${book.version}` : null;
}
