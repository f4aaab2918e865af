// A search and its results stay while one looks at another page.

import { Problem, lines } from "../api/client";
import type { Download, Held, IndexerState, Release, SearchLine } from "../api/types";
import { forgetSearches, recentSearches, rememberSearch } from "../lib/recent";
import { OPEN, type ReleaseSort, type Sieve } from "../lib/releases";
import { group } from "../lib/status";
import type { Row } from "./downloads.svelte";

const identity = (indexer: string | null, title: string | null | undefined) => `${indexer}\n${title}`;

/** Downloads that were cancelled or have failed hold nothing. */
const holds = ({ status }: Download) => !["cancelled", "attention"].includes(group(status));

/**
 * Where a release is already: as the server said when it was found, and by what has happened to the queue since.
 */
export function holders(rows: readonly Row[]): (release: Release) => Held | null {
  const living = rows.filter(({ data }) => holds(data));
  const here = new Map(living.map(({ id, data }) => [identity(data.indexer, data.release_title), id]));
  const over = new Set(rows.filter(({ data }) => !holds(data)).map(({ id }) => id));
  return (release) => {
    const held = release.held;
    if (held?.kind === "library") return held;
    const id = here.get(identity(release.indexer, release.title));
    if (id !== undefined) return { kind: "queue", id, how: "same_release" };
    return held && !over.has(held.id) ? held : null;
  };
}

/** What is asked for, by the names that the API and the page's address give it. */
export const FIELDS = ["query", "title", "author", "narrator"] as const;
export type Wanted = Partial<Record<(typeof FIELDS)[number], string>>;

export class SearchState {
  query = $state("");
  title = $state("");
  author = $state("");
  narrator = $state("");
  byField = $state(false);

  sieve = $state<Sieve>({ ...OPEN });
  sort = $state<ReleaseSort>("best");
  grouped = $state(true);

  busy = $state(false);
  /** What the results belong to; null before the first search. */
  asked = $state.raw<Wanted | null>(null);
  indexers = $state.raw<readonly IndexerState[]>([]);
  results = $state.raw<readonly Release[]>([]);
  /** What has come while the list was held still. */
  gathered = $state.raw<readonly Release[]>([]);
  problem = $state.raw<Problem | null>(null);
  stopped = $state(false);
  recent = $state.raw<readonly string[]>([]);

  #held = false;
  #gone = new Set<string>();
  #abort: AbortController | undefined;

  constructor() {
    this.recent = recentSearches();
  }

  /** The fields of the request; empty when nothing was typed. */
  get wanted(): Wanted {
    const fields = this.byField ? FIELDS : (["query"] as const);
    const typed = fields.map((key) => [key, this[key].trim()] as const);
    return Object.fromEntries(typed.filter(([, value]) => value !== ""));
  }

  /** Fills the form with what an address says. */
  take(wanted: Wanted): void {
    for (const key of FIELDS) this[key] = wanted[key] ?? "";
    this.byField = FIELDS.some((key) => key !== "query" && wanted[key] !== undefined);
  }

  async run(): Promise<void> {
    this.stop();
    const abort = (this.#abort = new AbortController());
    this.#begin();
    try {
      for await (const line of lines<SearchLine>("search/manual/stream", this.asked, abort.signal)) this.#hear(line);
    } catch (error) {
      if (!abort.signal.aborted) this.problem = Problem.of(error);
    } finally {
      // Another search may have begun meanwhile: then all this is its own.
      if (this.#abort === abort) this.busy = false;
    }
  }

  /** Ends the search; what it has found stays. */
  stop(): void {
    if (!this.busy) return;
    this.#abort?.abort();
    this.busy = false;
    this.stopped = true;
  }

  /** From now on nothing moves by itself: somebody reads the list, or is about to press in it. */
  hold(): void {
    this.#held = true;
  }

  /** Sorts in what has gathered; new results show by themselves again. */
  reveal(): void {
    this.#held = false;
    this.#merge(this.gathered);
    this.gathered = [];
  }

  /** Another person may sign in next: nothing of the last one stays. */
  clear(): void {
    this.stop();
    this.take({});
    this.asked = null;
    this.results = [];
    this.gathered = [];
  }

  forget(): void {
    forgetSearches();
    this.recent = [];
  }

  #begin(): void {
    this.asked = this.wanted;
    if (this.asked.query) this.recent = rememberSearch(this.asked.query);
    this.busy = true;
    this.stopped = false;
    this.problem = null;
    this.indexers = [];
    this.results = [];
    this.gathered = [];
    this.sieve = { ...OPEN, suitable: this.sieve.suitable, unabridged: this.sieve.unabridged };
    this.#held = false;
    this.#gone.clear();
  }

  #hear(line: SearchLine): void {
    if (line.type === "indexer") this.#answered(line);
    else if (line.type === "results") this.#found(line.results, line.replaced);
    else if (line.type === "error") this.problem = new Problem(500, line);
  }

  #answered(state: IndexerState): void {
    const known = this.indexers.some(({ name }) => name === state.name);
    this.indexers = known ? this.indexers.map((one) => (one.name === state.name ? state : one)) : [...this.indexers, state];
  }

  #found(releases: readonly Release[], replaced: readonly string[]): void {
    for (const id of replaced) this.#gone.add(id);
    // An empty list moves under nobody's hand.
    if (this.#held && this.results.length > 0) this.gathered = [...this.gathered, ...releases];
    else this.#merge(releases);
  }

  #merge(releases: readonly Release[]): void {
    this.results = [...this.results, ...releases].filter(({ id }) => !this.#gone.has(id));
  }
}

export const search = new SearchState();
