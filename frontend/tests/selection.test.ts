import { beforeEach, expect, test } from "vitest";
import { Selection } from "../src/lib/selection.svelte";

const shown = [3, 1, 4, 5, 9, 2, 6].map((id) => ({ id }));
let selection: Selection;
const ids = () => selection.of(shown).map((row) => row.id);

beforeEach(() => {
  selection = new Selection();
});

test("a range goes from the last one that was toggled, in the order that is shown, in either direction", () => {
  selection.toggle(5);
  selection.extend(1, shown);
  expect(ids()).toEqual([1, 4, 5]);
  selection.extend(2, shown);
  expect(ids()).toEqual([1, 4, 5, 9, 2]);
});

test("a range without a beginning is the one row", () => {
  selection.extend(4, shown);
  expect(ids()).toEqual([4]);
  selection.extend(4, shown);
  expect(ids()).toEqual([4]);
});

test("what a filter hides is not acted on, and is there again without it", () => {
  selection.all(shown);
  expect(selection.of(shown.slice(0, 2)).map((row) => row.id)).toEqual([3, 1]);
  expect(ids()).toHaveLength(7);
  selection.toggle(4);
  expect(ids()).not.toContain(4);
  selection.clear();
  expect(ids()).toEqual([]);
});
