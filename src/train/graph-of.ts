// The graph that a compiled function becomes, without running it: an engine that compiles nothing and gives zeros.

import type { CompileOptions, Engine, Program } from "../engines/engine.ts";
import { allocate } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import type { Graph, Node } from "../graph/node.ts";
import { sizeOf } from "../graph/shape.ts";

/** What an engine is asked to compile. */
export interface Asked {
  readonly graph: Graph;
  readonly options: CompileOptions;
}

/** What `use` has the engine that it is given compile first. */
export function graphOf(use: (engine: Engine) => void): Asked {
  const asked: Asked[] = [];
  const zeros = ({ dtype, shape }: Node) => allocate(dtype, sizeOf(shape));
  use({
    name: "none",
    compile: (graph, options = {}): Program => {
      asked.push({ graph, options });
      const [parameters, outputs] = [graph.parameters.map(zeros), graph.outputs.map(zeros)];
      return {
        engine: "none",
        bytes: 0,
        run: () => outputs,
        write: () => undefined,
        view: (parameter) => parameters[parameter],
        execute: () => undefined,
        read: (output) => outputs[output],
        outputView: (output) => outputs[output],
      };
    },
  });
  return asked[0] ?? fail("engine", "nothing was compiled.");
}
