// Keys that do something, in one list: what a page offers, `?` shows.

import { untrack } from "svelte";

export interface Shortcut {
  /** One key as browsers name it (`/`, `j`, `Escape`, `Alt+ArrowUp`), or two one after the other: `g d`. */
  keys: string;
  label: string;
  run: () => void;
}

export interface Group {
  title: string;
  shortcuts: readonly Shortcut[];
}

/** So long is the second key waited for. */
const PATIENCE_MS = 1_200;

class Shortcuts {
  groups = $state.raw<readonly Group[]>([]);
  #first = "";
  #forget: ReturnType<typeof setTimeout> | undefined;

  /** Offers these until the returned function is called; the latest group wins a key that two want. */
  offer(title: string, shortcuts: readonly Shortcut[]): () => void {
    const group = { title, shortcuts };
    // Untracked: an effect that offers keys must not run again because somebody else offers some.
    this.groups = [...untrack(() => this.groups), group];
    return () => (this.groups = untrack(() => this.groups).filter((one) => one !== group));
  }

  start(): () => void {
    const press = (event: KeyboardEvent) => this.press(event);
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }

  press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (isTyping(event) || isPressing(event) || document.querySelector("dialog[open]")) return;
    const key = event.altKey ? `Alt+${event.key}` : event.key;
    const found = this.#find(`${this.#first} ${key}`) ?? this.#find(key);
    this.#first = "";
    if (found) {
      event.preventDefault();
      found.run();
    } else if (this.#all().some(({ keys }) => keys.startsWith(`${key} `))) {
      this.#first = key;
      clearTimeout(this.#forget);
      this.#forget = setTimeout(() => (this.#first = ""), PATIENCE_MS);
    }
  }

  #find(keys: string): Shortcut | undefined {
    return this.#all().findLast((one) => one.keys === keys);
  }

  #all(): Shortcut[] {
    return this.groups.flatMap((group) => group.shortcuts);
  }
}

/** Whoever writes text, or works a control that has keys of its own, is left alone. */
function isTyping({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  // A slider has the arrows and their like for itself, and no use for letters.
  if (target instanceof HTMLInputElement && target.type === "range") return key.length > 1;
  if (target.isContentEditable || target.closest("select, textarea, [role=menu], [role=slider]")) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit"].includes(target.type);
}

/** The space bar presses the button that has the focus. */
function isPressing({ key, target }: KeyboardEvent): boolean {
  return key === " " && target instanceof Element && target.closest("button, summary, input, [role=button]") !== null;
}

export const shortcuts = new Shortcuts();
