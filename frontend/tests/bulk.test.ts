import { expect, test, vi } from "vitest";
import { carryOut, refusals, worthAnotherTry } from "../src/stores/bulk";
import { serve } from "./help";

const sent = vi.fn();

/** A server that takes so many portions before it is gone; odd numbers it refuses. */
function bulk(portions: number) {
  sent.mockReset();
  let left = portions;
  serve({
    "POST /api/downloads/queue/bulk": (_url, init) => {
      if (left-- <= 0) throw new TypeError("gone");
      const { action, ids } = JSON.parse(String(init.body)) as { action: string; ids: number[] };
      sent(action, ids.length);
      const answer = (id: number) =>
        id % 2 ? { id, ok: false, code: "not_allowed_now", detail: "It is done." } : { id, ok: true, status: "PAUSED" };
      return { body: { results: ids.map(answer) } };
    },
  });
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test("as many as one likes, in portions that the server takes", async () => {
  bulk(9);
  const outcomes = await carryOut("pause", numbers(1_201));
  expect(sent.mock.calls).toEqual([["pause", 500], ["pause", 500], ["pause", 201]]);
  expect(outcomes).toHaveLength(1_201);
  expect(refusals(outcomes)).toMatchObject([{ code: "not_allowed_now", detail: "It is done." }]);
  expect(refusals(outcomes)[0]?.ids).toHaveLength(601);
});

test("a lost connection is told apart from a refusal, and only it is worth another try", async () => {
  bulk(1);
  const outcomes = await carryOut("cancel", numbers(700));
  const [refused, lost] = refusals(outcomes);
  expect(outcomes).toHaveLength(700);
  expect([refused?.code, refused?.ids.length]).toEqual(["not_allowed_now", 250]);
  expect([lost?.code, lost?.ids]).toEqual(["network", numbers(700).slice(500)]);
  expect([refused && worthAnotherTry(refused), lost && worthAnotherTry(lost)]).toEqual([false, true]);
});
