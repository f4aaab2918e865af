// Runs before the first paint, so that a chosen theme never flashes as the other one.
try {
  const chosen = localStorage.getItem("auralarchive.theme");
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
    for (const one of document.querySelectorAll('meta[name="theme-color"]'))
      one.media = one.dataset.theme === chosen ? "all" : "not all";
  }
} catch {
  // Storage may be forbidden; the system's theme is right then.
}
