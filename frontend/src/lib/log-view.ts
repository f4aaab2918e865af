// Which lines of the log are shown, and how they read as text.

import type { LogLine } from "../api/types";

export const LEVELS = ["debug", "info", "warning", "error"] as const;
export type Level = (typeof LEVELS)[number];

const ORDER = ["debug", "info", "warning", "error", "critical"];

export interface LogView {
  level: Level;
  logger: string;
  text: string;
}

/** Newest first; `upTo` leaves out what came after the reader stopped following. */
export function select(lines: readonly LogLine[], { level, logger, text }: LogView, upTo = Infinity): LogLine[] {
  const least = ORDER.indexOf(level);
  const wanted = text.trim().toLowerCase();
  const found: LogLine[] = [];
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const line = lines[at]!;
    if (line.seq > upTo || ORDER.indexOf(line.level) < least) continue;
    if (logger && partOf(line.logger) !== logger) continue;
    if (!wanted || `${line.message}\n${line.logger}\n${line.detail ?? ""}`.toLowerCase().includes(wanted)) found.push(line);
  }
  return found;
}

/** The part of the program that a logger belongs to: `auralarchive.pipeline` of `auralarchive.pipeline.monitor`. */
export function partOf(logger: string): string {
  const names = logger.split(".");
  return names[0] === "auralarchive" ? names.slice(0, 2).join(".") : (names[0] ?? "");
}

export function parts(lines: readonly LogLine[]): string[] {
  return [...new Set(lines.map((line) => partOf(line.logger)))].toSorted();
}

export function bad(line: LogLine): boolean {
  return ORDER.indexOf(line.level) >= ORDER.indexOf("error");
}

export function asText(line: LogLine): string {
  const told = `${line.at} ${line.level.padEnd(8)} ${line.logger}: ${line.message}`;
  return line.detail ? `${told}\n    ${line.detail}` : told;
}
