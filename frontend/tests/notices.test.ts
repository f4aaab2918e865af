import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem } from "../src/api/client";
import { notices } from "../src/stores/notices.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const { id } of notices.list) notices.drop(id);
  vi.useRealTimers();
});

const shown = () => notices.list.map(({ text, bad }) => [text, bad]);

test("news goes by itself, good or bad; a problem stays until somebody closes it", () => {
  notices.say("Dracula: In the library");
  notices.say("Emma: Search failed", undefined, { bad: true });
  notices.fail(new Problem(409, { detail: "Not now." }));
  expect(shown()).toEqual([
    ["Dracula: In the library", false],
    ["Emma: Search failed", true],
    ["Not now.", true],
  ]);
  vi.advanceTimersByTime(10_000);
  expect(shown()).toEqual([["Not now.", true]]);
});

test("the same problem is told once, an ended session not at all, and never more than four", () => {
  notices.fail(new Problem(401, { detail: "Sign in." }));
  for (let time = 0; time < 3; time += 1) notices.fail(new Problem(500, { detail: "Broken." }));
  expect(shown()).toEqual([["Broken.", true]]);
  for (let number = 1; number < 6; number += 1) notices.say(`Book ${number}`);
  expect(shown().map(([text]) => text)).toEqual(["Book 2", "Book 3", "Book 4", "Book 5"]);
});
