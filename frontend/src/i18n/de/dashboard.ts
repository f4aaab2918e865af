import { many } from "../words";

export const dashboard = {
  dashboard: {
    title: "Start",
    now: "Was gerade geschieht",
    nowEmpty: "Nichts ist unterwegs.",
    nowEmptyAction: "Ein Buch suchen",
    attention: "Braucht Sie",
    attentionEmpty: "Nichts braucht Sie.",
    arrived: "Neu eingetroffen",
    arrivedEmpty: "Hier erscheinen Bücher, sobald sie in der Bibliothek sind.",
    clients: "Download-Programme",
    clientsEmpty: "Noch ist kein Download-Programm eingerichtet.",
    clientsAction: "Einrichten",
    indexersEmpty: "Noch ist kein Indexer eingerichtet, daher findet eine Suche nichts.",
    indexersAction: "Indexer hinzufügen",
    reachable: "Verbunden",
    unreachable: "Nicht erreichbar",
    more: (count: number) => `und ${many(count, "weiteres", "weitere")}`,
    monitoringOff: "Die Überwachung ist ausgeschaltet: Downloads werden nicht verfolgt.",
    monitoringOn: "Einschalten",
  },
};
