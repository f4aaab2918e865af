// Numbers and times in the reader's own way of writing. Unknown values show as a dash, never as 0.

import { locale } from "../i18n/locale";

const DASH = "–";
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function bytes(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value) || value < 0) return DASH;
  const power = value < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  const amount = value / 1000 ** power;
  const digits = power === 0 || amount >= 100 ? 0 : 1;
  return new Intl.NumberFormat(locale(), {
    style: "unit",
    unit: UNITS[power],
    unitDisplay: "short",
    maximumFractionDigits: digits,
  }).format(amount);
}

export function speed(value: number | null | undefined): string {
  return value == null ? DASH : `${bytes(value)}/s`;
}

/** A length of time in its two largest units: `3 h 12 min`, `45 s`. */
export function duration(seconds: number | null | undefined, units = 2): string {
  if (seconds == null || !Number.isFinite(seconds) || seconds < 0) return DASH;
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "day"],
    [Math.floor(whole / 3_600) % 24, "hour"],
    [Math.floor(whole / 60) % 60, "minute"],
    [whole % 60, "second"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return unit(0, "second");
  return parts
    .slice(first, first + units)
    .filter(([amount]) => amount > 0)
    .map(([amount, name]) => unit(amount, name))
    .join(" ");
}

function unit(amount: number, name: string): string {
  return new Intl.NumberFormat(locale(), { style: "unit", unit: name, unitDisplay: "short" }).format(amount);
}

/** What is left of a download; clients say absurd or negative numbers for "unknown". */
export function eta(seconds: number | null | undefined): string {
  return seconds == null || seconds < 0 || seconds >= 8_640_000 ? DASH : duration(seconds);
}

export function percent(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return DASH;
  // 99.96 % is not yet done: rounding must not say so.
  const shown = value >= 100 ? 100 : Math.min(99.9, value);
  return `${new Intl.NumberFormat(locale(), { maximumFractionDigits: 1 }).format(shown)} %`;
}

export function ratio(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return DASH;
  return new Intl.NumberFormat(locale(), { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
}

export function integer(value: number | null | undefined): string {
  return value == null ? DASH : new Intl.NumberFormat(locale()).format(value);
}

export function score(value: number | null | undefined): string {
  return value == null ? DASH : String(Math.round(value));
}

/** The name of a language by its code; what is no code stays as it is. */
export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames(locale(), { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

export function moment(iso: string | null | undefined): string {
  const at = parse(iso);
  return at ? new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(at) : DASH;
}

/** To the second, without the day. */
export function timeOfDay(iso: string | null | undefined): string {
  const at = parse(iso);
  return at ? new Intl.DateTimeFormat(locale(), { timeStyle: "medium" }).format(at) : DASH;
}

export function day(iso: string | null | undefined): string {
  const at = parse(iso);
  return at ? new Intl.DateTimeFormat(locale(), { dateStyle: "full" }).format(at) : DASH;
}

const SPANS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** `3 days ago`, `in 5 minutes`. */
export function relative(iso: string | null | undefined, now: number = Date.now()): string {
  const at = parse(iso);
  if (!at) return DASH;
  const seconds = (at.getTime() - now) / 1000;
  const [name, span] = SPANS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(Math.trunc(seconds / span), name);
}

function parse(iso: string | null | undefined): Date | null {
  if (!iso) return null;
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? null : at;
}
