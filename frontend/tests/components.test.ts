// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, expect, test, vi } from "vitest";
import AddDialog from "../src/components/AddDialog.svelte";
import ClientChoice from "../src/components/ClientChoice.svelte";
import FoundClientForm from "../src/components/FoundClientForm.svelte";
import WelcomeClient from "../src/components/WelcomeClient.svelte";
import DownloadRow from "../src/components/DownloadRow.svelte";
import ProblemNote from "../src/components/ProblemNote.svelte";
import Account from "../src/components/Account.svelte";
import { Problem } from "../src/api/client";
import type { ClientState } from "../src/api/types";
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

test("what is to be mended in a client that was found is told where it is set up", async () => {
  const schema = { properties: { username: { type: "string", title: "User name", description: "As in its file." } } };
  const settings = { host: "127.0.0.1", port: 6789 };
  const findings = [
    { ok: true, subject: "Category", message: "The category is there.", remedy: "" },
    { ok: false, subject: "History", message: "It keeps no history.", remedy: "Set KeepHistory to 30." },
  ];
  const clients: object[] = [];
  const add = () => {
    const made = { id: 7, type: "nzbget", name: "NZBGet", enabled: true, priority: 1, settings };
    clients.push(made);
    return made;
  };
  serve({
    "GET /api/clients/schema": { body: { types: [{ type: "nzbget", title: "NZBGet", settings_schema: schema }] } },
    "GET /api/clients": () => ({ body: { items: clients } }),
    "POST /api/welcome/clients": () => ({
      body: { items: [{ type: "nzbget", title: "NZBGet", settings, configured: clients.length > 0 }] },
    }),
    "POST /api/clients/test": { body: { ok: false, version: "NZBGet 21.0", findings } },
    "POST /api/clients": () => ({ body: add() }),
  });
  render(WelcomeClient, { ondone: () => {} });
  await waitFor(() => screen.getByText("As in its file."));
  await fireEvent.click(screen.getByText(m.welcome.testAndAdd));
  await waitFor(() => screen.getByText(m.welcome.client.ready("NZBGet"), { exact: false }));
  await waitFor(() => expect(screen.queryByText(m.welcome.testAndAdd)).toBeNull());
  expect(screen.getByText("Set KeepHistory to 30.")).toBeTruthy();
  expect(screen.queryByText("The category is there.")).toBeNull();
});

test("only who takes it is offered, and a choice that does not fit is seen", () => {
  const client = (name: string, ...protocols: string[]) => ({ name, protocols, reachable: name !== "Away", abilities: [] });
  const clients = [client("Torrents", "torrent"), client("Away", "nzb"), client("News", "nzb")] as unknown as ClientState[];
  const { container } = render(ClientChoice, { value: "Torrents", clients, protocol: "nzb" });
  const told = [...container.querySelectorAll("option")].map((option) => option.textContent);
  expect(told).toEqual([m.add.anyClient, m.add.clientAway("Away"), "News", m.add.clientCannot("Torrents")]);
});
