import { beforeEach, expect, test, vi } from "vitest";
import { get } from "../src/api/client";
import { session } from "../src/stores/session.svelte";
import { serve } from "./help";

const status = (role: string | null) => ({
  body: { setup_needed: false, needs_token: false, signed_in: role !== null, name: role && "bob", role },
});

beforeEach(async () => {
  serve({ "GET /api/auth/status": status("admin") });
  await session.begin();
});

test("who may administrate is what the server says", () => {
  expect([session.state, session.name, session.admin]).toEqual(["ready", "bob", true]);
});

test("a refusal makes the page ask what it is by now, once", async () => {
  const fetched = serve({
    "GET /api/auth/status": status("member"),
    "GET /api/settings": { status: 403, body: { code: "admins_only", detail: "No." } },
  });
  await expect(get("settings")).rejects.toThrow("No.");
  await vi.waitFor(() => expect(session.admin).toBe(false));
  expect(session.state).toBe("ready");
  await expect(get("settings")).rejects.toThrow("No.");
  expect(fetched.mock.calls.filter(([address]) => address === "/api/auth/status")).toHaveLength(1);
});

test("whoever is thrown out keeps the page below the sign-in form", async () => {
  serve({ "GET /api/auth/status": status(null) });
  await session.refresh();
  expect(session.state).toBe("expired");
  expect(session.name).toBe("bob");
});

test("a server that cannot be asked changes nothing", async () => {
  serve({});
  await session.refresh();
  expect([session.state, session.admin]).toEqual(["ready", true]);
});

test("another person signs in as what they are", async () => {
  serve({
    "POST /api/auth/logout": { body: { success: true } },
    "POST /api/auth/login": { body: { success: true } },
    "GET /api/auth/status": status("member"),
  });
  await session.logout();
  expect([session.state, session.role]).toEqual(["login", null]);
  await session.login("bob", "a long sentence");
  expect([session.state, session.role]).toEqual(["ready", "member"]);
});
