// The interpreter as an engine.

import { allocate, type TypedArray } from "../../graph/dtype.ts";
import type { Graph } from "../../graph/node.ts";
import type { Dense } from "../../graph/primitive.ts";
import { sizeOf } from "../../graph/shape.ts";
import { bytesOf } from "../../graph/structural.ts";
import { optimize } from "../../ops/optimize.ts";
import type { CompileOptions, Engine, Program } from "../engine.ts";
import { evaluateGraph } from "./evaluate.ts";

export { evaluate, type Observer } from "./evaluate.ts";

function compile(graph: Graph, options: CompileOptions = {}): Program {
  const { parameters } = graph;
  const body: Graph = { parameters, outputs: optimize(graph.outputs) };
  const buffers: TypedArray[] = parameters.map((p) => allocate(p.dtype, sizeOf(p.shape)));
  const inputs = parameters.map((p, i): Dense => ({ shape: p.shape, dtype: p.dtype, data: buffers[i] }));
  let results: readonly Dense[] = [];
  const program: Program = {
    engine: "interpreter",
    bytes: parameters.reduce((total, p) => total + bytesOf(p), 0),
    write: (parameter, data) => buffers[parameter].set(data),
    view: (parameter) => buffers[parameter],
    execute: () => {
      results = evaluateGraph(body, inputs).map((r) => ({ ...r, data: r.data.slice() }));
      options.donate?.forEach((output, i) => {
        if (output !== undefined) buffers[i].set(results[output].data);
      });
    },
    read: (output) => results[output].data.slice(),
    outputView: (output) => results[output].data,
    run: (data) => {
      data.forEach((values, i) => program.write(i, values));
      program.execute();
      return results.map((r) => r.data);
    },
  };
  return program;
}

/** Plain TypeScript, the reference. */
export const interpreter: Engine = { name: "interpreter", compile };
