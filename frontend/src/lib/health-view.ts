// The findings of the checks in groups: what is wrong comes first, and each leads to where it can be mended.

import type { SystemFinding } from "../api/types";

/** Where what a check finds can be mended; others have no page of ours. */
const MENDED_AT: Record<string, string> = {
  "Download clients": "/settings/clients",
  Library: "/settings/library",
  FFmpeg: "/settings/conversion",
  Housekeeping: "/downloads",
  Backups: "/system/tasks",
  Settings: "/settings",
};

export interface FindingGroup {
  name: string;
  findings: SystemFinding[];
  bad: number;
  path: string | undefined;
}

export function grouped(findings: readonly SystemFinding[]): FindingGroup[] {
  const names = [...new Set(findings.map((finding) => finding.group))];
  const groups = names.map((name) => {
    const own = findings.filter((finding) => finding.group === name);
    const bad = own.filter((finding) => !finding.ok).length;
    return { name, findings: own.toSorted((a, b) => Number(a.ok) - Number(b.ok)), bad, path: MENDED_AT[name] };
  });
  return groups.toSorted((a, b) => Number(b.bad > 0) - Number(a.bad > 0));
}
