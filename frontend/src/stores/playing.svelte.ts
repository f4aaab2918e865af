// Whether something plays: all that pages need to know as long as nothing does. The player itself comes with the first book.

import { notices } from "./notices.svelte";
import type { Player } from "./player.svelte";

class Playing {
  player = $state.raw<Player | null>(null);

  /** Plays a book, from a place in it where one is named. */
  async start(bookId: number, at?: number): Promise<void> {
    try {
      const { player } = await import("./player.svelte");
      const attached = this.player !== null;
      this.player = player;
      // The page draws the player first: the element that plays is a part of it.
      if (!attached) await player.attached;
      await player.open(bookId, at);
    } catch (error) {
      notices.fail(error);
    }
  }

  get bookId(): number | null {
    return this.player?.book?.id ?? null;
  }
}

export const playing = new Playing();
