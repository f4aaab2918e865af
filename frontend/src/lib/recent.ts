// What was searched for lately in this browser; nobody else learns of it.

const KEY = "auralarchive.searches";
const MOST = 8;

export function recentSearches(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string").slice(0, MOST) : [];
  } catch {
    return [];
  }
}

export function rememberSearch(text: string): string[] {
  const kept = [text, ...recentSearches().filter((one) => one !== text)].slice(0, MOST);
  keep(kept);
  return kept;
}

export function forgetSearches(): void {
  keep([]);
}

/** A browser that keeps nothing, keeps nothing. */
function keep(searches: readonly string[]): void {
  try {
    if (searches.length) localStorage.setItem(KEY, JSON.stringify(searches));
    else localStorage.removeItem(KEY);
  } catch {
    return;
  }
}
