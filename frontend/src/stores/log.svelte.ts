// The server's log as far as this page has read it: the latest lines first, the rest behind them, then whatever comes.

import * as api from "../api/client";
import type { LogAnswer, LogLine } from "../api/types";

/** As many as the server keeps. */
export const MOST_LINES = 10_000;
const FIRST = 500;
const WAIT_SECONDS = 20;
const RETRY_MS = 3_000;
/** A question that waits for its answer keeps a page from counting as loaded: it comes when the page has settled. */
const SETTLE_MS = 1_000;

export class LogFollower {
  /** Oldest first. */
  lines = $state.raw<readonly LogLine[]>([]);
  loaded = $state(false);
  /** Which run of the server numbered them: after a restart numbers mean others. */
  run = $state("");
  problem = $state.raw<unknown>(null);

  #last = 0;

  constructor(readonly settle = SETTLE_MS) {}

  /** Reads and follows until the returned function is called. */
  start(): () => void {
    const stop = new AbortController();
    void this.#follow(stop.signal);
    return () => stop.abort();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!this.loaded) {
          await this.#begin(signal);
          await new Promise((done) => setTimeout(done, this.settle));
        }
        await this.#next(signal);
        this.problem = null;
      } catch (error) {
        if (signal.aborted) return;
        this.problem = error;
        await new Promise((done) => setTimeout(done, RETRY_MS));
      }
    }
  }

  /** The latest lines show at once; what is older comes behind them. */
  async #begin(signal: AbortSignal): Promise<void> {
    const newest = await this.#read({ limit: FIRST }, signal);
    this.#take(newest);
    this.lines = newest.items;
    this.loaded = true;
    const first = newest.items[0];
    if (newest.complete || !first) return;
    const older = await this.#read({ before: first.seq, limit: MOST_LINES - FIRST }, signal);
    if (older.run === this.run) this.lines = [...older.items, ...this.lines];
  }

  async #next(signal: AbortSignal): Promise<void> {
    const news = await this.#read({ after: this.#last, wait: WAIT_SECONDS, limit: MOST_LINES }, signal);
    if (news.run !== this.run || !news.complete) {
      // The server was started again, or more has come than it keeps: what is here does not lead on to that.
      this.loaded = false;
      return;
    }
    this.#take(news);
    if (news.items.length) this.lines = [...this.lines, ...news.items].slice(-MOST_LINES);
  }

  #take(answer: LogAnswer): void {
    this.run = answer.run;
    this.#last = answer.last;
  }

  #read(query: Record<string, number>, signal: AbortSignal): Promise<LogAnswer> {
    return api.get<LogAnswer>("system/logs", { query, signal });
  }
}
