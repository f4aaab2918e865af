// The player: one book at a time, across all pages. Loaded when something is played for the first time.

import { get, Problem } from "../api/client";
import type { BookDetail, Position } from "../api/types";
import { m } from "../i18n";
import { chapterAt, chaptersOf, isAsleep, nextStart, previousStart, speedOf, type Chapter, type Sleep } from "../lib/listening";
import { href } from "../lib/router.svelte";
import { PositionKeeper } from "./position";
import { session } from "./session.svelte";

const SAVE_EVERY_MS = 8_000;
/** After so long without a word of ours another device may have gone on. */
const SILENCE_MS = 30_000;
/** After a break in the connection: so long until the next attempt, and then twice as long each time. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
const SPEED = "auralarchive.speed";
const VOLUME = "auralarchive.volume";

export class Player {
  book = $state.raw<BookDetail | null>(null);
  chapters = $state.raw<Chapter[]>([]);
  playing = $state(false);
  waiting = $state(false);
  seconds = $state(0);
  speed = $state(speedOf(stored(SPEED, 1)));
  volume = $state(Math.min(1, Math.max(0, stored(VOLUME, 1))));
  sleep = $state.raw<Sleep | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** The connection is gone, and the player goes on trying. */
  broken = $state(false);
  /** From where it goes on, once, when that was another device. */
  resumed = $state.raw<Position | null>(null);
  /** Another device was later, while this one played. */
  elsewhere = $state.raw<Position | null>(null);

  readonly duration = $derived(this.book?.duration_seconds ?? 0);
  readonly at = $derived(chapterAt(this.chapters, this.seconds));
  readonly chapter = $derived(this.chapters[this.at] ?? null);

  /** The element that plays is part of the page, and comes when that has drawn the player. */
  readonly attached: Promise<void>;
  #isAttached: () => void = () => {};
  #audio: HTMLAudioElement | null = null;
  #keeper: PositionKeeper | null = null;
  #savedAt = 0;
  #pause = FIRST_PAUSE_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #drowsy: ReturnType<typeof setInterval> | undefined;
  #asked = 0;

  constructor() {
    this.attached = new Promise((resolve) => (this.#isAttached = resolve));
  }

  /** The element of the page; the player's own events come from it. */
  attach(audio: HTMLAudioElement): () => void {
    this.#audio = audio;
    this.#drowsy = setInterval(() => this.#nod(), 1_000);
    const leave = () => void this.#save({ leaving: true });
    addEventListener("pagehide", leave);
    this.#isAttached();
    return () => {
      removeEventListener("pagehide", leave);
      this.close();
      clearInterval(this.#drowsy);
      this.#audio = null;
    };
  }

  /** Plays a book from where the person was, or from a place of their choice. */
  async open(bookId: number, at?: number): Promise<void> {
    if (this.book?.id === bookId) {
      if (at !== undefined) this.seek(at);
      return this.#start();
    }
    const asked = ++this.#asked;
    void this.#save();
    this.#audio?.pause();
    const keeper = new PositionKeeper(bookId, (position) => (this.elsewhere = position));
    const [book, position] = await Promise.all([get<BookDetail>(`library/books/${bookId}`), keeper.read()]);
    if (asked !== this.#asked) return;
    this.#take(book, keeper);
    this.#savedAt = Date.now();
    this.#begin(position, at);
    await this.#start();
  }

  toggle(): void {
    if (this.playing) this.#audio?.pause();
    else void this.#start();
  }

  seek(seconds: number): void {
    if (!this.#audio || !this.book) return;
    this.seconds = Math.min(Math.max(0, seconds), Math.max(0, this.duration - 0.1));
    this.#audio.currentTime = this.seconds;
    this.elsewhere = this.resumed = null;
    if (this.sleep?.kind === "chapter") this.sleepAtChapterEnd();
    this.#tellSystem();
    void this.#save();
  }

  skip(by: number): void {
    this.seek(this.seconds + by);
  }

  previous(): void {
    this.seek(previousStart(this.chapters, this.seconds));
  }

  next(): void {
    const start = nextStart(this.chapters, this.seconds);
    if (start !== null) this.seek(start);
  }

  setSpeed(wanted: number): void {
    this.speed = speedOf(wanted);
    keep(SPEED, this.speed);
    this.#sound();
    this.#tellSystem();
  }

  setVolume(wanted: number): void {
    this.volume = Math.min(1, Math.max(0, wanted));
    keep(VOLUME, this.volume);
    this.#sound();
  }

  sleepIn(minutes: number): void {
    this.sleep = { kind: "time", at: Date.now() + minutes * 60_000 };
  }

  sleepAtChapterEnd(): void {
    this.sleep = { kind: "chapter", at: this.chapter?.end ?? this.duration };
  }

  stayAwake(): void {
    this.sleep = null;
  }

  /** Goes where another device was, or stays here: from then on this device's place counts. */
  settle(go: boolean): void {
    const there = this.elsewhere ?? this.resumed;
    this.elsewhere = this.resumed = null;
    if (go && there) this.seek(there.seconds);
    else void this.#save();
  }

  /** Tries at once what would be tried in a while. */
  again(): void {
    this.#pause = FIRST_PAUSE_MS;
    this.#reconnect();
  }

  close(): void {
    this.#asked++;
    clearTimeout(this.#retry);
    if (session.state === "ready") void this.#save({ leaving: true });
    this.#audio?.pause();
    this.#audio?.removeAttribute("src");
    this.#audio?.load();
    this.book = this.problem = this.sleep = this.elsewhere = this.resumed = this.#keeper = null;
    this.chapters = [];
    this.playing = this.waiting = this.broken = false;
    if ("mediaSession" in navigator) navigator.mediaSession.metadata = null;
  }

  // What the element says

  moved(): void {
    if (!this.#audio || !this.book || this.broken || this.#audio.seeking) return;
    this.seconds = this.#audio.currentTime;
    if (this.sleep && isAsleep(this.sleep, Date.now(), this.seconds)) return this.#fallAsleep();
    if (this.playing && Date.now() - this.#savedAt > SAVE_EVERY_MS) void this.#save();
  }

  started(): void {
    this.playing = true;
    this.waiting = this.broken = false;
    this.problem = null;
    this.#pause = FIRST_PAUSE_MS;
    this.#tellSystem();
  }

  stopped(): void {
    if (this.broken) return;
    this.playing = false;
    this.#tellSystem();
    void this.#save();
  }

  ended(): void {
    this.playing = false;
    this.sleep = null;
    this.seconds = this.duration;
    void this.#save({ finished: true });
  }

  /** The element gave up: find out whether it is the way there, or the file. */
  async failed(): Promise<void> {
    const audio = this.#audio;
    if (!audio?.error || !this.book) return;
    const broken = audio.error.code === MediaError.MEDIA_ERR_NETWORK || (await this.#unreachable());
    if (broken) return this.#wait();
    this.playing = this.waiting = false;
    this.problem = new Problem(0, { detail: m.player.unplayable, remedy: m.player.unplayableRemedy });
  }

  // Within

  #take(book: BookDetail, keeper: PositionKeeper): void {
    this.book = book;
    this.#keeper = keeper;
    this.chapters = chaptersOf(book.chapters, book.duration_seconds);
    this.problem = this.sleep = this.elsewhere = null;
    this.broken = false;
    this.#introduce(book);
  }

  #begin(position: Position | null, at?: number): void {
    const kept = position && !position.finished ? position.seconds : 0;
    const foreign = position !== null && at === undefined && kept > 0 && position.device !== this.#keeper?.device;
    this.resumed = foreign ? position : null;
    this.seconds = at ?? kept;
    this.#load();
  }

  #load(): void {
    const file = this.book?.files.find(({ role }) => role === "audio");
    if (!this.#audio || !this.book || !file) return;
    this.#audio.src = href(`api/library/books/${this.book.id}/files/${file.n}?v=${this.book.version}`);
    this.#audio.currentTime = this.seconds;
    this.#sound();
  }

  #sound(): void {
    if (!this.#audio) return;
    this.#audio.defaultPlaybackRate = this.#audio.playbackRate = this.speed;
    this.#audio.volume = this.volume;
  }

  async #start(): Promise<void> {
    this.waiting = true;
    if (Date.now() - this.#savedAt > SILENCE_MS) void this.#keeper?.look();
    try {
      await this.#audio?.play();
    } catch (error) {
      // The browser wants a press of its own first: the button is there for it. All else `failed` hears of.
      if (error instanceof DOMException && error.name === "NotAllowedError") this.waiting = false;
    }
  }

  async #unreachable(): Promise<boolean> {
    try {
      const answer = await fetch(this.#audio?.src ?? "", { headers: { Range: "bytes=0-0" } });
      await answer.body?.cancel();
      if (answer.status === 401) void session.refresh();
      return answer.status === 401 || answer.status >= 500;
    } catch {
      return true;
    }
  }

  #wait(): void {
    this.broken = this.waiting = true;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#reconnect(), this.#pause);
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
  }

  #reconnect(): void {
    clearTimeout(this.#retry);
    this.#load();
    if (this.playing) void this.#start();
    else this.broken = this.waiting = false;
  }

  #nod(): void {
    if (this.playing && this.sleep && isAsleep(this.sleep, Date.now(), this.seconds)) this.#fallAsleep();
  }

  #fallAsleep(): void {
    this.sleep = null;
    this.#audio?.pause();
  }

  async #save({ finished = false, leaving = false } = {}): Promise<void> {
    // While the person has to say which of two places counts, neither is written over the other.
    if (!this.#keeper || !this.book || this.elsewhere) return;
    this.#savedAt = Date.now();
    const place = { seconds: Math.round(this.seconds * 10) / 10, speed: this.speed, finished };
    await this.#keeper.save(place, { leaving });
  }

  /** What the lock screen and the keyboard's own keys show and do. */
  #introduce(book: BookDetail): void {
    if (!("mediaSession" in navigator)) return;
    const { mediaSession: system } = navigator;
    const act: [MediaSessionAction, MediaSessionActionHandler][] = [
      ["play", () => void this.#start()],
      ["pause", () => this.#audio?.pause()],
      ["stop", () => this.close()],
      ["seekbackward", ({ seekOffset }) => this.skip(-(seekOffset ?? 15))],
      ["seekforward", ({ seekOffset }) => this.skip(seekOffset ?? 30)],
      ["previoustrack", () => this.previous()],
      ["nexttrack", () => this.next()],
      ["seekto", ({ seekTime }) => this.seek(seekTime ?? this.seconds)],
    ];
    for (const [action, run] of act) {
      try {
        system.setActionHandler(action, run);
      } catch {
        // A browser that does not know the action does without.
      }
    }
    const cover = href(`api/library/books/${book.id}/cover?v=${book.version}`);
    system.metadata = new MediaMetadata({
      title: book.title,
      artist: book.author,
      album: book.series ?? book.title,
      artwork: book.has_cover ? [{ src: cover }] : [],
    });
  }

  #tellSystem(): void {
    if (!("mediaSession" in navigator) || !this.book) return;
    const { mediaSession: system } = navigator;
    system.playbackState = this.playing ? "playing" : "paused";
    if (system.metadata) system.metadata.title = this.chapter?.title || this.book.title;
    if (this.duration > 0)
      system.setPositionState({
        duration: this.duration,
        playbackRate: this.speed,
        position: Math.min(this.seconds, this.duration),
      });
  }
}

function stored(key: string, otherwise: number): number {
  try {
    const found = localStorage.getItem(key);
    return found === null || !Number.isFinite(Number(found)) ? otherwise : Number(found);
  } catch {
    return otherwise;
  }
}

function keep(key: string, value: number): void {
  try {
    localStorage.setItem(key, String(value));
  } catch {
    // Without storage it lasts as long as the page.
  }
}

export const player = new Player();
