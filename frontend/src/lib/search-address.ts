// The address of a search, so that back, reload and links from other pages lead to it.

import type { Wanted } from "../stores/search.svelte";

const NAMES = { query: "q", title: "title", author: "author", narrator: "narrator" } as const;
const MOST_CHARACTERS = 500;

export function searchPath(wanted: Wanted, choosingFor?: number | null): string {
  const query = new URLSearchParams();
  for (const [field, name] of Object.entries(NAMES)) {
    const value = wanted[field as keyof Wanted];
    if (value) query.set(name, value);
  }
  if (choosingFor) query.set("for", String(choosingFor));
  return query.size ? `/search?${query}` : "/search";
}

export function wantedIn(query: URLSearchParams): Wanted {
  const found = Object.entries(NAMES).map(([field, name]) => [field, query.get(name)?.trim().slice(0, MOST_CHARACTERS)]);
  return Object.fromEntries(found.filter(([, value]) => value)) as Wanted;
}

/** The wanted book that a release is chosen for. */
export function choosingIn(query: URLSearchParams): number | null {
  const number = query.get("for") ?? "";
  return /^[1-9]\d{0,15}$/.test(number) ? Number(number) : null;
}
