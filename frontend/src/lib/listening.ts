// What a player knows about time: where chapters begin, how a place in a book is written and spoken, when to fall asleep.

import { locale } from "../i18n/locale";

export interface Chapter {
  title: string;
  start: number;
  end: number;
}

export const BACK = 15;
export const FORWARD = 30;
export const SLOWEST = 0.5;
export const FASTEST = 3;
/** "Previous chapter" means the beginning of this one, once one is so far into it. */
const BEGUN = 4;

/** The chapters as the server knows them; what is odd about them does not reach the player. */
export function chaptersOf(found: readonly Record<string, unknown>[], duration: number): Chapter[] {
  const starts = found
    .map(({ title, start }) => ({ title: typeof title === "string" ? title : "", start: Number(start) }))
    .filter(({ start }) => Number.isFinite(start) && start >= 0 && start < duration)
    .sort((a, b) => a.start - b.start);
  return starts.map((one, at) => ({ ...one, end: starts[at + 1]?.start ?? duration }));
}

/** Which chapter is playing; -1 before the first. Quick with thousands of them. */
export function chapterAt(chapters: readonly Chapter[], seconds: number): number {
  let low = 0;
  let high = chapters.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((chapters[middle]?.start ?? 0) <= seconds + 0.001) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function previousStart(chapters: readonly Chapter[], seconds: number): number {
  const at = chapterAt(chapters, seconds);
  const start = chapters[at]?.start ?? 0;
  return seconds - start > BEGUN ? start : (chapters[at - 1]?.start ?? 0);
}

/** Where the next chapter begins; null in the last one. */
export function nextStart(chapters: readonly Chapter[], seconds: number): number | null {
  return chapters[chapterAt(chapters, seconds) + 1]?.start ?? null;
}

/** `1:23:45`, `4:07`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** `1 hour 23 minutes 45 seconds`: what a screen reader says for it. */
export function spoken(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const parts = [
    [Math.floor(whole / 3600), "hour"],
    [Math.floor(whole / 60) % 60, "minute"],
    [whole % 60, "second"],
  ] as const;
  const said = parts.filter(([amount]) => amount > 0);
  return (said.length ? said : parts.slice(2))
    .map(([amount, unit]) => new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "long" }).format(amount))
    .join(" ");
}

/** A speed as it can be set: between the slowest and the fastest, in steps of a twentieth. */
export function speedOf(value: number): number {
  const bounded = Math.min(FASTEST, Math.max(SLOWEST, Number.isFinite(value) ? value : 1));
  return Math.round(bounded * 20) / 20;
}

export function speedText(speed: number): string {
  return `${new Intl.NumberFormat(locale(), { maximumFractionDigits: 2 }).format(speed)}×`;
}

/** Stop at a moment (milliseconds since 1970), or where a chapter ends (seconds of the book). */
export type Sleep = { kind: "time"; at: number } | { kind: "chapter"; at: number };

export function isAsleep(sleep: Sleep, now: number, seconds: number): boolean {
  return sleep.kind === "time" ? now >= sleep.at : seconds >= sleep.at - 0.15;
}

const BROWSERS: [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "Mac"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/** `Firefox, Android`: how a person recognises their own devices. */
export function deviceName(agent: string): string {
  const known = [BROWSERS, SYSTEMS].map((list) => list.find(([pattern]) => pattern.test(agent))?.[1]);
  return known.filter(Boolean).join(", ") || "?";
}

/** Devices of one kind are told apart by a mark that nobody has to see. */
export function shownDevice(device: string | null): string {
  return device?.replace(/ #\w+$/, "") ?? "";
}
