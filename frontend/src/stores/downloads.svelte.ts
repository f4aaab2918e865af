// Every download that the page knows, kept up to date in place.
//
// Each row is a reactive cell of its own, so that a batch of progress redraws the numbers of the rows
// on the screen and nothing else. Rows carry a version; whatever is older than what is here is
// dropped, because answers and live events overtake each other.

import { untrack } from "svelte";
import * as api from "../api/client";
import type { Download, DownloadPage, MovedAnswer, ProgressRow, StateChange } from "../api/types";
import { likelyActions, moves, type Action } from "../lib/status";

const PAGE = 500;
const GATHER_MS = 120;
const BUMP_MS = 100;

export class Row {
  data = $state.raw() as Download;

  constructor(
    readonly id: number,
    data: Download,
  ) {
    this.data = data;
  }

  get actions(): readonly string[] {
    return this.data.actions;
  }
}

export class DownloadStore {
  /** Grows when rows come or go, or when something changes that a filter or an order reads. */
  structure = $state(0);
  /** Grows with every batch of progress. */
  motion = $state(0);
  total = $state(0);
  loaded = $state(false);
  loading = $state(false);
  problem = $state.raw<unknown>(null);
  counts = $state.raw<Readonly<Record<string, number>>>({});

  #rows = new Map<number, Row>();
  #stale = new Set<number>();
  #bump: ReturnType<typeof setTimeout> | undefined;
  #bumpedAt = -Infinity;
  #gather: ReturnType<typeof setTimeout> | undefined;
  #again = false;

  get(id: number): Row | undefined {
    void this.structure;
    return this.#rows.get(id);
  }

  /**
   * What `choose` makes of all rows, anew whenever one comes, goes or changes its state. Progress does not
   * count: following every row's numbers would cost more with 10,000 rows than drawing the page.
   */
  derive<T>(choose: (rows: Row[]) => T): T {
    void this.structure;
    return untrack(() => choose([...this.#rows.values()]));
  }

  /** Reads the whole list, page by page; rows appear as they come. A call during one asks for another. */
  async load(): Promise<void> {
    if (this.loading) {
      this.#again = true;
      return;
    }
    this.loading = true;
    try {
      do {
        this.#again = false;
        await this.#readAll();
      } while (this.#again);
      this.loaded = true;
      this.problem = null;
    } catch (error) {
      this.problem = error;
      throw error;
    } finally {
      this.loading = false;
    }
  }

  async #readAll(): Promise<void> {
    const before = new Set(this.#rows.keys());
    let cursor: string | undefined;
    do {
      const query = { limit: PAGE, cursor, sort: "-id" };
      const page = await api.get<DownloadPage>("downloads/queue", { query });
      for (const download of page.downloads) before.delete(download.id);
      this.total = page.total;
      this.merge(page.downloads);
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    for (const id of before) this.#rows.delete(id);
    this.#recount();
  }

  /** Takes what the server answered; older versions than ours are dropped. */
  merge(downloads: readonly Download[]): void {
    let structural = false;
    for (const download of downloads) structural = this.#mergeOne(download) || structural;
    if (structural) this.#restructure();
  }

  #mergeOne(download: Download): boolean {
    const row = this.#rows.get(download.id);
    this.#stale.delete(download.id);
    if (!row) {
      this.#rows.set(download.id, new Row(download.id, download));
      return true;
    }
    if (download.version < row.data.version) return false;
    const before = row.data;
    row.data = { ...before, ...download };
    return before.status !== download.status || before.version !== download.version;
  }

  progress(rows: readonly ProgressRow[]): void {
    for (const { download_id, progress, ...numbers } of rows) {
      const row = this.#rows.get(download_id);
      if (!row || !moves(row.data.status)) continue;
      // What is in the library is whole, whatever its client is checking or loading anew.
      const kept = row.data.status === "SEEDING" || progress === null;
      row.data = { ...row.data, ...numbers, download_progress: kept ? row.data.download_progress : progress };
    }
    this.motion += 1;
  }

  /** Shows the new state at once, then asks for the rest of the row. Returns whether it was news. */
  changed(change: StateChange): boolean {
    const row = this.#rows.get(change.download_id);
    if (row && change.version <= row.data.version) return false;
    if (row) {
      const status = change.new_status;
      row.data = {
        ...row.data,
        status,
        reason: change.reason,
        version: change.version,
        actions: likelyActions(status),
        speed_bps: null,
        eta_seconds: null,
      };
      this.#restructure();
    }
    this.refresh(change.download_id);
    return true;
  }

  /** Reads this row again soon, together with others that change at the same time. */
  refresh(id: number): void {
    this.#stale.add(id);
    this.#gather ??= setTimeout(() => void this.#readStale(), GATHER_MS);
  }

  async #readStale(): Promise<void> {
    this.#gather = undefined;
    const ids = [...this.#stale];
    this.#stale.clear();
    try {
      for (let start = 0; start < ids.length; start += PAGE) await this.#readSome(ids.slice(start, start + PAGE));
    } catch {
      // The row stays as the live event left it; the next event or poll brings the rest.
    }
  }

  async #readSome(ids: readonly number[]): Promise<void> {
    this.merge((await api.get<DownloadPage>("downloads/queue", { query: { id: ids } })).downloads);
  }

  /** With its files and what its client says. */
  async read(id: number): Promise<Row | undefined> {
    this.merge([await api.get<Download>(`downloads/queue/${id}`)]);
    return this.#rows.get(id);
  }

  /** Carries out what a button says; the row is read again whatever the answer. */
  async act(id: number, action: Action): Promise<void> {
    try {
      // Cancelling what is already in the library ends its seeding and nothing else.
      if (action === "cancel" || action === "stop_seeding") await api.remove(`downloads/queue/${id}`);
      else await api.post(`downloads/queue/${id}/${action}`);
    } finally {
      this.refresh(id);
    }
  }

  /** Puts it right before, or right after, another one of the queue. */
  async move(id: number, place: { before: number } | { after: number }): Promise<void> {
    this.merge((await api.post<MovedAnswer>(`downloads/queue/${id}/move`, place)).downloads);
  }

  clear(): void {
    clearTimeout(this.#gather);
    this.#gather = undefined;
    this.#rows.clear();
    this.#stale.clear();
    this.loaded = false;
    this.#recount();
  }

  /** At once, but in a storm of events at most ten times a second: sorting 10,000 rows takes its time. */
  #restructure(): void {
    const wait = this.#bumpedAt + BUMP_MS - performance.now();
    if (wait <= 0) this.#recount();
    else this.#bump ??= setTimeout(() => this.#recount(), wait);
  }

  #recount(): void {
    clearTimeout(this.#bump);
    this.#bump = undefined;
    this.#bumpedAt = performance.now();
    const counts: Record<string, number> = {};
    for (const { data } of this.#rows.values()) counts[data.status] = (counts[data.status] ?? 0) + 1;
    this.counts = counts;
    this.total = Math.max(this.loading ? this.total : 0, this.#rows.size);
    this.structure += 1;
  }
}

export const downloads = new DownloadStore();
