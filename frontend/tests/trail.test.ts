import { expect, test } from "vitest";
import type { TrailEvent } from "../src/api/types";
import { lines, story } from "../src/lib/trail";

let seq = 0;
const event = (name: string, at: string, changes: Partial<TrailEvent> = {}): TrailEvent => ({
  seq: (seq += 1),
  download_id: 1,
  version: seq,
  event: name,
  old_status: "QUEUED",
  new_status: "QUEUED",
  reason: null,
  at: `2026-01-01T10:${at}Z`,
  data: {},
  ...changes,
});
const failure = (at: string, reason: string) => event("StageFailed", at, { reason });

test("each line says how long after the one before it came", () => {
  const told = lines([event("Enqueued", "00:00"), event("SearchStarted", "00:05"), event("ReleaseChosen", "02:05")]);
  expect(told.map((line) => line.after)).toEqual([null, 5, 120]);
});

test("the same failure again and again is told once, with its number", () => {
  const again = (minute: string) => [event("RetryDue", `${minute}:00`), event("SearchStarted", `${minute}:01`), failure(`${minute}:02`, "No answer.")];
  const told = story(
    lines([event("Enqueued", "00:00"), failure("01:00", "No answer."), ...again("02"), ...again("03"), ...again("04"), event("RetryDue", "05:00")]),
  );
  expect(told).toHaveLength(4);
  const group = told[2];
  expect(group && "tries" in group && [group.tries, group.lines.length]).toEqual([3, 9]);
});

test("another failure, or another way to it, is told in full", () => {
  const told = story(
    lines([event("Enqueued", "00:00"), failure("01:00", "No answer."), event("RetryDue", "02:00"), failure("02:01", "Refused."), event("RetryRequested", "03:00"), failure("03:01", "Refused.")]),
  );
  expect(told).toHaveLength(6);
});
