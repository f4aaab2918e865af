import { many } from "../words";

export const system = {
  system: {
    title: "System",
    version: "Version",
    fine: "All is well.",
    problems: (count: number) => many(count, "thing needs attention", "things need attention"),
    remedy: "What to do",
    api: "API documentation",
    ok: "OK",
    bad: "Problem",
    refresh: "Check again",
  },
};
