// What somebody wants to add: a link, a file, or a release with options. Several are confirmed one after the other.

import type { Release } from "../api/types";
import { isReleaseFile, links } from "../lib/sources";

export interface Source {
  release?: Release;
  link?: string;
  file?: File;
}

export class Adding {
  /** The first is the one that is asked about now. */
  queue = $state.raw<readonly Source[]>([]);
  /** How many there were at first. */
  total = $state(0);

  get current(): Source | undefined {
    return this.queue[0];
  }

  /** Which of how many this is, from 1. */
  get place(): number {
    return this.total - this.queue.length + 1;
  }

  open(...sources: Source[]): void {
    if (sources.length === 0) return;
    this.total = (this.queue.length ? this.total : 0) + sources.length;
    this.queue = [...this.queue, ...sources];
  }

  /** Adds the files that can be; returns the names of the others. */
  takeFiles(files: readonly File[]): string[] {
    this.open(...files.filter(isReleaseFile).map((file) => ({ file })));
    return files.filter((file) => !isReleaseFile(file)).map(({ name }) => name);
  }

  /** Whether a text was nothing but links. */
  takeText(text: string): boolean {
    const found = links(text);
    this.open(...found.map((link) => ({ link })));
    return found.length > 0;
  }

  /** Forgets one that waits. */
  drop(index: number): void {
    this.queue = this.queue.filter((_, at) => at !== index);
    this.total -= 1;
  }

  next(): void {
    this.queue = this.queue.slice(1);
  }

  close(): void {
    this.queue = [];
  }
}

export const adding = new Adding();
