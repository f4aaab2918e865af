// Which rows of a long list are on the screen: only those are in the document.

export interface Slice {
  first: number;
  /** One past the last. */
  end: number;
  /** Pixels above the first row. */
  before: number;
  /** Pixels of the whole list. */
  height: number;
}

/**
 * @param scrolled pixels of the list above the upper edge of the screen (negative: it starts below it)
 * @param visible the screen's height in pixels
 * @param spare rows kept ready on either side, so that fast scrolling shows no gaps
 */
export function slice(count: number, rowHeight: number, scrolled: number, visible: number, spare = 8): Slice {
  const top = Math.floor(scrolled / rowHeight) - spare;
  const bottom = Math.ceil((scrolled + visible) / rowHeight) + spare;
  const first = Math.max(0, Math.min(count, top));
  const end = Math.max(first, Math.min(count, bottom));
  return { first, end, before: first * rowHeight, height: count * rowHeight };
}
