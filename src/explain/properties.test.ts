// On graphs of random operations: the gradients that an explanation arrives at are those of grad, its lines give its values, and what is
// printed of it can be computed again.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomGraph } from "../engines/random-graph.test-support.ts";
import type { Dense } from "../graph/primitive.ts";
import { instantiate } from "../graph/rewrite.ts";
import { constant } from "../graph/structural.ts";
import { Tensor } from "../tensor/index.ts";
import { grad } from "../transforms/index.ts";
import { scalarOperations } from "./compositions.ts";
import { explain } from "./explain.ts";
import type { Explanation, Line, Step } from "./explanation.ts";
import { textOf } from "./formats/text.ts";
import { evaluate } from "./formula.ts";
import { readBack } from "./writing/check.ts";

const choices = fc.array(fc.nat(1000), { minLength: 40, maxLength: 60 });

interface Subject {
  readonly f: (...xs: Tensor[]) => Tensor;
  readonly args: readonly Tensor[];
}

/** A scalar function of tensors, random in what it computes. */
function randomFunction(list: readonly number[]): Subject {
  const { parameters, outputs, data } = randomGraph("float64", list);
  const results = outputs.slice(0, outputs.length - parameters.length);
  const f = (...xs: Tensor[]) => {
    const nodes = instantiate(
      { parameters, outputs: results },
      xs.map((x) => x.node),
    );
    return nodes.map((node) => new Tensor(node).mul(0.5).sin().sum()).reduce((a, b) => a.add(b));
  };
  const args = parameters.map(
    ({ shape, dtype }, i) => new Tensor(constant({ data: data[i] } as Pick<Dense, "data">, shape, dtype)),
  );
  return { f, args };
}

const steps = ({ iterations: [first] }: Explanation): readonly Step[] => [...first.forward, ...first.backward];

function lines(step: Step): readonly Line[] {
  return "contributions" in step
    ? [...step.lines, ...(step as Explanation["iterations"][number]["backward"][number]).contributions.flatMap((c) => c.lines)]
    : step.lines;
}

describe("random functions", () => {
  test("gradients are those of grad, and no rule is accused", () => {
    let compared = 0;
    fc.assert(
      fc.property(choices, (list) => {
        const { f, args } = randomFunction(list);
        const explanation = explain(f as (...args: never[]) => unknown, args);
        args.forEach((_, i) => {
          const id = explanation.quantities[i].name.id;
          const expected = Array.from(grad(f, { argument: i as 0 })(...(args as [Tensor])).data());
          const step = explanation.iterations[0].backward.find(({ quantity }) => quantity === `grad_${id}`);
          const size = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
          if (!step) return expect(expected.every((v) => v === 0)).toBe(true);
          const entries = step.value.entries ?? [];
          entries.forEach((v, k) => {
            compared++;
            expect(Math.abs(v - expected[k]), `entry ${k} of ${id}`).toBeLessThan(1e-12 * size);
          });
          const { norm } = step.value.summary ?? {};
          if (norm !== undefined) expect(norm).toBeCloseTo(Math.hypot(...expected), 9);
        });
        const wrong = explanation.iterations[0].backward.flatMap((s) => s.disagreements).filter(({ kink }) => !kink);
        expect(wrong).toEqual([]);
      }),
      { numRuns: 10, seed: 11 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  test("every line gives its value with the numbers that it carries", () => {
    let checked = 0;
    fc.assert(
      fc.property(choices, (list) => {
        const { f, args } = randomFunction(list);
        const explanation = explain(f as (...args: never[]) => unknown, args);
        const operations = scalarOperations();
        for (const step of steps(explanation)) {
          for (const { formula, value } of lines(step)) {
            let got: number;
            try {
              got = evaluate(formula, operations);
            } catch {
              continue;
            }
            checked++;
            expect(Math.abs(got - value), JSON.stringify(formula)).toBeLessThanOrEqual(1e-11 * Math.max(1, Math.abs(value)));
          }
        }
      }),
      { numRuns: 10, seed: 12 },
    );
    expect(checked).toBeGreaterThan(100);
  });

  test.each(["exact", "by hand"] as const)("every printed line can be computed again: %s", (rounding) => {
    let read = 0;
    fc.assert(
      fc.property(choices, (list) => {
        const { f, args } = randomFunction(list);
        const explanation = explain(f as (...args: never[]) => unknown, args, { rounding, digits: 4 });
        const { numeric, faults } = readBack(textOf(explanation), { digits: 4, rounding });
        read += numeric;
        expect(faults).toEqual([]);
      }),
      { numRuns: 5, seed: 13 },
    );
    expect(read).toBeGreaterThan(50);
  });
});
