// One action for many downloads, in portions that the server takes; each answers for itself.

import * as api from "../api/client";
import { Problem } from "../api/client";
import type { BulkAnswer } from "../api/types";

/** The server takes no more at once. */
const PORTION = 500;

export type BulkAction = "pause" | "resume" | "retry" | "cancel";

export interface Outcome {
  id: number;
  ok: boolean;
  code: string;
  detail: string;
}

/** Why some could not be done, and which. */
export interface Refusal {
  code: string;
  detail: string;
  ids: number[];
}

/** Faults that may be gone at the next try. */
const PASSING: ReadonlySet<string> = new Set(["network", "unavailable", "changed_meanwhile", "neighbour_unreachable"]);

export async function carryOut(action: BulkAction, ids: readonly number[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let start = 0; start < ids.length; start += PORTION) {
    const portion = ids.slice(start, start + PORTION);
    try {
      const { results } = await api.post<BulkAnswer>("downloads/queue/bulk", { action, ids: portion });
      outcomes.push(...results.map(({ id, ok, code, detail }) => ({ id, ok, code: code ?? "", detail: detail ?? "" })));
    } catch (error) {
      // What failed for one portion fails for the rest: they are told apart from those that are done.
      const { code, message } = Problem.of(error);
      return [...outcomes, ...ids.slice(start).map((id) => ({ id, ok: false, code, detail: message }))];
    }
  }
  return outcomes;
}

/** What could not be done, by its reason, the most frequent first. */
export function refusals(outcomes: readonly Outcome[]): Refusal[] {
  const found = new Map<string, Refusal>();
  for (const { id, ok, code, detail } of outcomes) {
    if (ok) continue;
    const known = found.get(code + detail) ?? { code, detail, ids: [] };
    known.ids.push(id);
    found.set(code + detail, known);
  }
  return [...found.values()].sort((a, b) => b.ids.length - a.ids.length);
}

export function worthAnotherTry({ code }: Refusal): boolean {
  return PASSING.has(code);
}
