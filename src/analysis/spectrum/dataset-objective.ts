// The loss of a model over a whole data set, as a function of all its parameters in one vector: value, gradient, Hessian and
// Gauss-Newton products, streamed over batches and averaged over examples, so that nothing depends on how many batches there are.

import type { Dataset } from "../../data/dataset.ts";
import type { Engine } from "../../engines/engine.ts";
import { type EngineName, engineNamed } from "../../engines/index.ts";
import { fail } from "../../graph/errors.ts";
import { sizeOf } from "../../graph/shape.ts";
import { inference, type State } from "../../nn/context.ts";
import type { Module, Parameters } from "../../nn/module.ts";
import { flatten, type Tensor, tensor } from "../../tensor/index.ts";
import { known } from "../../tensor/options.ts";
import { readable } from "../../tensor/tensor.ts";
import { rowsOf } from "../../train/feed.ts";
import type { Loss } from "../../train/step.ts";
import { compile } from "../../transforms/compile.ts";
import { gaussNewton, grad, hvp } from "../../transforms/grad.ts";
import { vmap } from "../../transforms/vmap.ts";
import type { SymmetricOperator } from "./operator.ts";

export interface DatasetProblem {
  readonly model: Module;
  /** The mean over the examples of a batch, as fit takes it. */
  readonly loss: Loss;
  readonly data: Dataset;
  readonly parameters: Parameters;
  /** Running statistics of modules; the model is applied as in inference. */
  readonly state?: State;
  /** Examples that are worked on at once: for speed and memory alone. Default 500. */
  readonly batchSize?: number;
  /** Default "auto". */
  readonly engine?: EngineName | Engine;
}

export interface DatasetObjective {
  /** Number of parameters. */
  readonly size: number;
  /** All parameters of the problem in one vector, in the order of their paths. */
  readonly start: Float64Array;
  readonly paths: readonly string[];
  /** The vector as parameters of the model. Throws an argument error for another length. */
  parametersAt(x: Float64Array): Parameters;
  /** Parameters of the same form as one vector. */
  vectorOf(parameters: Parameters): Float64Array;
  /** The mean loss over all examples. */
  value(x: Float64Array): number;
  /** Its gradient, as long as x. */
  gradient(x: Float64Array): Float64Array;
  /** The Hessian of the mean loss. */
  hessian(x: Float64Array): SymmetricOperator;
  /** Jᵀ·∇²ℓ·J averaged over all examples: positive semidefinite for a convex loss. */
  gaussNewton(x: Float64Array): SymmetricOperator;
  /** ‖∇ℓᵢ‖² of every example by itself. */
  squaredGradientNorms(x: Float64Array): Float64Array;
}

type Step<R> = (parameters: Parameters, inputs: Tensor, targets: Tensor) => R;
type Product = (parameters: Parameters, direction: Parameters, inputs: Tensor, targets: Tensor) => Parameters;

