// Every public function, given wrong arguments in every position: it either gives a valid result or throws a GradusError that says what
// was called and what was wrong; never a TypeError from its depths, never a tensor with a shape that is none.

import { describe, expect, test } from "vitest";
import * as gradus from "../index.ts";
import {
  add,
  type GradusError as Fault,
  GradusError,
  less,
  linalg,
  losses,
  metrics,
  mul,
  neg,
  nn,
  optim,
  random,
  square,
  sum,
  Tensor,
  tensor,
} from "../index.ts";

type Call = (...args: unknown[]) => unknown;

/** Wrong for most arguments. */
const bad: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  "a string": "seven",
  "an empty string": "",
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "−7": -7,
  "2.5": 2.5,
  "a large number": 2 ** 40,
  true: true,
  "a bigint": 7n,
  "a symbol": Symbol("s"),
  "an object": { a: 1 },
  "an empty array": [],
  "[NaN]": [Number.NaN],
  "[−9, 2.5]": [-9, 2.5],
  "an array of strings": ["a", "b"],
  "an array of undefined": [undefined, undefined],
  "a ragged array": [[1, 2], [3]],
  "a function": () => 1,
  "a function of nothing": () => undefined,
  "a promise": Promise.resolve(1),
  "a date": new Date(0),
  "a typed array": new Float32Array(2),
  "an int32 tensor": tensor([5, -5, 9], { dtype: "int32" }),
  "a bool tensor": tensor([true, false]),
  "a float64 tensor of rank 3": tensor(new Float64Array(30), { shape: [5, 2, 3] }),
  "a tensor without elements": tensor(new Float32Array(0), { shape: [0, 3] }),
  "a scalar tensor": tensor(3),
};

const m = tensor([
  [2, 1],
  [1, 3],
]);
const v = tensor([1, 2, 3]);
const labels = tensor([0, 1], { dtype: "int32" });
const image = tensor(new Float32Array(16).fill(1), { shape: [1, 4, 4, 1] });
const kernel = tensor(new Float32Array(4).fill(1), { shape: [2, 2, 1, 1] });
const key = random.key(0);
const logits = tensor([
  [1, 2],
  [3, 1],
]);
const probabilities = tensor([
  [0.25, 0.75],
  [0.5, 0.5],
]);
const dtypes = { dtype: "float32" };

