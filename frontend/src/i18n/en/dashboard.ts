import { many } from "../words";

export const dashboard = {
  dashboard: {
    title: "Home",
    now: "Happening now",
    nowEmpty: "Nothing is under way.",
    nowEmptyAction: "Search for a book",
    attention: "Needs you",
    attentionEmpty: "Nothing needs you.",
    arrived: "Lately arrived",
    arrivedEmpty: "Books appear here once they are in the library.",
    clients: "Download clients",
    clientsEmpty: "No download client is set up yet.",
    clientsAction: "Set one up",
    indexersEmpty: "No indexer is set up yet, so a search finds nothing.",
    indexersAction: "Add an indexer",
    reachable: "Connected",
    unreachable: "Not reachable",
    more: (count: number) => `and ${many(count, "other", "others")}`,
    monitoringOff: "Monitoring is switched off: downloads are not being watched.",
    monitoringOn: "Switch it on",
  },
};
