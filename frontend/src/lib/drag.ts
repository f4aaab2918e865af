// Dragging a row of a list with rows of one height to another place: with mouse, pen or finger.

const EDGE = 72;
const STEP = 14;

interface Drag {
  list: HTMLElement;
  rowHeight: number;
  count: number;
  /** Where it would go: before the row with this index; `count` is the end. */
  over: (index: number) => void;
  /** The last place that was told to `over`, or null when it was given up. */
  end: (index: number | null) => void;
}

/** Follows the pointer from now on; near the edges of the screen the page scrolls. */
export function follow({ list, rowHeight, count, over, end }: Drag): void {
  let y: number | null = null;
  let at: number | null = null;
  let frame = requestAnimationFrame(step);

  function step() {
    frame = requestAnimationFrame(step);
    if (y === null) return;
    if (y < EDGE) scrollBy(0, -STEP);
    else if (y > innerHeight - EDGE) scrollBy(0, STEP);
    const inside = (y - list.getBoundingClientRect().top) / rowHeight;
    const index = Math.max(0, Math.min(count, Math.round(inside)));
    if (index !== at) over((at = index));
  }

  function move(event: PointerEvent) {
    y = event.clientY;
  }

  function drop() {
    finish(at);
  }

  function give(event: Event) {
    if (event instanceof KeyboardEvent && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    finish(null);
  }

  function finish(index: number | null) {
    cancelAnimationFrame(frame);
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", drop);
    removeEventListener("pointercancel", give);
    removeEventListener("keydown", give, true);
    end(index);
  }

  addEventListener("pointermove", move);
  addEventListener("pointerup", drop);
  addEventListener("pointercancel", give);
  addEventListener("keydown", give, true);
}
