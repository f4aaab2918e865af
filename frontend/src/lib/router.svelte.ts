// A router over the history API. Paths are those of the application; the base path of a reverse
// proxy is put before them on the way out and taken off on the way in.

export const PAGES = ["dashboard", "search", "wanted", "downloads", "library", "settings", "system", "welcome"] as const;
export type PageName = (typeof PAGES)[number];

export interface Route {
  page: PageName | "missing";
  /** The number in `/downloads/12`. */
  id: number | null;
  /** The part of a page in `/settings/indexers`; the page knows its own. */
  part: string | null;
}

/** Pages with one thing each below them, and pages that are parted. */
const NUMBERED: ReadonlySet<PageName> = new Set(["downloads", "library"]);
const PARTED: ReadonlySet<PageName> = new Set(["settings", "system"]);
const HOME: Route = { page: "dashboard", id: null, part: null };
const MISSING: Route = { page: "missing", id: null, part: null };

// The built script lies in `<base>/assets/`: where it came from tells the base path.
const BASE = import.meta.env.PROD ? new URL(/* @vite-ignore */ "..", import.meta.url).pathname : "/";

export function basePath(): string {
  return BASE;
}

/** The address of an application path such as `/downloads/3`. */
export function href(path: string): string {
  return basePath() + path.replace(/^\/+/, "");
}

export function match(pathname: string, base: string = basePath()): Route {
  // A proxy that strips the base path shows the page at the path alone, too.
  if (`${pathname}/` === base) return HOME;
  const inside = pathname.startsWith(base) ? pathname.slice(base.length) : pathname.replace(/^\/+/, "");
  const [head = "", tail, ...more] = inside.replace(/\/+$/, "").split("/");
  if (head === "") return HOME;
  const page = PAGES.find((name) => name === head && name !== "dashboard");
  if (!page || more.length > 0) return MISSING;
  if (tail === undefined) return { page, id: null, part: null };
  if (NUMBERED.has(page) && /^[1-9]\d{0,15}$/.test(tail)) return { page, id: Number(tail), part: null };
  if (PARTED.has(page) && /^[a-z][a-z-]{0,40}$/.test(tail)) return { page, id: null, part: tail };
  return MISSING;
}

class Router {
  route = $state.raw<Route>(HOME);
  /** What stands behind the `?`: a search to begin with, a filter. */
  query = $state.raw(new URLSearchParams());
  #here = "";
  #holder: ((leave: () => void) => boolean) | null = null;

  start(): () => void {
    const back = () => this.#wentBack();
    const click = (event: MouseEvent) => this.#follow(event);
    this.#show(location.pathname + location.search);
    addEventListener("popstate", back);
    document.addEventListener("click", click);
    return () => {
      removeEventListener("popstate", back);
      document.removeEventListener("click", click);
    };
  }

  go(path: string, { replace = false } = {}): void {
    const leave = () => this.#leave(href(path), replace);
    if (!this.#holder?.(leave)) leave();
  }

  /** Asks `holder` before another address is shown: by true it keeps the person here, and may call `leave` later. */
  hold(holder: (leave: () => void) => boolean): () => void {
    this.#holder = holder;
    return () => {
      if (this.#holder === holder) this.#holder = null;
    };
  }

  #leave(target: string, replace: boolean): void {
    if (replace) history.replaceState(null, "", target);
    else history.pushState(null, "", target);
    const before = this.route.page;
    this.#show(target);
    if (before !== this.route.page) scrollTo(0, 0);
  }

  /** The browser has gone already: whoever is kept here gets the address back. */
  #wentBack(): void {
    const target = location.pathname + location.search;
    const kept = this.#holder?.(() => this.#leave(target, true)) ?? false;
    if (kept) history.pushState(null, "", this.#here);
    else this.#show(target);
  }

  #show(address: string): void {
    const { pathname, search } = new URL(address, location.origin);
    this.route = match(pathname);
    this.query = new URLSearchParams(search);
    this.#here = pathname + search;
  }

  /** Ordinary clicks on our own links stay in the page; all others are the browser's. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[data-route]") : null;
    const path = link?.getAttribute("data-route");
    if (!path) return;
    event.preventDefault();
    this.go(path);
  }
}

export const router = new Router();

/** Attributes of a link inside the application: `<a {...link("/search")}>`. */
export function link(path: string): { href: string; "data-route": string } {
  return { href: href(path), "data-route": path };
}
