// Modules bring the WASM routines of what they compute: nothing in a training step of an image model is left to the interpreter.

import { expect, test } from "vitest";
import type { Engine } from "../engines/engine.ts";
import { lowerSimplified } from "../engines/lowering/lower.ts";
import { simplify } from "../engines/lowering/simplify.ts";
import { scratchBytes } from "../engines/wasm/compiler.ts";
import { wasmEngine } from "../engines/wasm/index.ts";
import { routineFor } from "../engines/wasm/routines.ts";
import { cumulativeSum, ones, random, type Tensor } from "../tensor/index.ts";
import { compile, grad } from "../transforms/index.ts";
import * as nn from "./index.ts";

/** The operations of a compiled function that have no code of their own. */
function withoutCode<A extends unknown[]>(f: (...args: A) => unknown, ...args: A): string[] {
  const names: string[] = [];
  const engine: Engine = {
    name: "recording",
    compile: (graph, options) => {
      const plan = lowerSimplified({ ...graph, outputs: simplify(graph.outputs) }, { scratch: scratchBytes });
      for (const { kernel } of plan.launches)
        if (kernel.kind === "whole" && routineFor(kernel) === undefined) names.push(kernel.node.op.name);
      return wasmEngine.compile(graph, options);
    },
  };
  compile(f, { engine })(...args);
  return names;
}

const image = ones([2, 8, 8, 3]);

test("convolutions and pooling, with their derivatives", () => {
  for (const pooling of [nn.maxPool2d(2), nn.averagePool2d(2)]) {
    const model = nn.sequential(nn.conv2d(3, 4, 3), nn.relu(), pooling, nn.flatten(), nn.linear(36, 2));
    const { parameters } = model.init(random.key(0));
    const loss = (p: nn.Parameters, x: Tensor) => model.apply(p, x).square().sum();
    expect(withoutCode(loss, parameters, image)).toEqual([]);
    expect(withoutCode(grad(loss), parameters, image)).toEqual([]);
    expect(withoutCode((p: nn.Parameters, x: Tensor) => grad((y: Tensor) => loss(p, y))(x), parameters, image)).toEqual([]);
  }
});

test("cumulative sums", () => {
  expect(withoutCode((x: Tensor) => cumulativeSum(x, 1), image)).toEqual([]);
});
