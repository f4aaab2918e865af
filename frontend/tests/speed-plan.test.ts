import { expect, test } from "vitest";
import { DAYS, entryAt, fresh, planOf, textOf, week, type Entry } from "../src/lib/speed-plan";

const entry = (changes: Partial<Entry>): Entry => ({ ...fresh(), ...changes });

test("the first entry that holds counts", () => {
  const entries = [entry({ begins: "01:00", ends: "05:00" }), entry({ begins: "00:00", ends: "00:00" })];
  expect(entryAt(entries, 0, 2 * 60)).toBe(0);
  expect(entryAt(entries, 0, 6 * 60)).toBe(1);
  expect(entryAt([], 0, 0)).toBeNull();
});

test("a night belongs to the day on which it begins, over the end of the week too", () => {
  const night = [entry({ days: ["sun"], begins: "22:00", ends: "06:00" })];
  expect(entryAt(night, 6, 23 * 60)).toBe(0);
  expect(entryAt(night, 0, 5 * 60 + 59)).toBe(0);
  expect(entryAt(night, 0, 6 * 60)).toBeNull();
  expect(entryAt(night, 6, 5 * 60)).toBeNull();
});

test("the picture has seven days of twenty-four hours", () => {
  const rows = week([entry({ days: ["tue"], begins: "08:00", ends: "10:00" })]);
  expect(rows.map((row) => row.length)).toEqual(DAYS.map(() => 24));
  expect(rows.flatMap((row, day) => row.flatMap((held, hour) => (held === null ? [] : [[day, hour]])))).toEqual([
    [1, 8],
    [1, 9],
  ]);
});

test("what the form holds comes back as it was", () => {
  const entries = [entry({ download_limit: 500_000 })];
  expect(planOf(textOf(entries))).toEqual(entries);
  expect(planOf("")).toEqual([]);
});
