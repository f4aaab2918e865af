export const notifications = {
  notifications: {
    more: "Many things at once are one message. What cannot be delivered is tried again for a day.",
  },
  /** What can be ticked in forms, by the server's own words. */
  choices: {
    imported: "A book is in the library",
    failed: "A download needs somebody",
    health: "Something is wrong with the server or its clients",
    started: "A download begins",
    seeded: "A torrent has reached its seeding goal",
  } as Record<string, string>,
};
