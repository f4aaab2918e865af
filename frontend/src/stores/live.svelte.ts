// The live connection: Socket.IO while it lasts, polling every 3 seconds while it does not.

import type { Socket } from "socket.io-client";
import type { ProgressRow, StateChange } from "../api/types";
import { basePath } from "../lib/router.svelte";
import type { DownloadStore } from "./downloads.svelte";

export const POLL_MS = 3_000;
/** A connection that breaks for a moment is not worth a word. */
const PATIENCE_MS = 1_500;

type Mode = "starting" | "live" | "polling" | "unreachable";

interface Message {
  seq?: number;
  download_id?: number;
  download_ids?: number[];
}

/** Live events that say no more than "this download is not what it was". */
const TOUCHES = [
  "queue:item_added",
  "queue:updated",
  "download:started",
  "download:completed",
  "download:failed",
  "download:paused",
  "download:resumed",
  "download:cancelled",
] as const;

export class Live {
  mode = $state<Mode>("starting");
  /** The last place in the server's log that we have seen. */
  seq: number | null = null;

  #socket: Socket | null = null;
  #running = false;
  #up = false;
  #poll: ReturnType<typeof setTimeout> | undefined;
  #store: DownloadStore;
  #onChange: (change: StateChange) => void;
  #onReturn: () => void;
  #before = false;

  /** `onReturn` is called when the connection is back: the server ends it, too, when an account is changed. */
  constructor(
    store: DownloadStore,
    onChange: (change: StateChange) => void = () => {},
    onReturn: () => void = () => {},
  ) {
    this.#store = store;
    this.#onChange = onChange;
    this.#onReturn = onReturn;
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#pollAfter(PATIENCE_MS);
    try {
      const { io } = await import("socket.io-client");
      if (this.#running) this.listen(this.#connect(io));
    } catch {
      // Without the library there is still polling.
    }
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#poll);
    this.#poll = undefined;
    this.#socket?.disconnect();
    this.#socket = null;
    this.#up = this.#before = false;
    this.mode = "starting";
    this.seq = null;
  }

  #connect(io: typeof import("socket.io-client").io): Socket {
    return io({
      path: `${basePath()}socket.io`,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelayMax: POLL_MS,
      auth: (answer) => answer(this.seq === null ? {} : { seq: this.seq }),
    });
  }

  listen(socket: Pick<Socket, "on" | "disconnect" | "active" | "connect">): void {
    this.#socket = socket as Socket;
    socket.on("connect", () => this.#connected());
    socket.on("disconnect", (reason) => {
      this.#up = false;
      this.#pollAfter(PATIENCE_MS);
      // After this reason the client does not come back by itself.
      if (reason === "io server disconnect" && this.#running) setTimeout(() => socket.connect(), POLL_MS);
    });
    socket.on("connect_error", () => {
      this.#pollAfter(PATIENCE_MS);
      if (!socket.active && this.#running) setTimeout(() => this.#running && socket.connect(), POLL_MS);
    });
    // Caught up: from here on nothing is missed, so what is read now and told from now on fits together.
    socket.on("ready", (message?: Message) => {
      this.#seen(message);
      void this.#load();
    });
    socket.on("resync", (message?: Message) => {
      this.#seen(message);
      void this.#load();
    });
    socket.on("download:progress", (batch: { rows: ProgressRow[] }) => this.#store.progress(batch.rows));
    socket.on("download:state_changed", (change: StateChange) => {
      this.#seen(change);
      if (this.#store.changed(change)) this.#onChange(change);
    });
    for (const name of TOUCHES) socket.on(name, (message?: Message) => this.#touched(message));
  }

  #connected(): void {
    this.#up = true;
    if (this.#before) this.#onReturn();
    this.#before = true;
    clearTimeout(this.#poll);
    this.#poll = undefined;
    this.mode = "live";
  }

  #touched(message?: Message): void {
    this.#seen(message);
    const ids = message?.download_ids ?? [message?.download_id];
    for (const id of ids) if (id !== undefined) this.#store.refresh(id);
  }

  #seen(message?: Message): void {
    if (typeof message?.seq === "number") this.seq = Math.max(this.seq ?? 0, message.seq);
  }

  #pollAfter(milliseconds: number): void {
    if (this.#running) this.#poll ??= setTimeout(() => void this.#pollOnce(), milliseconds);
  }

  async #pollOnce(): Promise<void> {
    const reached = await this.#load();
    this.#poll = undefined;
    if (!this.#running || this.#up) return;
    this.mode = reached ? "polling" : "unreachable";
    this.#pollAfter(POLL_MS);
  }

  async #load(): Promise<boolean> {
    try {
      await this.#store.load();
      return true;
    } catch {
      return false;
    }
  }
}
