// The guided set-up: its steps, and where the server says that it was left.

import { get, Problem, put } from "../api/client";
import type { WelcomeState } from "../api/types";
import { notices } from "../stores/notices.svelte";
import { session } from "../stores/session.svelte";

export const STEPS = ["library", "client", "indexer", "demo"] as const satisfies readonly WelcomeState["step"][];
export type Step = (typeof STEPS)[number];

export class Welcome {
  step = $state<Step>("library");
  loaded = $state(false);
  problem = $state.raw<Problem | null>(null);

  get number(): number {
    return STEPS.indexOf(this.step);
  }

  async read(): Promise<void> {
    try {
      const { step, pending } = await get<WelcomeState>("welcome");
      // Who comes back of their own will begins at the beginning.
      this.step = pending ? step : "library";
      this.loaded = true;
      this.problem = null;
    } catch (error) {
      this.problem = Problem.of(error);
    }
  }

  go(step: Step): void {
    this.step = step;
    void this.#remember({ step });
  }

  next(): void {
    const after = STEPS[this.number + 1];
    if (after) this.go(after);
  }

  back(): void {
    const before = STEPS[this.number - 1];
    if (before) this.go(before);
  }

  /** It is over, gone through or skipped: nobody is asked again. */
  async finish(): Promise<void> {
    session.welcome = false;
    await this.#remember({ pending: false });
  }

  /** That the server has not heard of it costs a question more, and no work. */
  async #remember(change: Partial<WelcomeState>): Promise<void> {
    try {
      await put<WelcomeState>("welcome", change);
    } catch (error) {
      notices.fail(error);
    }
  }
}
