// A search and its results stay while one looks at another page.

import { Problem, post } from "../api/client";
import type { Release, SearchAnswer } from "../api/types";
import { plain } from "../lib/downloads-view";
import type { Row } from "./downloads.svelte";
import { group } from "../lib/status";

export const RELEASE_SORTS = ["best", "quality", "seeders", "size", "age", "title"] as const;
export type ReleaseSort = (typeof RELEASE_SORTS)[number];

const ORDERS: Record<ReleaseSort, (a: Release, b: Release) => number> = {
  best: (a, b) => b.match_score - a.match_score || b.quality_score - a.quality_score,
  quality: (a, b) => b.quality_score - a.quality_score,
  seeders: (a, b) => (b.seeders ?? -1) - (a.seeders ?? -1),
  size: (a, b) => (b.size ?? 0) - (a.size ?? 0),
  age: (a, b) => Date.parse(b.published_at ?? "1970") - Date.parse(a.published_at ?? "1970"),
  title: (a, b) => a.title.localeCompare(b.title),
};

export function arrange(releases: readonly Release[], text: string, sort: ReleaseSort, suitable: boolean): Release[] {
  const needles = plain(text).split(/\s+/).filter(Boolean);
  return releases
    .filter((release) => !(suitable && release.rejections.length > 0))
    .filter(({ title, author, narrator, indexer, file_format, language }) => {
      const hay = plain([title, author, narrator, indexer, file_format, language].filter(Boolean).join(" "));
      return needles.every((needle) => hay.includes(needle));
    })
    .sort(ORDERS[sort]);
}

const identity = (indexer: string | null, title: string | null | undefined) => `${indexer}\n${title}`;

/** Who has which release; downloads that were cancelled or have failed hold none. */
export function holders(rows: readonly Row[]): (release: Release) => Row | undefined {
  const living = rows.filter(({ data }) => !["cancelled", "attention"].includes(group(data.status)));
  const held = new Map(living.map((row) => [identity(row.data.indexer, row.data.release_title), row]));
  return (release) => held.get(identity(release.indexer, release.title));
}

class SearchState {
  query = $state("");
  title = $state("");
  author = $state("");
  narrator = $state("");
  byField = $state(false);
  filter = $state("");
  sort = $state<ReleaseSort>("best");
  suitable = $state(false);

  busy = $state(false);
  answer = $state.raw<SearchAnswer | null>(null);
  problem = $state.raw<Problem | null>(null);

  /** The fields of the request; empty when nothing was typed. */
  get wanted(): Record<string, string> {
    const all = this.byField
      ? { query: this.query, title: this.title, author: this.author, narrator: this.narrator }
      : { query: this.query };
    const typed = Object.entries(all).map(([key, value]) => [key, value.trim()] as const);
    return Object.fromEntries(typed.filter(([, value]) => value !== ""));
  }

  async run(): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      this.answer = await post<SearchAnswer>("search/manual", this.wanted);
    } catch (error) {
      this.problem = Problem.of(error);
    } finally {
      this.busy = false;
    }
  }
}

export const search = new SearchState();
