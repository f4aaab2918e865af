// The shapes that the pages work with. Those of the API come from its own description (schema.d.ts, `npm run
// api`), so that a change over there fails the check over here.

import type { components } from "./schema";

type Views = components["schemas"];

export type AuthStatus = Views["AuthStatus"];
export type ApiKey = Views["KeyView"];
export type OwnedKey = Views["OwnedKeyView"];
export type User = Views["UserView"];
export type Role = Views["Role"];
export type NewApiKey = Views["MadeKey"];

/** A row of the queue; its files and what its client says only where it was asked for alone. */
export type Download = Views["DownloadView"] & Partial<Omit<Views["DownloadDetail"], keyof Views["DownloadView"]>>;
export type DownloadPage = Views["DownloadPage"];
export type DownloadFile = Views["FileView"];
export type MovedAnswer = Views["MovedView"];
export type BulkAnswer = Views["BulkView"];
export type TrailEvent = Views["EventView"];

export type Release = Views["ReleaseView"];
export type ScoreReason = Views["ReasonView"];
export type Held = NonNullable<Release["held"]>;
export type IndexerState = Views["IndexerOutcomeView"];
export type SearchLine = Views["IndexerLine"] | Views["ResultsLine"] | Views["FaultLine"] | Views["DoneLine"];
export type Accepted = Views["AcceptedView"];

export type ServiceStatus = Views["StatusView"];
export type ClientState = Views["ClientView"];
export type LibraryBook = Views["BookView"];
export type BookDetail = Views["BookDetail"];
export type Facets = Views["FacetsView"];
export type Position = Views["PositionView"];
export type Listening = Views["ListeningBook"];
export type SystemHealth = Views["HealthDetails"];
export type HealthFinding = Views["FindingView"];
export type Disk = Views["DiskView"];
export type SettingsSection = Views["SectionView"];
export type SettingsSections = Views["SectionList"];
export type SystemInfo = Views["SystemView"];
export type SystemFinding = Views["CheckedView"];
export type SystemAbout = Views["AboutView"];
export type LogLine = Views["LineView"];
export type LogAnswer = Views["LogView"];
export type SystemTask = Views["TaskView"];
export type SystemEvent = Views["HistoryView"];
export type KeptBackup = Views["BackupView"];
export type KeptBackups = Views["BackupPage"];
export type RestoreState = Views["RestoreView"];

export type Adapter = Views["AdapterView"];
export type AdapterKind = "clients" | "indexers" | "notifiers";
export type AdapterTypes = Views["TypeList"];
export type TestAnswer = Views["ReportView"];
export type FolderReport = Views["FolderReportView"];
export type NamingPreview = Views["NamingView"];
export type FoundClients = Views["FoundClients"];
export type FoundClient = Views["FoundClient"];
export type WelcomeState = Views["WelcomeView"];
export type DemoState = Views["DemoView"];

export interface Page<T> {
  items: T[];
  total: number;
  next_cursor: string | null;
}

// What Socket.IO says; it has no description of its own.

export interface ProgressRow {
  download_id: number;
  progress: number | null;
  speed_bps: number | null;
  eta_seconds: number | null;
  downloaded_bytes: number | null;
  total_bytes: number | null;
  seeding_ratio: number | null;
  seeding_seconds: number | null;
}

export interface StateChange {
  download_id: number;
  old_status: string | null;
  new_status: Download["status"];
  reason: string | null;
  version: number;
  seq: number;
}

// Settings of adapters describe themselves.

export interface JsonSchema {
  title?: string;
  description?: string;
  type?: string | string[];
  format?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  writeOnly?: boolean;
  /** Our own words: what a number counts, and where the setting stands. */
  unit?: string;
  group?: string;
  seldom?: boolean;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  allOf?: JsonSchema[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
}

export interface AdapterType {
  type: string;
  label: string;
  schema: JsonSchema;
}
