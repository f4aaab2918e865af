// Links and files that can be downloaded directly, without a search.

import type { ClientState } from "../api/types";

const LINK = /^(magnet:\?|https?:\/\/)\S+$/i;
const FILE = /\.(torrent|nzb)$/i;
const BRACKETS = /[([{][^)\]}]*[)\]}]/g;
const MOST_LINKS = 50;

export function isLink(text: string): boolean {
  return LINK.test(text.trim());
}

/** The links of a text that holds nothing else, as it is copied from a list; none otherwise. */
export function links(text: string): string[] {
  const parts = text.trim().split(/\s+/).slice(0, MOST_LINKS);
  return parts.every(isLink) ? [...new Set(parts)] : [];
}

export function isReleaseFile(file: { name: string }): boolean {
  return FILE.test(file.name);
}

export type Protocol = ClientState["protocols"][number];

/** What a link or the name of a file leads to, where it says so itself. */
export function protocolOf(source: string): Protocol | undefined {
  if (/^magnet:/i.test(source.trim())) return "torrent";
  const kind = FILE.exec(lastPart(source.trim()))?.[1]?.toLowerCase();
  return kind === "torrent" || kind === "nzb" ? kind : undefined;
}

/** A first guess at a book's title: the name inside a magnet link, or the end of an address or file name. */
export function guessTitle(source: string): string {
  const name = /^magnet:/i.test(source) ? magnetName(source) : lastPart(source);
  return name
    .replace(FILE, "")
    .replaceAll(/[._+]+/g, " ")
    .trim();
}

/** "Author - Title [M4B]", as uploaders write it: a first guess at both, for a person to correct. */
export function guessBook(source: string): { title: string; author: string } {
  const name = guessTitle(source);
  const [author = "", ...rest] = name.replaceAll(BRACKETS, " ").split(/\s+[-–]\s+/);
  const title = rest.join(" - ").replaceAll(/\s+/g, " ").trim();
  return title && author.trim() ? { title, author: author.trim() } : { title: name, author: "" };
}

function magnetName(link: string): string {
  return new URLSearchParams(link.slice(link.indexOf("?") + 1)).get("dn") ?? "";
}

function lastPart(source: string): string {
  if (!isLink(source)) return source.split(/[/\\]/).pop() ?? "";
  if (!URL.canParse(source)) return "";
  const part = new URL(source).pathname.split("/").pop() ?? "";
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
