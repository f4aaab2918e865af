// The parts of the settings, in the order of their list. A new one is a line here, and its title and sentence in the
// catalogue.

import type { Component } from "svelte";

type Load = () => Promise<{ default: Component }>;

/** Parts that administrate are not offered to members. */
const ALL = {
  clients: { group: "getting", admin: true, load: () => import("../components/ClientsSettings.svelte") },
  indexers: { group: "getting", admin: true, load: () => import("../components/IndexersSettings.svelte") },
  search: { group: "getting", admin: true, load: () => import("../components/SearchSettings.svelte") },
  downloads: { group: "getting", admin: true, load: () => import("../components/DownloadsSettings.svelte") },
  speed: { group: "getting", admin: true, load: () => import("../components/SpeedSettings.svelte") },
  library: { group: "books", admin: true, load: () => import("../components/LibrarySettings.svelte") },
  naming: { group: "books", admin: true, load: () => import("../components/NamingSettings.svelte") },
  conversion: { group: "books", admin: true, load: () => import("../components/ConversionSettings.svelte") },
  notifications: { group: "house", admin: true, load: () => import("../components/NotificationsSettings.svelte") },
  users: { group: "house", admin: true, load: () => import("../components/UsersSettings.svelte") },
  backups: { group: "house", admin: true, load: () => import("../components/BackupsSettings.svelte") },
  keys: { group: "house", admin: false, load: () => import("../components/ApiKeys.svelte") },
  account: { group: "you", admin: false, load: () => import("../components/AccountSettings.svelte") },
  appearance: { group: "you", admin: false, load: () => import("../components/AppearanceSettings.svelte") },
} as const satisfies Record<string, { group: string; admin: boolean; load: Load }>;

export type PartName = keyof typeof ALL;
export type PartGroup = (typeof ALL)[PartName]["group"];

export interface Part {
  name: PartName;
  group: PartGroup;
  load: Load;
}

/** What this person may see, in order. */
export function partsFor(admin: boolean): Part[] {
  const names = Object.keys(ALL) as PartName[];
  return names.filter((name) => admin || !ALL[name].admin).map((name) => ({ name, ...ALL[name] }));
}

/** The same in the groups of the list. */
export function grouped(parts: readonly Part[]): { group: PartGroup; parts: Part[] }[] {
  const groups = [...new Set(parts.map((part) => part.group))];
  return groups.map((group) => ({ group, parts: parts.filter((part) => part.group === group) }));
}
