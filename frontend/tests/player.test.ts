// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Player } from "../src/stores/player.svelte";
import { session } from "../src/stores/session.svelte";
import { serve } from "./help";

/** What the player uses of an element that plays; jsdom has none. */
class Sound extends EventTarget {
  src = "";
  currentTime = 0;
  playbackRate = 1;
  defaultPlaybackRate = 1;
  volume = 1;
  paused = true;
  seeking = false;
  error: { code: number } | null = null;
  play = vi.fn(() => {
    this.paused = false;
    return Promise.resolve();
  });
  pause = vi.fn(() => {
    this.paused = true;
  });
  load = vi.fn();
  removeAttribute = vi.fn(() => (this.src = ""));
}

const book = {
  id: 7,
  version: 2,
  title: "Emma",
  author: "Jane Austen",
  duration_seconds: 100,
  has_cover: false,
  files: [{ n: 0, role: "audio", name: "Emma.m4b" }],
  chapters: [
    { title: "One", start: 0 },
    { title: "Two", start: 50 },
  ],
};
const kept = { seconds: 12, speed: 1, device: "Phone", finished: false, updated_at: "t0" };
let sound: Sound;
let player: Player;
let saved: { seconds: number; finished: boolean }[];
let detach: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("MediaError", { MEDIA_ERR_NETWORK: 2 });
  session.state = "ready";
  saved = [];
  serve({
    "GET /api/library/books/7": { body: book },
    "GET /api/library/books/7/position": { body: kept },
    "PUT /api/library/books/7/position": (_, init) => {
      saved.push(JSON.parse(String(init.body)) as { seconds: number; finished: boolean });
      return { body: { ...kept, updated_at: `t${saved.length}` } };
    },
  });
  sound = new Sound();
  player = new Player();
  detach = player.attach(sound as unknown as HTMLAudioElement);
});

afterEach(() => {
  detach();
  vi.useRealTimers();
});

/** The element has played on to this place. */
function playTo(seconds: number) {
  sound.currentTime = seconds;
  player.moved();
}

test("a book goes on where another device was, and says so", async () => {
  await player.open(7);
  player.started();
  expect([sound.currentTime, sound.src.endsWith("/api/library/books/7/files/0?v=2")]).toEqual([12, true]);
  expect(player.resumed).toEqual(kept);
  expect(player.chapter?.title).toBe("One");
});

test("a chapter that was asked for is played, wherever one was", async () => {
  await player.open(7, 50);
  expect([sound.currentTime, player.resumed]).toEqual([50, null]);
  player.previous();
  expect(sound.currentTime).toBe(0);
  player.next();
  player.next();
  expect(sound.currentTime).toBe(50);
  player.skip(1000);
  expect(sound.currentTime).toBeCloseTo(99.9);
});

test("the place is saved every few seconds, at a pause, and at the end", async () => {
  await player.open(7);
  player.started();
  playTo(13);
  expect(saved).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(9_000);
  playTo(22);
  await vi.advanceTimersByTimeAsync(0);
  player.stopped();
  await vi.advanceTimersByTimeAsync(0);
  player.ended();
  await vi.advanceTimersByTimeAsync(0);
  expect(saved.map(({ seconds, finished }) => [seconds, finished])).toEqual([
    [22, false],
    [22, false],
    [100, true],
  ]);
});

test("leaving the page saves it, too", async () => {
  await player.open(7);
  player.started();
  playTo(30);
  dispatchEvent(new Event("pagehide"));
  await vi.advanceTimersByTimeAsync(0);
  expect(saved.at(-1)?.seconds).toBe(30);
});

test("it falls asleep at its time, also while nothing else happens", async () => {
  await player.open(7);
  player.started();
  player.sleepIn(1);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(sound.pause).toHaveBeenCalledTimes(1); // when the book before was let go
  await vi.advanceTimersByTimeAsync(2_000);
  expect([sound.pause.mock.calls.length, player.sleep]).toEqual([2, null]);
});

test("it falls asleep where the chapter ends, wherever one has gone meanwhile", async () => {
  await player.open(7);
  player.started();
  player.sleepAtChapterEnd();
  player.seek(60);
  playTo(70);
  expect(player.sleep).toEqual({ kind: "chapter", at: 100 });
  sound.pause.mockClear();
  playTo(99.95);
  expect([sound.pause.mock.calls.length, player.sleep]).toEqual([1, null]);
});

test("speed stays between its bounds and goes along to the next book", async () => {
  await player.open(7);
  player.setSpeed(9);
  expect([sound.playbackRate, player.speed]).toEqual([3, 3]);
  expect(new Player().speed).toBe(3);
  player.setSpeed(1);
});

test("a broken connection keeps the place and is tried again, later each time", async () => {
  await player.open(7);
  player.started();
  playTo(40);
  sound.error = { code: 2 };
  await player.failed();
  sound.currentTime = 0;
  player.moved(); // what the broken element says counts for nothing
  expect([player.broken, player.seconds]).toEqual([true, 40]);
  sound.play.mockClear();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([sound.play.mock.calls.length, sound.currentTime]).toEqual([1, 40]);
  await player.failed();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sound.play).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sound.play).toHaveBeenCalledTimes(2);
  player.started();
  expect(player.broken).toBe(false);
});

test("a file that the browser cannot play is told with a way out", async () => {
  await player.open(7);
  serve({ "undefined /api/library/books/7/files/0": { status: 206, body: "x" } });
  sound.error = { code: 4 };
  await player.failed();
  expect(player.problem?.remedy).toBeTruthy();
  expect(player.broken).toBe(false);
});

test("two places are decided between, not written over", async () => {
  await player.open(7);
  player.started();
  player.elsewhere = { ...kept, seconds: 80 };
  player.stopped();
  await vi.advanceTimersByTimeAsync(0);
  expect(saved).toHaveLength(0);
  player.settle(true);
  await vi.advanceTimersByTimeAsync(0);
  expect([sound.currentTime, saved.at(-1)?.seconds]).toEqual([80, 80]);
});
