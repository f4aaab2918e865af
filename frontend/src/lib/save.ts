// Gives a file that the server has sent to the browser's downloads.

import { Problem } from "../api/client";
import { m } from "../i18n";
import { href } from "./router.svelte";

/** Asks for a file and saves it under the name that the server gives it. Raises `Problem`. */
export async function saveFrom(path: string, body: unknown): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(href(`api/${path}`), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "same-origin",
      body: JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, { code: "network", detail: m.problem.network, remedy: m.problem.networkRemedy });
  }
  if (!answer.ok) throw new Problem(answer.status, (await answer.json().catch(() => ({}))) as object);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = nameIn(answer.headers.get("Content-Disposition") ?? "");
  link.click();
  // Not at once: some browsers begin to read it a moment later.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function nameIn(disposition: string): string {
  const told = /filename\*=UTF-8''([\w.%-]+)/.exec(disposition)?.[1];
  return told ? decodeURIComponent(told) : "download";
}
