// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, expect, test, vi } from "vitest";
import AddDialog from "../src/components/AddDialog.svelte";
import FoundClientForm from "../src/components/FoundClientForm.svelte";
import DownloadRow from "../src/components/DownloadRow.svelte";
import ProblemNote from "../src/components/ProblemNote.svelte";
import Account from "../src/components/Account.svelte";
import { Problem } from "../src/api/client";
import { m } from "../src/i18n";
import { Row } from "../src/stores/downloads.svelte";
import { adding } from "../src/stores/adding.svelte";
import { session } from "../src/stores/session.svelte";
import { download, serve } from "./help";

beforeEach(() => {
  // jsdom knows the element but not its methods.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

/** What the page gives a row besides the download. */
const inTable = {
  ...{ index: 0, card: false, query: "", busy: false, chosen: false, current: true, movable: false, lifted: false },
  ...{ onact: () => {}, onchoose: () => {}, onlift: () => {}, onfocus: () => {} },
};

test("what others have written is text, never markup", () => {
  const row = new Row(1, download(1, { book_title: "<img src=x onerror=alert(1)>" }));
  const { container } = render(DownloadRow, { ...inTable, row });
  expect(screen.getByText("<img src=x onerror=alert(1)>")).toBeTruthy();
  expect(container.querySelector("img")).toBeNull();
});

test("a row offers exactly the buttons that the server allows", async () => {
  const row = new Row(1, download(1, { status: "PAUSED", actions: ["resume", "cancel"] }));
  const onact = vi.fn();
  render(DownloadRow, { ...inTable, row, onact });
  expect(screen.queryByLabelText(/^Pause/)).toBeNull();
  await fireEvent.click(screen.getByLabelText("Resume: Book 1"));
  expect(onact).toHaveBeenCalledWith("resume");
});

test("an error shows what happened and what to do, and links the download it names", () => {
  render(ProblemNote, { error: new Problem(409, { detail: "Already active.", remedy: "Follow it.", download_id: 9 }) });
  expect(screen.getByRole("alert").textContent).toContain("Already active.");
  expect(screen.getByText("Follow it.")).toBeTruthy();
  expect(screen.getByText(m.add.show).getAttribute("href")).toBe("/downloads/9");
});

test("an error loses nothing that was typed", async () => {
  serve({ "POST /api/search/manual/download": { status: 409, body: { detail: "No.", code: "already_active", download_id: 2 } } });
  adding.open({ link: "magnet:?xt=urn:btih:00&dn=Salt+and+Cedar" });
  render(AddDialog);
  await fireEvent.input(screen.getByLabelText(m.add.bookAuthor), { target: { value: "R. K. Iyer" } });
  await fireEvent.click(screen.getByText(m.add.submit));
  await waitFor(() => screen.getByText(m.add.already));
  expect(screen.getByLabelText<HTMLInputElement>(m.add.bookTitle).value).toBe("Salt and Cedar");
  expect(screen.getByLabelText<HTMLInputElement>(m.add.bookAuthor).value).toBe("R. K. Iyer");
  expect(adding.queue).toHaveLength(1);
});

test("the first account needs the same password twice before anything is sent", async () => {
  const fetched = serve({});
  session.state = "setup";
  render(Account);
  await fireEvent.input(screen.getByLabelText(m.auth.name), { target: { value: "ada" } });
  await fireEvent.input(screen.getByLabelText(m.auth.password), { target: { value: "long enough" } });
  await fireEvent.input(screen.getByLabelText(m.auth.again), { target: { value: "another one" } });
  await fireEvent.click(screen.getByText(m.auth.create));
  expect(screen.getByText(m.auth.mismatch)).toBeTruthy();
  expect(fetched).not.toHaveBeenCalled();
});

test("a client that was found is signed in to as its kind wants: by name and password, or by a key", () => {
  const field = (title: string) => ({ type: "string", title });
  const found = (type: string, username?: string) => {
    const settings = { host: "127.0.0.1", port: 8085, ...(username ? { username } : {}) };
    return { type, title: type, settings, configured: false };
  };
  const named = { properties: { username: field("User name"), password: field("Password"), api_key: field("API key") } };
  const qbittorrent = { type: "qbittorrent", label: "qBittorrent", schema: named };
  render(FoundClientForm, { client: found("qbittorrent", "admin"), type: qbittorrent, onadded: () => {} });
  expect((screen.getByLabelText(m.welcome.client.user) as HTMLInputElement).value).toBe("admin");
  expect(screen.getByLabelText(m.welcome.client.password)).toBeTruthy();
  cleanup();
  const sabnzbd = { type: "sabnzbd", label: "SABnzbd", schema: { properties: { api_key: field("API key") } } };
  render(FoundClientForm, { client: found("sabnzbd"), type: sabnzbd, onadded: () => {} });
  expect(screen.getByLabelText("API key")).toBeTruthy();
  expect(screen.queryByLabelText(m.welcome.client.user)).toBeNull();
});
