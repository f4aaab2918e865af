import { expect, test } from "vitest";
import { group, likelyActions, moves, STATUSES, tone } from "../src/lib/status";

test("every status belongs to exactly one group that the filter offers", () => {
  const groups = new Set(STATUSES.map(group));
  expect([...groups].toSorted()).toEqual(["active", "attention", "cancelled", "done", "paused"]);
});

test("buttons appear only where they make sense", () => {
  expect(likelyActions("DOWNLOADING")).toEqual(["pause", "cancel"]);
  expect(likelyActions("PAUSED")).toEqual(["resume", "cancel"]);
  expect(likelyActions("IMPORT_FAILED")).toEqual(["retry", "cancel"]);
  expect(likelyActions("IMPORTING")).toEqual(["cancel"]);
  expect(likelyActions("CANCELLED")).toEqual([]);
});

test("a status that this page does not know yet waits, and offers nothing dangerous", () => {
  expect(tone("TRANSCENDING")).toBe("wait");
  expect(moves("TRANSCENDING")).toBe(false);
});
