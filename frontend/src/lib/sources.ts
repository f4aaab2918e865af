// Links and files that can be downloaded directly, without a search.

const LINK = /^(magnet:\?|https?:\/\/)\S+$/i;
const FILE = /\.(torrent|nzb)$/i;

export function isLink(text: string): boolean {
  return LINK.test(text.trim());
}

export function isReleaseFile(file: { name: string }): boolean {
  return FILE.test(file.name);
}

/** A first guess at a book's title: the name inside a magnet link, or the end of an address or file name. */
export function guessTitle(source: string): string {
  const name = /^magnet:/i.test(source) ? magnetName(source) : lastPart(source);
  return name
    .replace(FILE, "")
    .replaceAll(/[._+]+/g, " ")
    .trim();
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
