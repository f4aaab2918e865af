// What of a search's results is shown, in which order, and which belong to one book.

import type { Release } from "../api/types";
import { plain } from "./downloads-view";

export const RELEASE_SORTS = ["best", "quality", "seeders", "size", "age", "title"] as const;
export type ReleaseSort = (typeof RELEASE_SORTS)[number];

const doubt = ({ rejections }: Release) => Number(rejections.length > 0);

const ORDERS: Record<ReleaseSort, (a: Release, b: Release) => number> = {
  best: (a, b) => doubt(a) - doubt(b) || b.match_score - a.match_score || b.quality_score - a.quality_score,
  quality: (a, b) => b.quality_score - a.quality_score,
  seeders: (a, b) => (b.seeders ?? -1) - (a.seeders ?? -1),
  size: (a, b) => (b.size ?? 0) - (a.size ?? 0),
  age: (a, b) => Date.parse(b.published_at ?? "1970") - Date.parse(a.published_at ?? "1970"),
  title: (a, b) => a.title.localeCompare(b.title),
};

export interface Sieve {
  text: string;
  indexer: string;
  format: string;
  language: string;
  /** Hides what is known to be abridged; what says nothing of it stays. */
  unabridged: boolean;
  suitable: boolean;
  seeders: number | null;
}

export const OPEN: Sieve = {
  text: "",
  indexer: "",
  format: "",
  language: "",
  unabridged: false,
  suitable: false,
  seeders: null,
};

/** How many of the filters beside the text hide something. */
export function filtersSet(sieve: Sieve): number {
  const { indexer, format, language, unabridged, suitable, seeders } = sieve;
  return [indexer, format, language, unabridged, suitable, seeders].filter(Boolean).length;
}

export function arrange(releases: readonly Release[], sieve: Sieve, sort: ReleaseSort): Release[] {
  const needles = plain(sieve.text).split(/\s+/).filter(Boolean);
  const order = ORDERS[sort];
  return releases
    .filter((release) => passes(release, sieve) && says(release, needles))
    .sort((a, b) => order(a, b) || (a.id < b.id ? -1 : 1));
}

function passes(release: Release, { indexer, format, language, unabridged, suitable, seeders }: Sieve): boolean {
  return (
    (!indexer || release.indexer === indexer) &&
    (!format || release.file_format === format) &&
    (!language || release.language === language) &&
    !(unabridged && release.abridged) &&
    !(suitable && release.rejections.length > 0) &&
    // Nothing that comes by Usenet has seeders.
    (!seeders || release.download_type !== "torrent" || (release.seeders ?? 0) >= seeders)
  );
}

function says({ title, author, narrator, indexer, file_format, language }: Release, needles: readonly string[]): boolean {
  if (needles.length === 0) return true;
  const hay = plain([title, author, narrator, indexer, file_format, language].filter(Boolean).join(" "));
  return needles.every((needle) => hay.includes(needle));
}

/** What there is to choose from in a filter, in order. */
export function choices(releases: readonly Release[], key: "indexer" | "file_format" | "language"): string[] {
  return [...new Set(releases.flatMap((release) => release[key] ?? []))].toSorted((a, b) => a.localeCompare(b));
}

export interface BookGroup {
  key: string;
  /** The first in the order that was asked for. */
  best: Release;
  others: Release[];
}

/** Releases of one recording together, where its first one would stand. */
export function byBook(releases: readonly Release[]): BookGroup[] {
  const groups = new Map<string, BookGroup>();
  for (const release of releases) {
    const key = recording(release);
    const group = groups.get(key);
    if (group) group.others.push(release);
    else groups.set(key, { key, best: release, others: [] });
  }
  return [...groups.values()];
}

function recording({ id, book, author, narrator }: Release): string {
  const title = words(book);
  // A title that says nothing makes no group.
  return title ? [title, words(author), words(narrator)].join("\n") : id;
}

function words(text: string | null): string {
  return plain(text ?? "")
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/** What the release's title told beyond title and author goes along with a download. */
export function known({ id, narrator, series, series_part, year, language }: Release) {
  return { release_id: id, narrator, series, series_part, year, language };
}