/** How each function is called rightly; every argument is then spoilt in turn, options also inside. */
const rightly: Record<string, readonly unknown[]> = {
  tensor: [[[1, 2]], { shape: [1, 2], dtype: "float32" }],
  full: [[2], 3, "float32"],
  zeros: [[2], "float32"],
  ones: [[2], "float32"],
  zerosLike: [v],
  onesLike: [v],
  eye: [2, "float32"],
  arange: [0, 3, 1, "int32"],
  linspace: [0, 1, 3, "float32"],
  leakyRelu: [v, 0.1],
  elu: [v, 1],
  gelu: [v, "tanh"],
  softmax: [m, -1],
  logSoftmax: [m, -1],
  logSumExp: [m, [0], true],
  mean: [m, [0], true],
  variance: [m, [0], { correction: 1, keepDims: true }],
  standardDeviation: [m, [0], { correction: 1, keepDims: true }],
  norm: [m, [0], { order: 2, keepDims: true }],
  layerNorm: [m, -1, 1e-5, tensor([1, 1]), tensor([0, 0])],
  matmul: [m, m],
  dot: [v, v],
  outer: [v, v],
  einsum: ["ij,jk->ik", m, m],
  convolution: [image, kernel, { strides: 1, padding: "same", dilation: [1, 1], groups: 1 }],
  transposedConvolution: [image, kernel, { strides: 1, padding: "same", dilation: [1, 1], groups: 1, outputSpatial: [4, 4] }],
  maxPool: [image, 2, { strides: [2, 2], padding: "valid", dilation: 1 }],
  averagePool: [image, [2, 2], { strides: 2, padding: "valid", dilation: 1, countPadding: true }],
  scan: [(c: Tensor, x: Tensor) => ({ carry: add(c, x), y: c }), 0, v, { length: 3, reverse: true }],
  whileLoop: [(c: Tensor) => less(c, 5), (c: Tensor) => add(c, 1), 0],
  cond: [true, (x: Tensor) => x, (x: Tensor) => neg(x), v],
  clip: [v, 0, 2],
  where: [v.greater(1), v, 0],
  sum: [m, [0], true],
  prod: [m, [0], true],
  cumulativeSum: [m, 0, { reverse: true, exclusive: true }],
  cumulativeProduct: [m, 0, { reverse: true, exclusive: true }],
  concat: [[m, m], 0],
  stack: [[m, m], 0],
  split: [m, 2, 0],
  tile: [m, [1, 2]],
  repeat: [m, 2, 0],
  pad: [v, [[1, 1]], 0],
  swapAxes: [m, 0, 1],
  moveAxis: [m, 0, 1],
  gather: [m, labels, 0],
  takeAlongAxis: [m, m.cast("int32").mul(0), -1],
  scatterAdd: [labels, m, 3, 0],
  oneHot: [labels, 3, "float32"],
  dynamicSlice: [v, [1], [2]],
  dynamicUpdateSlice: [v, tensor([9]), [1]],
  sort: [v, 0, { descending: true }],
  argsort: [v, 0, { descending: true }],
  topK: [v, 2, 0],
  tril: [m, 0],
  triu: [m, 0],
  diagonal: [m, 0],
  diagonalMatrix: [v],
  trace: [m],
  flatten: [[v, { a: v }]],
  leavesWithPaths: [[v]],
  mapTree: [(x: Tensor) => x, [v], [v]],
  // transforms, with their result called
  checkGradients: [(x: Tensor) => x.square().sum(), [v], { directions: 2, seed: 0 }],
  compile: [(x: Tensor) => x.add(1), { engine: "wasm", donate: [0], cacheSize: 2 }],
  gaussNewton: [(x: Tensor) => mul(x, 2), (y: Tensor) => y.square().sum(), v, v],
  grad: [(x: Tensor) => x.sum(), { argument: 0 }],
  hessian: [(x: Tensor) => x.square().sum(), { argument: 0 }],
  hvp: [(x: Tensor) => sum(square(x)), v, v],
  jacobian: [(x: Tensor) => x.square(), { argument: 0 }],
  jvp: [(x: Tensor) => square(x), [v], [v]],
  valueAndGrad: [(x: Tensor) => x.sum(), { argument: 0 }],
  vjp: [(x: Tensor) => square(x), v],
  checkpoint: [(x: Tensor) => x.square()],
  customDerivative: [(x: Tensor) => x.square(), { vjp: ([x]: [Tensor], _y: Tensor, g: Tensor) => [g.mul(x)] }],
  stopGradient: [v],
  vmap: [(x: Tensor) => x.square(), { axes: 0 }],
};

const unaryNames = (
  "relu softplus silu mish hardThreshold neg abs sign square sqrt rsqrt reciprocal exp expm1 log log1p logistic sin cos tan asin acos atan " +
  "sinh cosh tanh asinh acosh atanh erf normalCdf floor ceil round not isNaN isFinite"
).split(" ");
const binaryNames =
  "add sub mul div pow remainder maximum minimum atan2 less lessEqual greater greaterEqual equal notEqual and or xor".split(" ");
for (const name of unaryNames) rightly[name] = [v];
for (const name of binaryNames) rightly[name] = [v, 2];
const truths = tensor([true, false, true]);
const logic = ["and", "or", "xor"];
for (const name of logic) rightly[name] = [truths, truths];
rightly.not = [truths];

/** Transforms give functions: called at once with a vector, so that a fault that waits for the call is met too. */
const thenCalled = new Set(["compile", "grad", "hessian", "jacobian", "valueAndGrad", "checkpoint", "customDerivative", "vmap"]);

/** Not called here: they train, read files or belong to them, and are tested with training. */
const elsewhere = new Set(
  "setThreads threads GradusError Tensor earlyStopping defineConfig fit loadModel decodeSnapshot encodeSnapshot".split(" "),
);

