import { many } from "../words";

export const library = {
  library: {
    title: "Library",
    empty: "Your library is empty.",
    emptyText: "Books that were downloaded and imported appear here.",
    filter: "Filter by title, author or narrator",
    count: (count: number) => many(count, "book", "books"),
    chapters: (count: number) => many(count, "chapter", "chapters"),
    readBy: (narrator: string) => `Read by ${narrator}`,
    cover: (title: string) => `Cover of ${title}`,
    noneMatch: "No book matches the filter.",
  },
};
