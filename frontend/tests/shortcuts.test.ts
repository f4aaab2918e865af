// @vitest-environment jsdom
import { afterEach, expect, test, vi } from "vitest";
import { shortcuts } from "../src/lib/shortcuts.svelte";

let stop: (() => void)[] = [];
afterEach(() => {
  for (const end of stop) end();
  stop = [];
  document.body.replaceChildren();
});

function offer(keys: string): ReturnType<typeof vi.fn> {
  const run = vi.fn();
  stop.push(shortcuts.offer("Test", [{ keys, label: keys, run }]));
  return run;
}

function press(key: string, { on = document.body, ...more }: { on?: Element } & KeyboardEventInit = {}): void {
  on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
}

test("one key, and two one after the other", () => {
  stop.push(shortcuts.start());
  const help = offer("?");
  const go = offer("g d");
  press("?");
  press("g");
  press("d");
  press("d");
  expect(help).toHaveBeenCalledTimes(1);
  expect(go).toHaveBeenCalledTimes(1);
});

test("who types, uses the browser's own keys, or answers a dialog is left alone", () => {
  stop.push(shortcuts.start());
  const run = offer("d");
  const field = document.body.appendChild(document.createElement("input"));
  press("d", { on: field });
  press("d", { ctrlKey: true });
  document.body.appendChild(document.createElement("dialog")).setAttribute("open", "");
  press("d");
  expect(run).not.toHaveBeenCalled();
});

test("what is offered last wins, and what has left is gone", () => {
  stop.push(shortcuts.start());
  const page = offer("n");
  const part = vi.fn();
  const end = shortcuts.offer("Part", [{ keys: "n", label: "n", run: part }]);
  press("n");
  end();
  press("n");
  expect(part).toHaveBeenCalledTimes(1);
  expect(page).toHaveBeenCalledTimes(1);
});

test("a key with Alt is a key of its own, and no beginning of two", () => {
  stop.push(shortcuts.start());
  const plain = offer("ArrowUp");
  const alt = offer("Alt+ArrowUp");
  const two = offer("g d");
  press("ArrowUp", { altKey: true });
  press("g", { altKey: true });
  press("d");
  expect([plain, alt, two].map((run) => run.mock.calls.length)).toEqual([0, 1, 0]);
});
