// One way to the server. Whatever goes wrong comes out as a `Problem` with words for a person.

import { m } from "../i18n";
import { href } from "../lib/router.svelte";

interface ProblemBody {
  title?: string;
  detail?: unknown;
  code?: string;
  remedy?: string;
  download_id?: number;
  download?: unknown;
  book?: unknown;
  position?: unknown;
  errors?: unknown;
}

export interface FieldError {
  field: string;
  message: string;
}

/** An RFC 9457 answer, or a failure to get any answer (status 0). */
export class Problem extends Error {
  readonly title: string;
  readonly code: string;
  readonly remedy: string;
  readonly downloadId: number | null;
  readonly fields: FieldError[];
  /** The row as it is now, where a change of an older one was refused. */
  readonly present: unknown;

  constructor(
    readonly status: number,
    body: ProblemBody,
  ) {
    const detail = typeof body.detail === "string" ? body.detail : "";
    super(detail || body.title || m.problem.unexpected(status));
    this.name = "Problem";
    this.title = body.title ?? "";
    this.code = body.code ?? "";
    this.remedy = body.remedy ?? (isGateway(status) ? m.problem.gatewayRemedy : "");
    this.downloadId = typeof body.download_id === "number" ? body.download_id : null;
    this.fields = fieldErrors(body.errors ?? body.detail);
    this.present = body.download ?? body.book ?? body.position ?? null;
  }

  /** What a failed request, or a fault of our own, looks like to a person. */
  static of(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem(0, { detail: m.problem.page, remedy: String(error) });
  }
}

/** Said by a proxy that stands before the server and cannot reach it. */
const isGateway = (status: number) => status >= 502 && status <= 504;

function fieldErrors(list: unknown): FieldError[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    if (typeof item !== "object" || item === null) return [];
    const { loc, field, msg, message } = item as Record<string, unknown>;
    const path = Array.isArray(loc) ? loc.filter((part) => part !== "body").join(".") : String(field ?? "");
    return [{ field: path, message: String(msg ?? message ?? "") }];
  });
}

type Query = Record<string, string | number | readonly number[] | undefined>;

interface Options {
  query?: Query;
  body?: unknown;
  /** A form, or a file as it is, of the type that it names. */
  form?: FormData | Blob;
  signal?: AbortSignal;
  /** The version that the person has seen: the server refuses to write over another. */
  version?: string;
  /** It goes out even while the page is being left. */
  keepalive?: boolean;
}

let signedOut: () => void = () => {};

/** Called when the server no longer knows us. */
export function onSignedOut(react: () => void): void {
  signedOut = react;
}

let refused: () => void = () => {};

/** Called when the server says that only an administrator may do this: perhaps one was one a moment ago. */
export function onAdminsOnly(react: () => void): void {
  refused = react;
}

export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const answer = await send(method, path, options);
  if (!answer.ok) throw await refusal(answer);
  return answer.status === 204 ? (undefined as T) : ((await answer.json()) as T);
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const { query, body, form, signal, version, keepalive } = options;
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  try {
    return await fetch(address(path, query), {
      method,
      headers,
      credentials: "same-origin",
      body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
      signal,
      keepalive,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, { code: "network", detail: m.problem.network, remedy: m.problem.networkRemedy });
  }
}

/** The answer of a POST, an object a line, each as soon as it has come. Ends early when `signal` says so. */
export async function* lines<T>(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<T, void> {
  const answer = await send("POST", path, { body, signal });
  if (!answer.ok) throw await refusal(answer);
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const parts = (rest + (value ?? "")).split("\n");
      rest = done ? "" : (parts.pop() ?? "");
      for (const part of parts) if (part) yield JSON.parse(part) as T;
      if (done) return;
    }
  } catch (error) {
    // A connection that breaks in the midst of it, and a line that was cut by that.
    if (signal.aborted) throw error;
    throw new Problem(0, { code: "network", detail: m.problem.network, remedy: m.problem.networkRemedy });
  } finally {
    void reader.cancel().catch(() => {});
  }
}

async function refusal(answer: Response): Promise<Problem> {
  const problem = new Problem(answer.status, await bodyOf(answer));
  // A wrong password is a 401, too, but ends no session.
  if (problem.status === 401 && problem.code !== "wrong_credentials") signedOut();
  if (problem.code === "admins_only") refused();
  return problem;
}

function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== undefined) for (const one of [value].flat()) search.append(key, String(one));
  const tail = search.size ? `?${search}` : "";
  return href(`api/${path}`) + tail;
}

async function bodyOf(answer: Response): Promise<ProblemBody> {
  try {
    const body: unknown = await answer.json();
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}

export const get = <T>(path: string, options?: Options) => request<T>("GET", path, options);
export const post = <T>(path: string, body?: unknown, options?: Options) =>
  request<T>("POST", path, { ...options, body });
export const put = <T>(path: string, body: unknown, options?: Options) =>
  request<T>("PUT", path, { ...options, body });
export const patch = <T>(path: string, body: unknown) => request<T>("PATCH", path, { body });
export const remove = <T = void>(path: string) => request<T>("DELETE", path);
