// The week of speed limits: which entry holds at which hour, as the server counts it.

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];

/** Limits in bytes a second; null is none. One that ends where or before it begins goes on into the next day. */
export interface Entry {
  days: Day[];
  begins: string;
  ends: string;
  download_limit: number | null;
  upload_limit: number | null;
}

/** What the form of the settings holds: the plan as JSON, in the server's own order of keys. */
export function planOf(text: string): Entry[] {
  const read: unknown = text.trim() ? JSON.parse(text) : [];
  return Array.isArray(read) ? (read as Entry[]) : [];
}

export function textOf(entries: readonly Entry[]): string {
  return JSON.stringify(entries, null, 2);
}

export function fresh(): Entry {
  return { days: [...DAYS], begins: "22:00", ends: "06:00", download_limit: null, upload_limit: null };
}

function minuteOf(hour: string): number {
  const [hours = 0, minutes = 0] = hour.split(":").map(Number);
  return hours * 60 + minutes;
}

/** The number of the first entry that holds on this day (0 is Monday) at this minute; null where none does. */
export function entryAt(entries: readonly Entry[], day: number, minute: number): number | null {
  const found = entries.findIndex((entry) => holds(entry, day, minute));
  return found < 0 ? null : found;
}

function holds({ days, begins, ends }: Entry, day: number, minute: number): boolean {
  const from = minuteOf(begins);
  const to = minuteOf(ends);
  const today = days.includes(DAYS[day] as Day);
  if (from < to) return today && from <= minute && minute < to;
  return (today && minute >= from) || (days.includes(DAYS[(day + 6) % 7] as Day) && minute < to);
}

/** The week as a picture: for each day, the entry of each hour, as it is half past. */
export function week(entries: readonly Entry[]): (number | null)[][] {
  return DAYS.map((_, day) => Array.from({ length: 24 }, (_, hour) => entryAt(entries, day, hour * 60 + 30)));
}
