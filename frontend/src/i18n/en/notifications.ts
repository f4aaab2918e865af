export const notifications = {
  notifications: {
    text: "Tells people what they wait for, and what waits for them: by mail, Telegram, ntfy and many others, or a webhook of your own.",
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
