// Runs before the first paint, so that a chosen theme never flashes as the other one.
try {
  const chosen = localStorage.getItem("auralarchive.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; the system's theme is right then.
}
