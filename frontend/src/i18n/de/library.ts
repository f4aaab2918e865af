import { many } from "../words";

export const library = {
  library: {
    title: "Bibliothek",
    empty: "Ihre Bibliothek ist leer.",
    emptyText: "Bücher, die geladen und einsortiert wurden, erscheinen hier.",
    filter: "Nach Titel, Autor oder Sprecher filtern",
    count: (count: number) => many(count, "Buch", "Bücher"),
    chapters: (count: number) => many(count, "Kapitel", "Kapitel"),
    readBy: (narrator: string) => `Gelesen von ${narrator}`,
    cover: (title: string) => `Umschlag von ${title}`,
    noneMatch: "Kein Buch passt zum Filter.",
  },
};
