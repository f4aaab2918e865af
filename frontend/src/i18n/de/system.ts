import { many } from "../words";

export const system = {
  system: {
    title: "System",
    version: "Version",
    fine: "Alles ist in Ordnung.",
    problems: (count: number) => many(count, "Sache braucht Aufmerksamkeit", "Sachen brauchen Aufmerksamkeit"),
    remedy: "Was zu tun ist",
    api: "Beschreibung der API",
    ok: "In Ordnung",
    bad: "Störung",
    refresh: "Noch einmal prüfen",
  },
};
