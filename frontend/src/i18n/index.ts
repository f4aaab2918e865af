// The catalogue of the reader's language. Another language is a folder like `de/` of the type `Messages`,
// named here; what is missing in it, the compiler says.

import { en, type Messages } from "./en";
import { writeAs } from "./locale";

interface Spoken {
  /** In the language itself. */
  name: string;
  dir: "ltr" | "rtl";
  /** Only the one that is spoken is loaded. */
  load: () => Promise<Messages>;
}

export const LANGUAGES = {
  en: { name: "English", dir: "ltr", load: () => Promise.resolve(en) },
  de: { name: "Deutsch", dir: "ltr", load: async () => (await import("./de")).de },
} as const satisfies Record<string, Spoken>;
export type Language = keyof typeof LANGUAGES;

const KEY = "auralarchive.language";

export let m: Messages = en;
export let language: Language = "en";

/** What the person chose in this browser; null means: as the browser says. */
export function chosenLanguage(): Language | null {
  try {
    return known(localStorage.getItem(KEY) ?? "");
  } catch {
    return null;
  }
}

/** Takes effect when the page is loaded anew. */
export function chooseLanguage(wanted: Language | null): void {
  if (wanted === null) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, wanted);
}

/** Loads the words before anything is shown; where that fails, English is spoken. */
export async function speak(wanted: readonly string[] = navigator.languages): Promise<void> {
  const found = chosenLanguage() ?? wanted.map(known).find((one) => one !== null) ?? "en";
  try {
    m = await LANGUAGES[found].load();
    language = found;
  } catch {
    language = "en";
  }
  writeAs(language);
  document.documentElement.lang = language;
  document.documentElement.dir = LANGUAGES[language].dir;
}

function known(tag: string): Language | null {
  const short = tag.split("-")[0] ?? "";
  return short in LANGUAGES ? (short as Language) : null;
}

export type { Messages };
