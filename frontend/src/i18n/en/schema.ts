/** What the server says of its own settings: it speaks English, so here nothing is to be done. */
export const schema = { told: (text: string) => text };
