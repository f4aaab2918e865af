// The time for words such as "in 5 minutes": it moves on while one looks at the page.

import { createSubscriber } from "svelte/reactivity";

const EVERY_MS = 10_000;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, EVERY_MS);
  return () => clearInterval(timer);
});

/** Milliseconds since 1970; whoever shows it is redrawn as it moves. */
export function now(): number {
  subscribe();
  return Date.now();
}