const methods: Record<string, readonly unknown[]> = {
  clip: [0, 1],
  sum: [[0], true],
  mean: [[0], true],
  prod: [[0], true],
  max: [[0], true],
  min: [[0], true],
  argmax: [0],
  argmin: [0],
  any: [[0], true],
  all: [[0], true],
  norm: [[0], true],
  softmax: [-1],
  logSoftmax: [-1],
  logSumExp: [[0], true],
  matmul: [m],
  reshape: [[4]],
  transpose: [[1, 0]],
  broadcastTo: [[3, 2, 2]],
  expandDims: [[0]],
  squeeze: [[]],
  slice: [
    [0, 1],
    [2, 2],
    [1, 1],
  ],
  flip: [[0]],
  gather: [labels, 0],
  cast: ["int32"],
};
/** Readers, which take no arguments. */
const readers = new Set("constructor data item toArray toString toJSON valueOf".split(" "));

const linalgCalls: Record<string, readonly unknown[]> = {
  cholesky: [m],
  triangularSolve: [m, m, { lower: true, transpose: false, unitDiagonal: false }],
  solve: [m, m],
  inverse: [m],
  determinant: [m],
  logDeterminant: [m],
  leastSquares: [m, m],
  qr: [m],
  eigh: [m],
  svd: [m],
};

const randomCalls: Record<string, readonly unknown[]> = {
  key: [0],
  split: [key, 2],
  foldIn: [key, 1],
  uniform: [key, [2], { low: 0, high: 1, ...dtypes }],
  normal: [key, [2], { mean: 0, deviation: 1, ...dtypes }],
  truncatedNormal: [key, [2], { lower: -2, upper: 2, ...dtypes }],
  bernoulli: [key, 0.5, [2]],
  integers: [key, [2], 0, 5],
  permutation: [key, 4],
  shuffle: [key, v, 0],
  categorical: [key, logits, [2]],
};

const lossCalls: Record<string, readonly unknown[]> = {
  halfSquaredError: [logits, probabilities],
  huber: [logits, probabilities, { delta: 1 }],
  hinge: [v, tensor([1, -1, 1])],
  meanAbsoluteError: [logits, probabilities],
  meanSquaredError: [logits, probabilities],
  squaredError: [logits, probabilities],
  crossEntropy: [logits, labels, { labelSmoothing: 0.1 }],
  crossEntropyFromProbabilities: [probabilities, labels],
  binaryCrossEntropy: [logits, probabilities],
  binaryCrossEntropyFromProbabilities: [probabilities, probabilities],
};

const metricCalls: Record<string, { readonly make: Call; readonly args: readonly unknown[]; readonly on: readonly Tensor[] }> = {
  binaryAccuracy: { make: metrics.binaryAccuracy as Call, args: [{ threshold: 0 }], on: [v, v] },
  topKAccuracy: { make: metrics.topKAccuracy as Call, args: [1], on: [logits, labels] },
  confusionMatrix: { make: metrics.confusionMatrix as Call, args: [2], on: [logits, labels] },
};

/** Modules: how they are made, and an input. */
const moduleCalls: Record<string, readonly [args: readonly unknown[], x: Tensor]> = {
  linear: [[2, 3, { bias: true, initializer: nn.initializers.zeros, biasInitializer: nn.initializers.zeros }], m],
  embedding: [[5, 3, { initializer: nn.initializers.zeros }], labels],
  positionalEmbedding: [[5, 2, { form: "learned", initializer: nn.initializers.zeros }], m],
  conv1d: [[1, 2, 2, { bias: true, strides: 1, padding: "same", groups: 1 }], tensor(new Float32Array(8), { shape: [2, 4, 1] })],
  conv2d: [[1, 2, [2, 2], { bias: true, strides: 1, padding: "same", groups: 1 }], image],
  multiHeadAttention: [[4, 2, { causal: true, bias: true }], tensor(new Float32Array(24), { shape: [2, 3, 4] })],
  batchNorm: [[2, { momentum: 0.1, epsilon: 1e-5 }], m],
  layerNorm: [[2, { epsilon: 1e-5 }], m],
  dropout: [[0.5], m],
  gru: [[2, 3, { returnSequences: true }], tensor(new Float32Array(12), { shape: [2, 3, 2] })],
  rnn: [[2, 3, { returnSequences: true, activation: "tanh" }], tensor(new Float32Array(12), { shape: [2, 3, 2] })],
  concat: [[[nn.relu(), nn.tanh()], -1], m],
  flatten: [[], m],
  fn: [[(x: Tensor) => x.square(), { name: "square", init: () => ({}), state: () => ({}) }], m],
  parallel: [[[nn.relu(), nn.tanh()], (outputs: readonly Tensor[]) => outputs[0]], m],
  reshape: [[[2, 1]], m],
  residual: [[nn.relu(), nn.relu()], m],
  sequential: [[nn.relu(), nn.linear(2, 2)], m],
  leakyRelu: [[0.1], m],
  gelu: [["tanh"], m],
  elu: [[1], m],
  softmax: [[-1], m],
  maxPool1d: [[2, { strides: 1, padding: "same" }], tensor(new Float32Array(8), { shape: [2, 4, 1] })],
  maxPool2d: [[[2, 2], { strides: 1, padding: "same" }], image],
  averagePool1d: [[2, { strides: 1, padding: "same" }], tensor(new Float32Array(8), { shape: [2, 4, 1] })],
  averagePool2d: [[2, { strides: 1, padding: "same" }], image],
  globalAveragePool: [[], image],
};
for (const name of "identity relu softplus hardThreshold logistic sigmoid tanh silu".split(" ")) moduleCalls[name] = [[], m];
const moduleHelpers = new Set("inference training applyChild leaf located observe formatSummary summary".split(" "));

