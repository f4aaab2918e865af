export const notifications = {
  notifications: {
    more: "Vieles auf einmal wird eine Nachricht. Was nicht zugestellt werden kann, wird einen Tag lang wieder versucht.",
  },
  /** What can be ticked in forms, by the server's own words. */
  choices: {
    imported: "Ein Buch ist in der Bibliothek",
    failed: "Ein Download braucht jemanden",
    health: "Mit dem Server oder seinen Programmen stimmt etwas nicht",
    started: "Ein Download beginnt",
    seeded: "Ein Torrent hat sein Verteilziel erreicht",
  } as Record<string, string>,
};
