import { expect, test, vi } from "vitest";
import type { Position } from "../src/api/types";
import { PositionKeeper } from "../src/stores/position";
import { serve } from "./help";

const PATH = "/api/library/books/7/position";

/** A server that keeps one position, as the real one does. */
function server(start: Position | null = null) {
  let kept = start;
  let clock = 1;
  const written: Record<string, unknown>[] = [];
  serve({
    [`GET ${PATH}`]: () => ({ body: kept ?? { seconds: 0, speed: 1, device: null, finished: false, updated_at: null } }),
    [`PUT ${PATH}`]: (_, init) => {
      const body = JSON.parse(String(init.body)) as Record<string, unknown>;
      if (body.known !== (kept?.updated_at ?? null))
        return { status: 409, body: { code: "position_moved", position: kept, detail: "Moved." } };
      written.push({ ...body, keepalive: init.keepalive });
      kept = { ...(body as unknown as Position), updated_at: `t${clock++}` };
      return { body: kept };
    },
  });
  return { written, put: (position: Position) => (kept = position) };
}

const at = (seconds: number) => ({ seconds, speed: 1, finished: false });
const elsewhere: Position = { seconds: 500, speed: 1, device: "Phone", finished: false, updated_at: "x1" };

test("each word knows the one before it", async () => {
  const { written } = server();
  const keeper = new PositionKeeper(7, vi.fn(), "Desk");
  expect(await keeper.read()).toBeNull();
  await keeper.save(at(1));
  await keeper.save(at(2), { leaving: true });
  expect(written.map(({ seconds, known, keepalive }) => [seconds, known, keepalive])).toEqual([
    [1, null, false],
    [2, "t1", true],
  ]);
});

test("of many places in a hurry the last one counts", async () => {
  const { written } = server();
  const keeper = new PositionKeeper(7, vi.fn(), "Desk");
  await Promise.all([keeper.save(at(1)), keeper.save(at(2)), keeper.save(at(3))]);
  expect(written.map(({ seconds }) => seconds)).toEqual([1, 3]);
});

test("another device that was later is told, and not written over", async () => {
  const { written, put } = server();
  const onMoved = vi.fn();
  const keeper = new PositionKeeper(7, onMoved, "Desk");
  await keeper.save(at(1));
  put(elsewhere);
  await keeper.save(at(2));
  expect(onMoved).toHaveBeenCalledWith(elsewhere);
  expect(written).toHaveLength(1);
  await keeper.save(at(3)); // the person has seen it, and stays here
  expect(written.map(({ seconds }) => seconds)).toEqual([1, 3]);
});

test("our own word whose answer was lost is no other device's", async () => {
  const { written, put } = server();
  const onMoved = vi.fn();
  const keeper = new PositionKeeper(7, onMoved, "Desk");
  put({ ...elsewhere, device: "Desk" });
  await keeper.save(at(9));
  expect(onMoved).not.toHaveBeenCalled();
  expect(written.map(({ seconds, known }) => [seconds, known])).toEqual([[9, "x1"]]);
});

test("after a silence it looks whether somebody went on", async () => {
  const { put } = server();
  const onMoved = vi.fn();
  const keeper = new PositionKeeper(7, onMoved, "Desk");
  await keeper.save(at(1));
  await keeper.look();
  expect(onMoved).not.toHaveBeenCalled();
  put(elsewhere);
  await keeper.look();
  expect(onMoved).toHaveBeenCalledWith(elsewhere);
});

test("a server that is away costs nothing: the place is saved with the next word", async () => {
  serve({});
  const keeper = new PositionKeeper(7, vi.fn(), "Desk");
  expect(await keeper.save(at(1))).toBe(false);
  const { written } = server();
  expect(await keeper.save(at(2))).toBe(true);
  expect(written.map(({ seconds }) => seconds)).toEqual([2]);
});

test("who has no account listens all the same", async () => {
  serve({ [`GET ${PATH}`]: { status: 403, body: { code: "no_account", detail: "No." } } });
  expect(await new PositionKeeper(7, vi.fn(), "Desk").read()).toBeNull();
});
