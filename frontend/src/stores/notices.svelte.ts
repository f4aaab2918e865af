// Short messages that a live region reads out: what just happened, and what just failed.

import { Problem } from "../api/client";

export interface Notice {
  id: number;
  text: string;
  remedy?: string;
  bad: boolean;
  link?: { path: string; text: string };
}

const NEWS_STAYS_MS = 6_000;

class Notices {
  list = $state.raw<Notice[]>([]);
  #next = 1;

  say(text: string, link?: Notice["link"], { bad = false } = {}): void {
    const id = this.#add({ text, link, bad });
    setTimeout(() => this.drop(id), NEWS_STAYS_MS);
  }

  /** Problems stay until somebody closes them. */
  fail(error: unknown): void {
    const problem = Problem.of(error);
    if (problem.status === 401) return; // the sign-in form says it
    if (this.list.some((notice) => notice.bad && notice.text === problem.message)) return;
    this.#add({ text: problem.message, remedy: problem.remedy, bad: true });
  }

  drop(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #add(notice: Omit<Notice, "id">): number {
    const id = this.#next++;
    this.list = [...this.list.slice(-3), { id, ...notice }];
    return id;
  }
}

export const notices = new Notices();
