import { expect, test } from "vitest";
import { changes } from "../src/lib/contest";
import { download } from "./help";

test("what somebody else has changed is told from what to what", () => {
  const before = download(1);
  expect(changes(before, download(1, { version: 9, status: "DOWNLOADING", reason: "Moved on." }))).toEqual([]);
  expect(changes(before, download(1, { priority: 3, download_limit: 50_000, sequential: true, chosen_client: "Deluge" }))).toEqual([
    "Priority from 0 to 3",
    "Download from without limit to 50 kB/s",
    "From the first byte to the last from off to on",
    "Download client from By rule and preference to Deluge",
  ]);
});
