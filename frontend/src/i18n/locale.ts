// How numbers and dates are written: as the browser does, unless another language was chosen.

let chosen: string | undefined;

export const locale = () => chosen;

export function writeAs(language: string): void {
  const own = navigator.languages.find((tag) => tag.split("-")[0] === language);
  chosen = own ?? language;
}
