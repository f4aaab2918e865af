// Which rows of a list are chosen, one by one or in ranges.

export class Selection {
  ids = $state.raw<ReadonlySet<number>>(new Set());
  /** Where a range begins. */
  #anchor: number | null = null;

  toggle(id: number): void {
    const ids = new Set(this.ids);
    if (!ids.delete(id)) ids.add(id);
    this.#anchor = id;
    this.ids = ids;
  }

  /** Chooses everything between the last one that was toggled and this one, both included. */
  extend(id: number, shown: readonly { id: number }[]): void {
    const at = (wanted: number | null) => shown.findIndex((row) => row.id === wanted);
    const [from, to] = [at(this.#anchor), at(id)];
    if (from === -1 || to === -1) {
      if (!this.ids.has(id)) this.toggle(id);
      return;
    }
    const range = shown.slice(Math.min(from, to), Math.max(from, to) + 1).map((row) => row.id);
    this.ids = new Set([...this.ids, ...range]);
  }

  all(shown: readonly { id: number }[]): void {
    this.ids = new Set(shown.map((row) => row.id));
  }

  clear(): void {
    this.ids = new Set();
    this.#anchor = null;
  }

  /** Only what is on the list: nobody acts on what a filter hides. */
  of<Item extends { id: number }>(shown: readonly Item[]): Item[] {
    return this.ids.size === 0 ? [] : shown.filter((row) => this.ids.has(row.id));
  }
}
