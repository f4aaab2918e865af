// Whether something is typed that nobody has saved yet, and the question before it would be lost.

import { router } from "./router.svelte";

class Unsaved {
  /** What would leave the form: the question is asked while this is set. */
  leaving = $state.raw<(() => void) | null>(null);
  readonly #forms = new Set<() => boolean>();

  /** `changed` tells whether a form holds what is not saved; it is asked until the returned function is called. */
  watch(changed: () => boolean): () => void {
    this.#forms.add(changed);
    return () => this.#forms.delete(changed);
  }

  get any(): boolean {
    return [...this.#forms].some((changed) => changed());
  }

  /** The person has said so: what was typed may be lost. */
  leave(): void {
    const leave = this.leaving;
    this.leaving = null;
    leave?.();
  }

  /** Guards the ways out of the page: links, the browser's buttons, and closing it. */
  guard(): () => void {
    const close = (event: BeforeUnloadEvent) => {
      if (this.any) event.preventDefault();
    };
    addEventListener("beforeunload", close);
    const release = router.hold((leave) => this.#asks(leave));
    return () => {
      release();
      removeEventListener("beforeunload", close);
    };
  }

  #asks(leave: () => void): boolean {
    if (!this.any) return false;
    this.leaving = leave;
    return true;
  }
}

export const unsaved = new Unsaved();
