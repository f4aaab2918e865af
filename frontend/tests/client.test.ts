import { expect, test, vi } from "vitest";
import { get, onSignedOut, post, Problem } from "../src/api/client";
import { serve } from "./help";

test("a problem keeps its words, its code, and the download it names", async () => {
  const body = { title: "Conflict", detail: "It is active.", code: "already_active", remedy: "Follow it.", download_id: 4 };
  serve({ "POST /api/search/manual/download": { status: 409, body } });
  const problem = await post("search/manual/download", {}).catch(Problem.of);
  expect(problem).toMatchObject({ message: "It is active.", remedy: "Follow it.", code: "already_active", downloadId: 4 });
});

test("fields that do not fit are named", async () => {
  const errors = [{ field: "settings.host", message: "is empty" }];
  serve({ "POST /api/clients": { status: 422, body: { detail: "No.", errors } } });
  const problem = (await post("clients", {}).catch(Problem.of)) as Problem;
  expect(problem.fields).toEqual([{ field: "settings.host", message: "is empty" }]);
});

test("a server that cannot be reached, or answers nonsense, is still explained", async () => {
  serve({});
  expect(await get("downloads/status").catch(Problem.of)).toMatchObject({ code: "network", status: 0 });
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("<html>", { status: 502 })));
  expect(((await get("downloads/status").catch(Problem.of)) as Problem).message).toContain("502");
});

test("an ended session is told to whoever cares, but a wrong password is not one", async () => {
  const ended = vi.fn();
  onSignedOut(ended);
  serve({
    "POST /api/auth/login": { status: 401, body: { code: "wrong_credentials" } },
    "GET /api/auth/keys": { status: 401, body: { code: "not_signed_in" } },
  });
  await post("auth/login", {}).catch(() => {});
  expect(ended).not.toHaveBeenCalled();
  await get("auth/keys").catch(() => {});
  expect(ended).toHaveBeenCalledOnce();
});
