// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { href, link, match, router } from "../src/lib/router.svelte";

beforeEach(() => vi.stubGlobal("scrollTo", () => {}));
afterEach(() => history.replaceState(null, "", "/"));

test("every page has its address, and unknown ones are missing", () => {
  expect(match("/")).toEqual({ page: "dashboard", id: null, part: null });
  expect(match("/search")).toEqual({ page: "search", id: null, part: null });
  expect(match("/downloads/")).toEqual({ page: "downloads", id: null, part: null });
  expect(match("/dashboard").page).toBe("missing");
  expect(match("/nonsense").page).toBe("missing");
});

test("only downloads and books have numbers, and only proper ones", () => {
  expect(match("/downloads/12")).toEqual({ page: "downloads", id: 12, part: null });
  expect(match("/library/3")).toEqual({ page: "library", id: 3, part: null });
  for (const path of ["/downloads/0", "/downloads/-1", "/downloads/1e3", "/downloads/1/2", "/search/3"])
    expect(match(path).page).toBe("missing");
});

test("settings and system have parts", () => {
  expect(match("/settings/indexers")).toEqual({ page: "settings", id: null, part: "indexers" });
  for (const path of ["/settings/a/b", "/settings/UPPER", "/search/indexers", "/settings/7"])
    expect(match(path).page).toBe("missing");
});

test("a base path is taken off", () => {
  expect(match("/books/downloads/7", "/books/")).toEqual({ page: "downloads", id: 7, part: null });
  expect(match("/books/", "/books/").page).toBe("dashboard");
  expect(match("/books", "/books/").page).toBe("dashboard");
});

test("ordinary clicks on our links stay in the page, others are left to the browser", () => {
  const stop = router.start();
  const anchor = document.createElement("a");
  const { "data-route": route } = link("/library");
  anchor.setAttribute("href", href("/library"));
  anchor.setAttribute("data-route", route);
  document.body.append(anchor);
  const held = (event: Event) => event.preventDefault();

  anchor.addEventListener("click", held);
  anchor.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  expect(router.route.page).toBe("dashboard");
  anchor.removeEventListener("click", held);

  anchor.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  expect(router.route.page).toBe("library");
  expect(location.pathname).toBe("/library");
  anchor.remove();
  stop();
});
