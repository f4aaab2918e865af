// What the sentences of every language are made with.

import { locale } from "./locale";

/** `1 book`, `2,000 books`. */
export const many = (count: number, one: string, other: string) =>
  `${new Intl.NumberFormat(locale()).format(count)} ${count === 1 ? one : other}`;
