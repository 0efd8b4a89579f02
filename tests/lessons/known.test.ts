// What the literature gives for a worked example is among what its lesson is held to.

import { expect, test } from "vitest";
import { facts, known } from "./known.ts";
import { files, loadLesson } from "./load.ts";

const numbers = new Set([...Object.keys(known), ...Object.keys(facts)].map(Number));

test.each([...numbers].filter((number) => files.has(number)))("lesson %i checks every number given for it", async (number) => {
  const { checks } = await (await loadLesson(files.get(number) ?? "")).run();
  const missing = (known[number] ?? []).filter(
    ([value, digits]) =>
      !checks.some(
        ({ expected, digits: own }) =>
          typeof expected === "number" && own >= digits && Math.abs(expected - value) <= 0.5 * 10 ** -digits * (1 + 1e-9),
      ),
  );
  expect(missing).toEqual([]);
  for (const fact of facts[number] ?? []) expect(checks.map(({ expected }) => expected)).toContain(fact);
});

test("(f∘g)′ = 8x + 4 is checked at several points, and the cost of backpropagation is twice that of the forward pass", async () => {
  const chain = (await (await loadLesson(files.get(3) ?? "")).run()).checks.filter(({ name }) => name.startsWith("(f∘g)′"));
  expect(chain.map(({ expected }) => expected)).toEqual([-12, 0, 4, 12, 28]);
  const cost = (await (await loadLesson(files.get(9) ?? "")).run()).checks;
  const [forward, backward] = ["multiply-adds forward", "with the input's error signal"].map((name) =>
    cost.find((check) => check.name.startsWith(name)),
  );
  expect(backward?.got).toBe(2 * Number(forward?.got));
});
