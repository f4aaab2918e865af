// What the server sees of a folder, asked while its name is typed.

import { post, Problem } from "../api/client";
import type { FolderReport } from "../api/types";

/** So long a pause in typing makes a name worth asking about. */
const PAUSE_MS = 350;

export class FolderLook {
  report = $state.raw<FolderReport | null>(null);
  problem = $state.raw<Problem | null>(null);
  asking = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = new AbortController();

  /** `library` also tries whether files can be linked into it. */
  constructor(readonly what: "library" | "folder") {}

  /** Asks about `path` once nobody has typed for a moment; what was asked before counts no longer. */
  at(path: string): () => void {
    this.forget();
    const wanted = path.trim();
    // The library has a folder also where nobody has named one.
    this.asking = wanted !== "" || this.what === "library";
    if (this.asking) this.#timer = setTimeout(() => void this.#ask(wanted), PAUSE_MS);
    else this.report = this.problem = null;
    return () => this.forget();
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#asked.abort();
  }

  async #ask(path: string): Promise<void> {
    const { signal } = (this.#asked = new AbortController());
    try {
      this.report = await post<FolderReport>(`settings/${this.what}/check`, { path: path || undefined }, { signal });
      this.problem = null;
    } catch (error) {
      if (signal.aborted) return;
      this.report = null;
      this.problem = Problem.of(error);
    }
    this.asking = false;
  }
}
