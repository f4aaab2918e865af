// The order in which adapters are preferred: the smaller priority comes first.

interface Ranked {
  priority: number;
}

/** The list with one of them moved, and new priorities for as few as can be. */
export function moved<T extends Ranked>(list: readonly T[], from: number, to: number): T[] {
  const order = [...list];
  const [one] = order.splice(from, 1);
  if (!one) return order;
  order.splice(to, 0, one);
  const known = list.map(({ priority }) => priority);
  // Two of the same priority have no order that a number could keep.
  const distinct = new Set(known).size === known.length;
  return order.map((each, index) => ({ ...each, priority: distinct ? (known[index] ?? index + 1) : index + 1 }));
}
