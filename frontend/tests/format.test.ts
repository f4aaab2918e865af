import { expect, test } from "vitest";
import { bytes, duration, eta, percent, ratio, relative, speed } from "../src/lib/format";

test("unknown values show as a dash, never as zero", () => {
  for (const show of [bytes, speed, duration, eta, percent, ratio]) expect(show(null)).toBe("–");
  expect(bytes(-1)).toBe("–");
  expect(relative("not a date")).toBe("–");
});

test("sizes use the unit that reads best", () => {
  expect(bytes(0)).toMatch(/^0\s?byte/);
  expect(bytes(999)).toMatch(/^999/);
  expect(bytes(1_500_000)).toBe("1.5 MB");
  expect(bytes(123_456_789_012)).toBe("123 GB");
  expect(speed(2_000)).toBe("2 kB/s");
});

test("lengths show their two largest units", () => {
  expect(duration(0)).toBe("0 sec");
  expect(duration(3_600 * 8 + 24 * 60 + 9)).toBe("8 hr 24 min");
  expect(duration(3_600 * 49)).toBe("2 days 1 hr");
});

test("what clients say for an unknown time left is unknown", () => {
  expect(eta(8_640_000)).toBe("–");
  expect(eta(-1)).toBe("–");
  expect(eta(61)).toBe("1 min 1 sec");
});

test("nearly done is not done", () => {
  expect(percent(99.99)).toBe("99.9 %");
  expect(percent(100)).toBe("100 %");
});

test("moments are told from now", () => {
  const now = Date.parse("2026-01-10T12:00:00Z");
  expect(relative("2026-01-07T11:00:00Z", now)).toBe("3 days ago");
  expect(relative("2026-01-10T12:05:00Z", now)).toBe("in 5 minutes");
});