const initializerCalls: Record<string, readonly unknown[]> = {
  constant: [1],
  uniform: [-1, 1],
  normal: [1, 0],
  truncatedNormal: [1, 0],
  orthogonal: [1],
};

const optimizerCalls: Record<string, readonly unknown[]> = {
  chain: [optim.clipByValue(1), optim.sgd({ learningRate: 0.1 })],
  addDecayedWeights: [0.1, () => true],
  clipByGlobalNorm: [1],
  clipByValue: [1],
  scaleByAdam: [{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }],
  scaleByLearningRate: [0.1],
  scaleByRms: [{ decay: 0.9, epsilon: 1e-8 }],
  scaleByRss: [{ initial: 0, epsilon: 1e-10 }],
  trace: [0.9, { nesterov: true }],
  sgd: [{ learningRate: 0.1, momentum: 0.9 }],
  momentum: [{ learningRate: 0.1, momentum: 0.9 }],
  nesterov: [{ learningRate: 0.1, momentum: 0.9 }],
  adagrad: [{ learningRate: 0.1, epsilon: 1e-8 }],
  rmsprop: [{ learningRate: 0.1, decay: 0.9, epsilon: 1e-8 }],
  adam: [{ learningRate: 0.1, beta1: 0.9, epsilon: 1e-8 }],
  adamW: [{ learningRate: 0.1, beta1: 0.9, weightDecay: 0.01 }],
};
const scheduleCalls: Record<string, readonly unknown[]> = {
  constant: [0.1],
  exponentialDecay: [0.1, { rate: 0.9, steps: 10, staircase: true }],
  inverseTime: [0.1, { rate: 0.9, steps: 10 }],
  cosineDecay: [0.1, { steps: 10, final: 0 }],
  polynomial: [0.1, { steps: 10, final: 0, power: 2 }],
  piecewise: [
    [
      [0, 0.1],
      [10, 0.01],
    ],
  ],
  warmup: [0.1, { steps: 10, from: 0 }],
  oneCycle: [0.1, { steps: 100, rise: 0.3, start: 25, end: 1e4 }],
};

// ---- what is asked of each call ------------------------------------------------------------------------------------------------

