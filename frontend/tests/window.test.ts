import { expect, test } from "vitest";
import { slice } from "../src/lib/window";

test("only what is on the screen, and a few rows around it, is drawn", () => {
  const part = slice(10_000, 76, 76 * 5_000, 900);
  expect(part.first).toBe(4_992);
  expect(part.end - part.first).toBeLessThan(30);
  expect(part.before).toBe(4_992 * 76);
  expect(part.height).toBe(760_000);
});

test("both ends of the list stay inside it", () => {
  expect(slice(3, 76, -200, 900)).toEqual({ first: 0, end: 3, before: 0, height: 228 });
  expect(slice(100, 76, 1_000_000, 900)).toMatchObject({ first: 100, end: 100 });
  expect(slice(0, 76, 0, 900)).toEqual({ first: 0, end: 0, before: 0, height: 0 });
});
