import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findingRemedy, placeOf, REMEDIES, remedyOf } from "../src/lib/remedies";
import { en } from "../src/i18n/en";
import { download } from "./help";

const failed = (failure_kind: string, actions = ["retry", "cancel"]) =>
  download(7, { status: "DOWNLOAD_FAILED", failure_kind, actions, book_title: "Emma & Co", book_author: "Jane Austen" });

test("every kind of failure that the application knows has its remedy, and none is made up", () => {
  const source = readFileSync(join(__dirname, "../../src/auralarchive/domain/failures.py"), "utf8");
  const kinds = [...source.matchAll(/^ {4}[A-Z_]+ = "([a-z_]+)"$/gm)].map(([, kind]) => kind);
  const dispositions = ["transient", "permanent", "needs_person"];
  expect(Object.keys(REMEDIES).toSorted()).toEqual(kinds.filter((kind) => kind && !dispositions.includes(kind)).toSorted());
  for (const remedy of Object.values(REMEDIES)) expect(en.dashboard.remedies[remedy], remedy).toBeTruthy();
});

test("another release is searched for by title and author", () => {
  const row = failed("stalled");
  expect(remedyOf(row, true)).toBe("search");
  expect(placeOf(remedyOf(row, true), row)).toBe("/search?q=Emma+%26+Co+Jane+Austen&for=7");
});

test("what the server does not allow now is not offered", () => {
  expect(remedyOf(failed("no_space"), true)).toBe("retry");
  expect(remedyOf(failed("no_space", ["cancel"]), true)).toBe("details");
  expect(placeOf("retry", failed("no_space"))).toBeNull();
  expect(remedyOf(failed("a kind of tomorrow"), true)).toBe("retry");
});

test("members are not sent to settings that only administrators reach", () => {
  expect(remedyOf(failed("client_auth"), true)).toBe("clients");
  expect(remedyOf(failed("client_auth"), false)).toBe("details");
  expect(remedyOf(failed("stalled"), false)).toBe("search");
});

test("a finding about a client leads to the clients, one about anything else to the system page", () => {
  const finding = (subject: string) => ({ ok: false, subject, message: "", remedy: "" }) as Parameters<typeof findingRemedy>[0];
  expect(findingRemedy(finding("qBittorrent at home"), ["qBittorrent at home"])).toBe("clients");
  expect(findingRemedy(finding("Library"), [])).toBe("library");
  expect(findingRemedy(finding("FFmpeg"), [])).toBe("system");
});
