// @vitest-environment jsdom
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, expect, test, vi } from "vitest";
import type { BookDetail } from "../src/api/types";
import BookEdit from "../src/components/BookEdit.svelte";
import { m } from "../src/i18n";
import { changesOf, draftOf, rebased, wrongIn } from "../src/lib/book-edit";
import { serve } from "./help";

const book = {
  id: 3,
  version: 1,
  title: "Emma",
  author: "Jane Austen",
  narrator: "Nora",
  series: null,
  series_part: null,
  year: 1815,
  language: null,
  publisher: null,
  description: null,
  has_cover: false,
  chapters: [],
  files: [],
} as unknown as BookDetail;

beforeEach(() => {
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

test("only what was changed is sent, emptied fields as nothing", () => {
  expect(changesOf({ ...draftOf(book), title: " Emma ", narrator: "", year: "1816" }, book)).toEqual({ narrator: null, year: 1816 });
});

test("what cannot be is said at its field", () => {
  expect(wrongIn({ ...draftOf(book), title: " ", year: "18x" })).toEqual({ title: "needed", year: "wrongYear" });
  expect(wrongIn({ ...draftOf(book), year: "" })).toEqual({});
});

test("theirs where I typed nothing, mine where I did", () => {
  const present = { ...book, version: 2, title: "Emma!", narrator: "Nina" };
  const { draft, theirs } = rebased({ ...draftOf(book), narrator: "Me" }, book, present);
  expect([draft.title, draft.narrator, theirs]).toEqual(["Emma!", "Me", ["title", "narrator"]]);
});

test("a change of somebody else is told, and the next attempt knows of it", async () => {
  const sent: Record<string, unknown>[] = [];
  const present = { ...book, version: 2, title: "Emma!" };
  serve({
    "PATCH /api/library/books/3": (_, init) => {
      const body = JSON.parse(String(init.body)) as Record<string, unknown>;
      sent.push(body);
      if (body.version === 1) return { status: 409, body: { code: "book_changed", detail: "Changed.", book: present } };
      return { body: { ...present, version: 3, narrator: body.narrator } };
    },
  });
  const [onsaved, onclose] = [vi.fn(), vi.fn()];
  render(BookEdit, { book, onsaved, onclose });
  await fireEvent.input(screen.getByLabelText(new RegExp(`^${m.book.fields.narrator}`)), { target: { value: "Me" } });
  await fireEvent.click(screen.getByText(m.book.save));
  await waitFor(() => screen.getByText(m.book.changedTitle));
  expect(screen.getByLabelText<HTMLInputElement>(m.book.fields.title).value).toBe("Emma!");
  expect(screen.getByText(m.book.changedField(m.book.fields.title, "Emma!"))).toBeTruthy();
  expect(onclose).not.toHaveBeenCalled();
  await fireEvent.click(screen.getByText(m.book.save));
  await waitFor(() => expect(onclose).toHaveBeenCalled());
  expect(sent).toEqual([
    { version: 1, narrator: "Me" },
    { version: 2, narrator: "Me" },
  ]);
  expect(onsaved).toHaveBeenLastCalledWith(expect.objectContaining({ version: 3 }));
});
