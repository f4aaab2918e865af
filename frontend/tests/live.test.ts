import { beforeEach, expect, test, vi } from "vitest";
import { Live, POLL_MS } from "../src/stores/live.svelte";
import { DownloadStore } from "../src/stores/downloads.svelte";

const io = vi.hoisted(() => ({ handlers: new Map<string, (message?: unknown) => void>(), auth: undefined as unknown }));

vi.mock("socket.io-client", () => ({
  io: (options: { auth: unknown }) => {
    io.auth = options.auth;
    return {
      active: true,
      on: (name: string, handler: (message?: unknown) => void) => io.handlers.set(name, handler),
      disconnect: () => {},
      connect: () => {},
    };
  },
}));

let store: DownloadStore;
let live: Live;
let load: ReturnType<typeof vi.fn>;

const emit = (name: string, message?: unknown) => io.handlers.get(name)?.(message);
const said = () => {
  let sent: unknown;
  (io.auth as (answer: (value: unknown) => void) => void)((value) => (sent = value));
  return sent;
};

beforeEach(async () => {
  vi.useFakeTimers();
  store = new DownloadStore();
  load = vi.spyOn(store, "load").mockResolvedValue() as unknown as ReturnType<typeof vi.fn>;
  live = new Live(store);
  await live.start();
});

test("once connected and caught up, the list is read and nothing is polled", async () => {
  emit("connect");
  emit("ready", { seq: 12 });
  expect(live.mode).toBe("live");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(load).toHaveBeenCalledTimes(1);
});

test("a lost connection is polled every three seconds, and said so, until it is back", async () => {
  emit("connect");
  emit("disconnect", "transport close");
  await vi.advanceTimersByTimeAsync(1_600);
  expect(live.mode).toBe("polling");
  const before = load.mock.calls.length;
  await vi.advanceTimersByTimeAsync(POLL_MS * 3 + 50);
  expect(load.mock.calls.length - before).toBe(3);
  emit("connect");
  expect(live.mode).toBe("live");
});

test("a server that does not answer at all is said to be unreachable", async () => {
  load.mockRejectedValue(new Error("down"));
  emit("connect_error");
  await vi.advanceTimersByTimeAsync(1_600);
  expect(live.mode).toBe("unreachable");
});

test("the last number seen goes with the next connection", () => {
  expect(said()).toEqual({});
  emit("ready", { seq: 12 });
  emit("queue:updated", { download_ids: [], seq: 15 });
  emit("queue:updated", { download_ids: [], seq: 14 });
  expect(said()).toEqual({ seq: 15 });
});

test("when too much was missed, everything is read again", () => {
  emit("resync", { seq: 4_000 });
  expect(load).toHaveBeenCalledTimes(1);
  expect(live.seq).toBe(4_000);
});

test("downloads that have changed are asked for", () => {
  const refresh = vi.spyOn(store, "refresh").mockReturnValue();
  emit("queue:item_added", { download_id: 3, seq: 1 });
  emit("queue:updated", { download_ids: [4, 5], seq: 2 });
  expect(refresh.mock.calls.map(([id]) => id)).toEqual([3, 4, 5]);
});

test("a connection that is back asks who we are now, the first one does not", async () => {
  const back = vi.fn();
  live = new Live(store, undefined, back);
  await live.start();
  emit("connect");
  expect(back).not.toHaveBeenCalled();
  emit("disconnect", "transport close");
  emit("connect");
  expect(back).toHaveBeenCalledTimes(1);
  live.stop();
});
