// Compiled graphs against the reference, on random programs.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Graph } from "../../graph/node.ts";
import { parameter } from "../../graph/structural.ts";
import { mul } from "../../ops/arithmetic.ts";
import { where } from "../../ops/selection.ts";
import { cast } from "../../ops/shape.ts";
import { interpreter } from "../interpreter/index.ts";
import { randomInputs, randomProgram } from "../lowering/random-program.ts";
import { wasmEngine } from "./index.ts";

function expectSame(graph: Graph, seed: number, tolerance: number): void {
  const inputs = randomInputs(graph, seed);
  const expected = interpreter.compile(graph).run(inputs);
  const actual = wasmEngine.compile(graph).run(inputs);
  expected.forEach((e, k) => {
    const a = actual[k];
    expect(a.length).toBe(e.length);
    let scale = 1;
    for (const x of e) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
    for (let i = 0; i < e.length; i++) {
      const same = a[i] === e[i] || (Number.isNaN(a[i]) && Number.isNaN(e[i])) || Math.abs(a[i] - e[i]) <= tolerance * scale;
      if (!same) expect.fail(`output ${k} (${graph.outputs[k].op.name}) entry ${i}: ${a[i]}, expected ${e[i]}`);
    }
  });
}

describe("compiled programs", () => {
  it("give the reference's results on random float32 programs", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 30, maxLength: 60 }), (choices) => {
        expectSame(randomProgram("float32", choices), choices[0] + 1, 1e-5);
      }),
      { numRuns: 100 },
    );
  });

  it("give the reference's results on random float64 programs", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 30, maxLength: 60 }), (choices) => {
        expectSame(randomProgram("float64", choices), choices[0] + 1, 1e-12);
      }),
      { numRuns: 100 },
    );
  });

  it("convert between all dtypes", () => {
    const a = parameter({ shape: [7], dtype: "int32" });
    const m = parameter({ shape: [7], dtype: "bool" });
    const d = parameter({ shape: [7], dtype: "float64" });
    const graph = {
      parameters: [a, m, d],
      outputs: [
        cast(a, "float64"),
        cast(m, "float32"),
        cast(d, "int32"),
        cast(cast(d, "float32"), "bool"),
        where(m, d, cast(a, "float64")),
        mul(a, a),
        cast(m, "int32"),
      ],
    };
    expectSame(graph, 3, 0);
  });
});
