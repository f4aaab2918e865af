import { expect, test } from "vitest";
import { momentOf, same, tagsOf, typed, waitsForStart } from "../src/lib/wishes";
import { download } from "./help";

test("tags are words with commas between, each once", () => {
  expect(tagsOf(" kids,  two words ,,kids")).toEqual(["kids", "two words"]);
  expect(tagsOf("")).toEqual([]);
  expect(same(["a"], ["a"])).toBe(true);
  expect(same(["a"], [])).toBe(false);
});

test("an hour goes to the server with its time zone, and comes back as it was typed", () => {
  expect(momentOf("")).toBeNull();
  expect(momentOf("2026-05-01T03:00")).toMatch(/Z$/);
  expect(typed(momentOf("2026-05-01T03:00"))).toBe("2026-05-01T03:00");
  expect(typed(null)).toBe("");
});

test("a download waits for its hour only while that is what it says", () => {
  const waiting = { status: "FOUND", start_at: "2026-05-01T03:00:00Z", reason: "Starts at 2026-05-01 03:00 UTC." } as const;
  expect(waitsForStart(download(1, waiting))).toBe(true);
  expect(waitsForStart(download(1, { ...waiting, reason: "Paused by a person." }))).toBe(false);
  expect(waitsForStart(download(1, { ...waiting, status: "QUEUED" }))).toBe(false);
});