/** Faults of a result: tensors whose shape is none, or does not belong to their data. */
function faultOf(result: unknown, depth = 0): string | undefined {
  if (result instanceof Tensor) {
    const { shape, dtype } = result;
    if (!Array.isArray(shape) || !shape.every((d) => Number.isInteger(d) && d >= 0)) return `the shape [${String(shape)}]`;
    if (result.isSymbolic) return "a symbolic result";
    const length = result.data().length;
    return length === shape.reduce((a, b) => a * b, 1) ? undefined : `${length} elements in ${dtype}[${shape.join(", ")}]`;
  }
  if (result === null || typeof result !== "object" || depth > 3) return undefined;
  for (const part of Object.values(result)) {
    const fault = faultOf(part, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}

/** Functions that are made of others, whose names may stand in their errors. */
const partsOf: Readonly<Record<string, readonly string[]>> = {
  averagePool: ["sumPool"],
  bernoulli: ["less"],
  broadcastTo: ["broadcast"],
  categorical: ["add"],
  compile: ["engine"],
  cond: ["neg"],
  determinant: ["lu"],
  dot: ["matmul"],
  foldIn: ["broadcast"],
  gaussNewton: ["grad", "jvp", "vjp", "mul"],
  hessian: ["grad", "jacobian", "square"],
  hvp: ["grad", "jvp", "square"],
  jvp: ["square"],
  logDeterminant: ["lu"],
  normal: ["add", "mul"],
  scan: ["add"],
  tensor: ["reshape"],
  trace: ["diagonal"],
  transposedConvolution: ["convolutionInputGradient"],
  uniform: ["add", "mul"],
  valueAndGrad: ["grad"],
  vjp: ["square"],
  whileLoop: ["while", "less"],
};

/** Whether an error says what was called. Trees and memory are the same to all functions. */
const says = (message: string, name: string) =>
  /^a (tree of tensors|\w+ tensor of .* elements takes)/.test(message) ||
  [name, ...(partsOf[name] ?? [])].some((n) => message.toLowerCase().includes(n.toLowerCase()));

/** What is wrong with how `call` takes `args`; undefined where nothing is. */
function judge(name: string, call: Call, args: readonly unknown[]): string | undefined {
  try {
    const fault = faultOf(call(...args));
    return fault && `returns ${fault}`;
  } catch (error) {
    if (!(error instanceof GradusError))
      return `throws ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
    const { message }: Fault = error;
    if (!says(message, name)) return `does not say where: ${message}`;
    if (/undefined is not|\[object|Cannot read|NaN elements|\bnull\[/.test(message)) return `says: ${message}`;
    return message.length < 15 ? `says too little: ${message}` : undefined;
  }
}

const isPlainObject = (x: unknown): x is Record<string, unknown> =>
  typeof x === "object" &&
  x !== null &&
  Object.getPrototypeOf(x) === Object.prototype &&
  !("init" in x && "update" in x) &&
  !("apply" in x);

/** The arguments with one of them spoilt at a time. */
function* spoilt(args: readonly unknown[]): Generator<readonly [where: string, args: unknown[]]> {
  yield ["no arguments", []];
  for (const [i, arg] of args.entries()) {
    for (const [what, value] of Object.entries(bad)) {
      yield [`argument ${i} is ${what}`, args.with(i, value)];
      if (!isPlainObject(arg)) continue;
      for (const option of Object.keys(arg)) yield [`${option} is ${what}`, args.with(i, { ...arg, [option]: value })];
    }
  }
}

/** Everything wrong that `call` does with spoilt arguments. The arguments themselves must do. */
function complaints(name: string, call: Call, args: readonly unknown[]): string[] {
  const plain = judge(name, call, args);
  try {
    call(...args);
  } catch (error) {
    return [`with the right arguments: ${error}`];
  }
  const found = plain === undefined ? [] : [`with the right arguments: ${plain}`];
  for (const [where, wrong] of spoilt(args)) {
    // A condition that is always true is no fault that could be seen.
    if (name === "whileLoop" && where.endsWith("is a function")) continue;
    const fault = judge(name, call, wrong);
    if (fault) found.push(`${where}: ${fault}`);
  }
  return found;
}

const functionsOf = (space: object) => Object.entries(space).flatMap(([k, f]) => (typeof f === "function" ? [k] : []));

test("every public function is called here", () => {
  const missing = (space: object, ...known: readonly Iterable<string>[]) => {
    const names = new Set(known.flatMap((k) => [...k]));
    return functionsOf(space).filter((n) => !names.has(n));
  };
  const of = Object.keys;
  expect(missing(gradus, of(rightly), elsewhere)).toEqual([]);
  expect(missing(linalg, of(linalgCalls))).toEqual([]);
  expect(missing(random, of(randomCalls))).toEqual([]);
  expect(missing(losses, of(lossCalls))).toEqual([]);
  expect(missing(nn, of(moduleCalls), moduleHelpers)).toEqual([]);
  expect(missing(optim, of(optimizerCalls), of(scheduleCalls), ["applyUpdates", "globalNorm"])).toEqual([]);
  const own = Object.getOwnPropertyNames(Tensor.prototype).filter((k) => {
    const value = Object.getOwnPropertyDescriptor(Tensor.prototype, k)?.value;
    return typeof value === "function" && !readers.has(k);
  });
  const called = new Set([...of(methods), ...unaryNames, ...binaryNames, "sigmoid"]);
  expect(own.filter((k) => !called.has(k))).toEqual([]);
});

describe("functions", () => {
  test.each(Object.keys(rightly))("%s", (name) => {
    const f = (gradus as unknown as Record<string, Call>)[name];
    const call: Call = thenCalled.has(name)
      ? (...args) => {
          const made = f(...args);
          return (made as Call)(v);
        }
      : f;
    expect(complaints(name, call, rightly[name]).join("\n")).toBe("");
  });
});

describe("methods of tensors", () => {
  const all = {
    ...methods,
    ...Object.fromEntries(binaryNames.filter((n) => n in Tensor.prototype).map((n) => [n, [logic.includes(n) ? true : 2]])),
  };
  test.each(Object.keys(all))("%s", (name) => {
    const self = (logic.includes(name) ? truths : m) as unknown as Record<string, Call>;
    const call: Call = (...args) => self[name](...args);
    expect(complaints(name, call, all[name]).join("\n")).toBe("");
  });
});

describe("linalg", () => {
  test.each(Object.keys(linalgCalls))("%s", (name) => {
    expect(complaints(name, (linalg as unknown as Record<string, Call>)[name], linalgCalls[name]).join("\n")).toBe("");
  });
});

describe("random", () => {
  test.each(Object.keys(randomCalls))("%s", (name) => {
    expect(complaints(name, (random as unknown as Record<string, Call>)[name], randomCalls[name]).join("\n")).toBe("");
  });
});

describe("losses", () => {
  test.each(Object.keys(lossCalls))("%s", (name) => {
    expect(complaints(name, (losses as unknown as Record<string, Call>)[name], lossCalls[name]).join("\n")).toBe("");
  });
});

describe("modules", () => {
  test.each(Object.keys(moduleCalls))("%s, made with wrong arguments", (name) => {
    const [args, x] = moduleCalls[name];
    const call: Call = (...given) => {
      const module = (nn as unknown as Record<string, (...args: unknown[]) => nn.Module>)[name](...given);
      const { parameters, state } = module.init(key);
      return module.apply(parameters, x, nn.training({ key, state }));
    };
    expect(complaints(name, call, args).join("\n")).toBe("");
  });

  test.each(Object.keys(moduleCalls))("%s, applied to wrong arguments", (name) => {
    const [args, x] = moduleCalls[name];
    const module = (nn as unknown as Record<string, (...args: unknown[]) => nn.Module>)[name](...args);
    const { parameters, state } = module.init(key);
    const call: Call = (p, input) => module.apply(p as nn.Parameters, input as Tensor, nn.training({ key, state }));
    expect(complaints("", call, [parameters, x]).join("\n")).toBe("");
  });

  test.each(Object.keys(initializerCalls))("initializers.%s", (name) => {
    const make = (nn.initializers as unknown as Record<string, (...args: unknown[]) => nn.Initializer>)[name];
    expect(complaints("", (...args) => make(...args)(key, [3, 3], "float32"), initializerCalls[name]).join("\n")).toBe("");
  });
});

describe("metrics", () => {
  test.each(Object.keys(metricCalls))("%s", (name) => {
    const { make, args, on } = metricCalls[name];
    const call: Call = (...given) => {
      const metric = make(...given) as metrics.Metric;
      return metric.value(metric(on[0], on[1]) as never);
    };
    expect(complaints("", call, args).join("\n")).toBe("");
  });
});

describe("optimizers and schedules", () => {
  test.each(Object.keys(optimizerCalls))("%s", (name) => {
    const call: Call = (...args) => {
      const optimizer = (optim as unknown as Record<string, (...args: unknown[]) => optim.Optimizer>)[name](...args);
      return optimizer.update([v], optimizer.init([v]), [v]);
    };
    expect(complaints("", call, optimizerCalls[name]).join("\n")).toBe("");
  });
  test.each(Object.keys(scheduleCalls))("%s", (name) => {
    const call: Call = (...args) => (optim as unknown as Record<string, (...args: unknown[]) => Call>)[name](...args)(tensor(3));
    expect(complaints("", call, scheduleCalls[name]).join("\n")).toBe("");
  });
});
