// Light, dark, or what the system says; the choice stays in this browser.

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "auralarchive.theme";

function stored(): Theme {
  try {
    return THEMES.find((name) => name === localStorage.getItem(KEY)) ?? "system";
  } catch {
    return "system";
  }
}

/** Phones and installed windows paint their own bars in the page's colour. */
function paintBars(theme: Theme): void {
  for (const one of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const own = one.dataset.theme;
    one.media = theme === "system" ? `(prefers-color-scheme: ${own})` : theme === own ? "all" : "not all";
  }
}

class ThemeChoice {
  current = $state<Theme>(stored());

  set(theme: Theme): void {
    this.current = theme;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    paintBars(theme);
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }

  next(): void {
    this.set(THEMES[(THEMES.indexOf(this.current) + 1) % THEMES.length] ?? "system");
  }
}

export const theme = new ThemeChoice();
