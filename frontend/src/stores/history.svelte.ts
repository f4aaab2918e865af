// What has happened over all downloads, newest first: a page at a time, and what comes while one looks.

import * as api from "../api/client";
import type { Page, SystemEvent } from "../api/types";

const PAGE = 100;
const GATHER_MS = 400;

export interface HistoryFilter {
  event: string;
  failed: boolean;
  text: string;
  /** Days as date fields give them, in the reader's own time. */
  since: string;
  until: string;
}

export const NO_FILTER: HistoryFilter = { event: "", failed: false, text: "", since: "", until: "" };

export class HistoryStore {
  events = $state.raw<readonly SystemEvent[]>([]);
  total = $state(0);
  loaded = $state(false);
  busy = $state(false);
  problem = $state.raw<unknown>(null);
  cursor = $state.raw<string | null>(null);

  #filter: HistoryFilter = NO_FILTER;
  #turn = 0;
  #soon: ReturnType<typeof setTimeout> | undefined;

  /** Begins anew with this filter; an answer to an earlier one that comes late is dropped. */
  async show(filter: HistoryFilter): Promise<void> {
    this.#filter = filter;
    const turn = ++this.#turn;
    await this.#asked(async () => {
      const page = await this.#read();
      if (turn !== this.#turn) return;
      this.events = page.items;
      this.#take(page);
      this.loaded = true;
    });
  }

  async older(): Promise<void> {
    const { cursor } = this;
    const turn = this.#turn;
    if (cursor === null || this.busy) return;
    await this.#asked(async () => {
      const page = await this.#read(cursor);
      if (turn !== this.#turn) return;
      this.events = [...this.events, ...page.items];
      this.#take(page);
    });
  }

  /** Something has happened: what is new is put in front, once for all that happens together. */
  stir(): void {
    if (this.loaded) this.#soon ??= setTimeout(() => void this.#freshen(), GATHER_MS);
  }

  stop(): void {
    clearTimeout(this.#soon);
    this.#turn += 1;
  }

  async #freshen(): Promise<void> {
    this.#soon = undefined;
    const turn = this.#turn;
    const newest = this.events[0]?.seq ?? 0;
    await this.#asked(async () => {
      const page = await this.#read();
      if (turn !== this.#turn) return;
      const meets = newest === 0 || page.next_cursor === null || page.items.some((event) => event.seq <= newest);
      // More than a page has come: what is here no longer leads on from it.
      const kept = meets ? this.events : [];
      this.events = [...page.items.filter((event) => event.seq > (meets ? newest : 0)), ...kept];
      if (kept.length === 0) this.cursor = page.next_cursor;
      this.total = page.total;
    });
  }

  #take(page: Page<SystemEvent>): void {
    this.cursor = page.next_cursor;
    this.total = page.total;
  }

  async #asked(ask: () => Promise<void>): Promise<void> {
    this.busy = true;
    try {
      await ask();
      this.problem = null;
    } catch (error) {
      this.problem = error;
    } finally {
      this.busy = false;
    }
  }

  #read(cursor?: string): Promise<Page<SystemEvent>> {
    const { event, failed, text, since, until } = this.#filter;
    const query = {
      limit: PAGE,
      cursor,
      event: event || undefined,
      failed: failed ? "true" : undefined,
      q: text.trim() || undefined,
      since: since ? startOf(since) : undefined,
      until: until ? startOf(until, 1) : undefined,
    };
    return api.get<Page<SystemEvent>>("system/events", { query });
  }
}

/** The first moment of a day, or of the one that follows it by so many, for the reader. */
export function startOf(date: string, later = 0): string {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  return new Date(year, month - 1, day + later).toISOString();
}
