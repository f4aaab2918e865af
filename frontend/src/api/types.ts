// The shapes that the pages work with; docs/reference of the HTTP API is their source.

import type { Action } from "../lib/status";

export interface AuthStatus {
  setup_needed: boolean;
  needs_token: boolean;
  signed_in: boolean;
  name: string | null;
}

export interface ApiKey {
  id: number;
  label: string;
  created_at: string;
}

export interface NewApiKey {
  id: number;
  /** Shown once, then only its hash exists. */
  key: string;
}

export interface DownloadFile {
  path: string;
  size: number;
  progress: number;
}

export interface Download {
  id: number;
  version: number;
  status: string;
  actions?: Action[];
  book_asin: string | null;
  book_title: string;
  book_author: string | null;
  release_id?: string | null;
  release_title?: string | null;
  indexer: string | null;
  download_client: string | null;
  download_type: string | null;
  download_progress: number | null;
  file_format: string | null;
  file_size: number | null;
  quality_score: number | null;
  match_score: number | null;
  priority: number;
  reason: string | null;
  next_retry_at: string | null;
  started_at: string | null;
  completed_at: string | null;
  created_at?: string | null;
  speed_bps: number | null;
  downloaded_bytes: number | null;
  total_bytes: number | null;
  eta_seconds: number | null;
  seeding_ratio: number | null;
  seeding_seconds: number | null;
  seed_goal_ratio?: number | null;
  seed_goal_seconds?: number | null;
  temp_file_path?: string | null;
  converted_file_path?: string | null;
  final_file_path?: string | null;
  files?: DownloadFile[];
}

export interface ProgressRow {
  download_id: number;
  progress?: number | null;
  speed_bps?: number | null;
  eta_seconds?: number | null;
  downloaded_bytes?: number | null;
  total_bytes?: number | null;
}

export interface StateChange {
  download_id: number;
  old_status: string | null;
  new_status: string;
  reason: string | null;
  version: number;
  seq: number;
}

export interface TrailEvent {
  seq: number;
  event: string;
  old_status: string | null;
  new_status: string;
  reason: string | null;
  at: string;
  data?: Record<string, unknown>;
}

export interface ScoreReason {
  label: string;
  points: number;
  text: string;
}

export interface Release {
  id: string;
  title: string;
  indexer: string;
  download_type: string;
  book: string | null;
  author: string | null;
  narrator: string | null;
  series: string | null;
  language: string | null;
  abridged: boolean | null;
  file_format: string | null;
  bitrate_kbps: number | null;
  size: number | null;
  seeders: number | null;
  peers: number | null;
  grabs: number | null;
  published_at: string | null;
  download_volume_factor: number | null;
  info_url: string | null;
  quality_score: number;
  match_score: number;
  reasons: { quality: ScoreReason[]; match: ScoreReason[] };
  rejections: string[];
  /** The download that already fetches this release. */
  download_id?: number | null;
}

export interface IndexerOutcome {
  name: string;
  status: string;
  elapsed_ms: number | null;
  count: number | null;
  error: string | null;
}

export interface SearchAnswer {
  results: Release[];
  indexers: IndexerOutcome[];
}

export interface ClientState {
  name: string;
  type: string;
  reachable: boolean | null;
  version: string | null;
  error: string | null;
}

export interface ServiceStatus {
  monitoring: boolean;
  polling_interval_seconds: number;
  last_tick_at: string | null;
  counts: Record<string, number>;
  clients: ClientState[];
  runner?: unknown;
}

export interface Chapter {
  title: string;
  start?: number;
}

export interface LibraryBook {
  id: number;
  download_id: number | null;
  title: string;
  author: string | null;
  narrator: string | null;
  duration_seconds: number | null;
  chapters?: Chapter[];
  cover_url?: string | null;
  has_cover?: boolean;
  added_at: string;
}

export interface Page<T> {
  items: T[];
  total: number;
  next_cursor: string | null;
}

export interface Adapter {
  id: number;
  type: string;
  name: string;
  enabled: boolean;
  priority: number;
  settings: Record<string, unknown>;
}

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

export interface Finding {
  ok: boolean;
  subject: string;
  message: string;
  remedy?: string;
}

export interface TestAnswer {
  ok: boolean;
  version: string;
  findings: Finding[];
}

export interface SystemHealth {
  status: string;
  findings: Finding[];
}
