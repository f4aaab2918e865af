// The catalogue of the reader's language. A second one is a file like `en.ts` of the type `Messages`,
// named here; what is missing in it, the compiler says.

import { en, type Messages } from "./en";

const CATALOGUES: Record<string, Messages> = { en };

function preferred(wanted: readonly string[]): string {
  const known = wanted.map((tag) => tag.split("-")[0] ?? "").find((tag) => tag in CATALOGUES);
  return known ?? "en";
}

export const language = preferred(typeof navigator === "undefined" ? [] : navigator.languages);
export const m: Messages = CATALOGUES[language] ?? en;
export type { Messages };
