import { expect, test } from "vitest";
import {
  chapterAt,
  chaptersOf,
  clock,
  deviceName,
  isAsleep,
  nextStart,
  previousStart,
  shownDevice,
  speedOf,
  spoken,
  type Chapter,
} from "../src/lib/listening";

const chapters: Chapter[] = chaptersOf(
  [
    { title: "Two", start: 60 },
    { title: "One", start: 10 },
    { title: "Odd", start: "x" },
    { title: "Beyond", start: 500 },
    { title: 5, start: 120 },
  ],
  200,
);

test("chapters stand in order, end where the next begins, and what is odd is left out", () => {
  expect(chapters).toEqual([
    { title: "One", start: 10, end: 60 },
    { title: "Two", start: 60, end: 120 },
    { title: "", start: 120, end: 200 },
  ]);
});

test("the chapter that plays is found, before the first there is none", () => {
  expect([0, 9.9, 10, 59.9, 60, 199, 1e6].map((at) => chapterAt(chapters, at))).toEqual([-1, -1, 0, 0, 1, 2, 2]);
  expect(chapterAt([], 5)).toBe(-1);
});

test("previous is the beginning of this one first, then the one before", () => {
  expect(previousStart(chapters, 70)).toBe(60);
  expect(previousStart(chapters, 61)).toBe(10);
  expect(previousStart(chapters, 3)).toBe(0);
  expect(nextStart(chapters, 3)).toBe(10);
  expect(nextStart(chapters, 150)).toBeNull();
});

test("a place is written and spoken as people do", () => {
  expect([0, 59.9, 247, 5025, NaN].map(clock)).toEqual(["0:00", "0:59", "4:07", "1:23:45", "0:00"]);
  expect(spoken(5025)).toBe("1 hour 23 minutes 45 seconds");
  expect(spoken(60)).toBe("1 minute");
  expect(spoken(0)).toBe("0 seconds");
});

test("speeds stay between half and three, in steps", () => {
  expect([0.1, 1.2300001, 9, NaN].map(speedOf)).toEqual([0.5, 1.25, 3, 1]);
});

test("sleep comes at its time, or where the chapter ends", () => {
  expect(isAsleep({ kind: "time", at: 1000 }, 999, 0)).toBe(false);
  expect(isAsleep({ kind: "time", at: 1000 }, 1000, 0)).toBe(true);
  expect(isAsleep({ kind: "chapter", at: 60 }, 0, 59)).toBe(false);
  expect(isAsleep({ kind: "chapter", at: 60 }, 0, 59.9)).toBe(true);
});

test("devices are called what their people call them", () => {
  expect(deviceName("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/139.0 Safari/537.36")).toBe("Chrome, Linux");
  expect(deviceName("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1")).toBe("Safari, iPhone");
  expect(deviceName("curl")).toBe("?");
  expect(shownDevice("Chrome, Linux #a1b2")).toBe("Chrome, Linux");
  expect(shownDevice("Book #2 player")).toBe("Book #2 player");
  expect(shownDevice(null)).toBe("");
});
