// Where a person is in a book, kept on the server. What a device writes says which position it knew last: what
// another one has written meanwhile is never lost unseen.

import { get, Problem, request } from "../api/client";
import type { Position } from "../api/types";
import { deviceName } from "../lib/listening";

export interface Place {
  seconds: number;
  speed: number;
  finished: boolean;
}

const KEY = "auralarchive.device";

/** This browser's name, with a mark of its own; it stays the same as long as the browser keeps it. */
export function thisDevice(): string {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept) return kept;
    const made = `${deviceName(navigator.userAgent)} #${Math.random().toString(36).slice(2, 6)}`;
    localStorage.setItem(KEY, made);
    return made;
  } catch {
    return deviceName(navigator.userAgent);
  }
}

export class PositionKeeper {
  #known: string | null = null;
  #waiting: Place | null = null;
  #sending = false;

  /** `onMoved` hears of another device that was later. */
  constructor(
    readonly bookId: number,
    readonly onMoved: (position: Position) => void,
    readonly device = thisDevice(),
  ) {}

  /** The position on the server; null where there is none, or nobody to have one (a key without an account). */
  async read(): Promise<Position | null> {
    try {
      const found = await get<Position>(this.#path);
      this.#known = found.updated_at;
      return found.updated_at === null ? null : found;
    } catch (error) {
      if (error instanceof Problem && error.code === "no_account") return null;
      throw error;
    }
  }

  /** Looks whether another device was later, after a while of silence here. */
  async look(): Promise<void> {
    const before = this.#known;
    const there = await this.read().catch(() => null);
    if (there && there.updated_at !== before && there.device !== this.device) this.onMoved(there);
  }

  /** Saves the newest place as soon as the one before is saved; false where it could not be saved for now. */
  async save(place: Place, { leaving = false } = {}): Promise<boolean> {
    this.#waiting = place;
    if (this.#sending && !leaving) return true;
    this.#sending = true;
    try {
      while (this.#waiting) {
        const next = this.#waiting;
        this.#waiting = null;
        await this.#send(next, leaving);
      }
      return true;
    } catch {
      this.#waiting ??= place;
      return false;
    } finally {
      this.#sending = false;
    }
  }

  async #send(place: Place, leaving: boolean, again = true): Promise<void> {
    try {
      const body = { ...place, device: this.device, known: this.#known };
      this.#known = (await request<Position>("PUT", this.#path, { body, keepalive: leaving })).updated_at;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "position_moved") throw error;
      const there = error.present as Position;
      this.#known = there.updated_at;
      // Our own, whose answer was lost: it counts as known. Anybody else's is the person's to decide about.
      if (there.device === this.device && again) return this.#send(place, leaving, false);
      this.onMoved(there);
    }
  }

  get #path(): string {
    return `library/books/${this.bookId}/position`;
  }
}