/** Throws an argument error for a batch size below 1, and where there are no parameters. */
export function datasetObjective(problem: DatasetProblem): DatasetObjective {
  const {
    model,
    loss,
    data,
    batchSize = 500,
    state,
  } = known("datasetObjective", problem, ["model", "loss", "data", "parameters", "state", "batchSize", "engine"]);
  if (!Number.isInteger(batchSize) || batchSize < 1)
    fail("argument", `the batch size is ${batchSize}; give a whole number from 1.`);
  const { leaves, structure } = flatten(problem.parameters);
  const sizes = leaves.map(({ shape }) => sizeOf(shape));
  const size = sizes.reduce((sum, n) => sum + n, 0);
  if (size === 0)
    fail("argument", "datasetObjective: there are no parameters; give { parameters }, as run.parameters of what fit returns.");
  const engine = typeof problem.engine === "object" ? problem.engine : engineNamed(problem.engine ?? "auto");
  const options = { engine, cacheSize: 4 };
  const context = () => inference(state === undefined ? {} : { state });
  const objective: Step<Tensor> = (p, x, y) => loss(model.apply(p, x, context()), y);

  const value = compile(objective, options);
  const gradient = compile<[Parameters, Tensor, Tensor], Parameters>(
    (p, x, y) => grad<[Parameters]>((q) => objective(q, x, y))(p) as Parameters,
    options,
  );
  const hessianProduct = compile<Parameters_<Product>, Parameters>(
    (p, v, x, y) => hvp<Parameters>((q) => objective(q, x, y), p, v),
    options,
  );
  const gaussNewtonProduct = compile<Parameters_<Product>, Parameters>(
    (p, v, x, y) =>
      gaussNewton<Parameters, Tensor>(
        (q) => model.apply(q, x, context()),
        (predictions) => loss(predictions, y),
        p,
        v,
      ),
    options,
  );
  const squaredNorms = compile<[Parameters, Tensor, Tensor], Tensor>((p, x, y) => {
    const ofOne = (input: Tensor, target: Tensor) => {
      const own = grad<[Parameters]>((q) => objective(q, input.expandDims(0), target.expandDims(0)))(p);
      return flatten(own).leaves.reduce<Tensor | undefined>(
        (sum, g) => (sum ? sum.add(g.square().sum()) : g.square().sum()),
        undefined,
      );
    };
    return vmap(ofOne as (input: Tensor, target: Tensor) => Tensor)(x, y);
  }, options);

  const parametersAt = (x: Float64Array): Parameters => {
    if (x.length !== size) fail("argument", `the model has ${size} parameters, but the vector has ${x.length} entries.`);
    let from = 0;
    return structure.build(
      leaves.map(({ shape, dtype }, i) => {
        from += sizes[i];
        return tensor(x.slice(from - sizes[i], from), { dtype }).reshape([...shape]);
      }),
    ) as Parameters;
  };
  const toVector = (tree: unknown, into: Float64Array, factor: number) => {
    let at = 0;
    for (const leaf of flatten(tree).leaves) {
      const values = readable(leaf);
      for (let i = 0; i < values.length; i++) into[at++] += factor * Number(values[i]);
    }
  };
  /** Calls back for every batch with the share of the examples that it has. */
  const batches = (each: (inputs: Tensor, targets: Tensor, share: number) => void) => {
    for (let from = 0; from < data.size; from += batchSize) {
      const to = Math.min(from + batchSize, data.size);
      each(rowsOf(data.inputs, from, to), rowsOf(data.targets, from, to), (to - from) / data.size);
    }
  };
  const operator = (x: Float64Array, product: Product): SymmetricOperator => {
    const at = parametersAt(x);
    return {
      size,
      apply(v) {
        const direction = parametersAt(v);
        const sum = new Float64Array(size);
        batches((inputs, targets, share) => toVector(product(at, direction, inputs, targets), sum, share));
        return sum;
      },
    };
  };
  const vectorOf = (parameters: Parameters) => {
    const given = flatten(parameters).leaves.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    if (given !== size) fail("argument", `the model has ${size} parameters, but the tree holds ${given}.`);
    const x = new Float64Array(size);
    toVector(parameters, x, 1);
    return x;
  };
  return {
    size,
    start: vectorOf(problem.parameters),
    vectorOf,
    paths: structure.paths,
    parametersAt,
    value(x) {
      const at = parametersAt(x);
      let sum = 0;
      batches((inputs, targets, share) => {
        sum += share * value(at, inputs, targets).item();
      });
      return sum;
    },
    gradient(x) {
      const at = parametersAt(x);
      const sum = new Float64Array(size);
      batches((inputs, targets, share) => toVector(gradient(at, inputs, targets), sum, share));
      return sum;
    },
    hessian: (x) => operator(x, hessianProduct),
    gaussNewton: (x) => operator(x, gaussNewtonProduct),
    squaredGradientNorms(x) {
      const at = parametersAt(x);
      const norms = new Float64Array(data.size);
      let from = 0;
      batches((inputs, targets) => {
        const own = squaredNorms(at, inputs, targets);
        norms.set(Float64Array.from(readable(own), Number), from);
        from += own.shape[0];
      });
      return norms;
    },
  };
}

type Parameters_<F> = F extends (...args: infer A) => unknown ? A : never;
