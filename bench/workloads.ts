// The workloads that engines and peers are compared on: data and initial weights that every side starts from, and one step as a
// function to call again and again. Shapes, losses and optimizers are fixed, so that figures of different systems mean the same.

import { writeFile } from "node:fs/promises";
import {
  compile,
  type EngineName,
  hvp,
  losses,
  nn,
  optim,
  random,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "../src/index.ts";
import { encodeSafetensors } from "../src/io/safetensors.ts";
import { flatten, mapTree } from "../src/tensor/tree.ts";

/** Where a workload runs. */
export interface Place {
  readonly engine: EngineName;
  readonly threads: number;
}

export interface Workload {
  /**
   * What the other sides start from: "x", "y" where there are any, and the parameters "p0", "p1", … in the order in which the model
   * lists them: of a dense layer weight [in, out] and bias, of a convolution [height, width, in, out] and bias, of a GRU input weight,
   * recurrent weight and their biases (gates r, z, n side by side), of attention input weight (Q, K, V side by side), output weight and
   * their biases, of a layer norm scale and shift, of an embedding its table.
   */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /**
   * Makes ready to run; the function it returns takes one step and gives a number by which sides are compared: the loss before the
   * step; of `hvp` the first entry of the product for the last bias, of `infer1` the first logit.
   */
  start(place: Place): () => number;
}

const key = random.key(0);
const normal = (n: number, shape: readonly number[]) => random.normal(random.foldIn(key, n), shape);
const labels = (n: number, classes: number, shape: readonly number[]) =>
  random.integers(random.foldIn(key, n), shape, 0, classes);

type Loss = (predictions: Tensor, targets: Tensor) => Tensor;

const numbered = (parameters: unknown) => Object.fromEntries(flatten(parameters).leaves.map((t, i) => [`p${i}`, t]));

/** One optimizer step of `model` on one batch; reads the loss. */
export function training(model: nn.Module, x: Tensor, y: Tensor, loss: Loss, optimizer: optim.Optimizer): Workload {
  const { parameters, state: moduleState } = model.init(random.key(1));
  return {
    tensors: { x, y, ...numbered(parameters) },
    start: (place) => {
      const step = compile(
        (state: { p: nn.Parameters; o: optim.OptimizerState }, inputs: Tensor, targets: Tensor) => {
          const { value, gradient } = valueAndGrad((p: nn.Parameters) =>
            loss(model.apply(p, inputs, nn.inference({ state: moduleState })), targets),
          )(state.p);
          const { updates, state: o } = optimizer.update(gradient, state.o, state.p);
          return [{ p: optim.applyUpdates(state.p, updates), o }, value] as const;
        },
        { ...place, donate: [0] },
      );
      let state = { p: parameters, o: optimizer.init(parameters) };
      return () => {
        const [next, value] = step(state, x, y);
        state = next;
        return value.item();
      };
    },
  };
}

const mlp = (sizes: readonly number[], activation: () => nn.Module): nn.Module =>
  nn.sequential(
    ...sizes
      .slice(1)
      .flatMap((n, i): nn.Module[] => (i + 2 < sizes.length ? [nn.linear(sizes[i], n), activation()] : [nn.linear(sizes[i], n)])),
  );

/** A classifier of the given layer sizes with ReLU between them, cross-entropy and Adam. */
export const classifier = (sizes: readonly number[], batch: number, optimizer = optim.adam()): Workload =>
  training(
    mlp(sizes, nn.relu),
    normal(1, [batch, sizes[0]]),
    labels(2, sizes[sizes.length - 1], [batch]),
    losses.crossEntropy,
    optimizer,
  );

/** A pre-norm transformer block, d wide. */
const block = (d: number, heads: number): nn.Module =>
  nn.sequential(
    nn.residual(nn.sequential(nn.layerNorm(d), nn.multiHeadAttention(d, heads, { causal: true }))),
    nn.residual(nn.sequential(nn.layerNorm(d), nn.linear(d, 4 * d), nn.gelu(), nn.linear(4 * d, d))),
  );

/** Two blocks of a transformer 128 wide with 4 heads over `time` tokens of a vocabulary of 64. */
export const transformer = (time: number, batch: number): Workload =>
  training(
    nn.sequential(nn.embedding(64, 128), nn.positionalEmbedding(time, 128), block(128, 4), block(128, 4), nn.linear(128, 64)),
    labels(1, 64, [batch, time]),
    labels(2, 64, [batch, time]),
    losses.crossEntropy,
    optim.adam(),
  );

/** A GRU of 64 units over `time` steps of 16 features. */
export const recurrent = (time: number, batch: number): Workload =>
  training(
    nn.sequential(nn.gru(16, 64), nn.linear(64, 4)),
    normal(1, [batch, time, 16]),
    labels(2, 4, [batch]),
    losses.crossEntropy,
    optim.adam(),
  );

function logisticRegression(): Workload {
  const x = normal(1, [10000, 100]);
  const y = normal(2, [10000]).greater(0).cast("float32");
  return {
    tensors: { x, y, p0: zeros([100]) },
    start: (place) => {
      const step = compile(
        (w: Tensor, inputs: Tensor, targets: Tensor) => {
          const f = (v: Tensor) => losses.binaryCrossEntropy(inputs.matmul(v), targets).add(v.square().sum().mul(0.005));
          const { value, gradient } = valueAndGrad(f)(w);
          return [w.sub(gradient.mul(0.1)), value] as const;
        },
        { ...place, donate: [0] },
      );
      let w: Tensor = zeros([100]);
      return () => {
        const [next, value] = step(w, x, y);
        w = next;
        return value.item();
      };
    },
  };
}

/** The product of the Hessian of the loss with a vector of ones. */
function hessianVector(): Workload {
  const model = mlp([64, 128, 10], nn.tanh);
  const { parameters } = model.init(random.key(1));
  const x = normal(1, [256, 64]);
  const y = labels(2, 10, [256]);
  const v = mapTree((t) => t.mul(0).add(1), parameters);
  return {
    tensors: { x, y, ...numbered(parameters) },
    start: (place) => {
      const product = compile(
        (p: nn.Parameters, d: nn.Parameters) => hvp((q: nn.Parameters) => losses.crossEntropy(model.apply(q, x), y), p, d),
        place,
      );
      return () => flatten(product(parameters, v)).leaves.at(-1)!.data()[0];
    },
  };
}

function inference(): Workload {
  const model = mlp([784, 128, 10], nn.relu);
  const { parameters } = model.init(random.key(1));
  const x = normal(1, [1, 784]);
  return {
    tensors: { x, ...numbered(parameters) },
    start: (place) => {
      const run = compile((p: nn.Parameters, inputs: Tensor) => model.apply(p, inputs), place);
      return () => run(parameters, x).data()[0];
    },
  };
}

export const workloads: Readonly<Record<string, () => Workload>> = {
  xor: () =>
    training(
      mlp([2, 8, 1], nn.tanh),
      tensor([
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]),
      tensor([[0], [1], [1], [0]]),
      losses.binaryCrossEntropy,
      optim.sgd({ learningRate: 0.5 }),
    ),
  spiral: () => classifier([2, 32, 32, 3], 64),
  mlp128: () => classifier([784, 128, 10], 64),
  mlp512: () => classifier([784, 512, 512, 10], 128, optim.sgd({ learningRate: 0.01, momentum: 0.9 })),
  cnn: () =>
    training(
      nn.sequential(
        nn.conv2d(1, 16, 3, { padding: "same" }),
        nn.relu(),
        nn.maxPool2d(2),
        nn.conv2d(16, 32, 3, { padding: "same" }),
        nn.relu(),
        nn.maxPool2d(2),
        nn.flatten(),
        nn.linear(1568, 10),
      ),
      normal(1, [64, 28, 28, 1]),
      labels(2, 10, [64]),
      losses.crossEntropy,
      optim.adam(),
    ),
  gru: () => recurrent(32, 32),
  gpt: () => transformer(64, 8),
  logreg: logisticRegression,
  hvp: hessianVector,
  infer1: inference,
};

/** The file from which all sides of a workload start. */
export async function writeTensors(file: string, work: string): Promise<void> {
  const { tensors } = workloads[work]();
  const stored = Object.entries(tensors).map(([name, t]) => [name, { shape: t.shape, dtype: t.dtype, data: t.data() }] as const);
  await writeFile(file, encodeSafetensors(new Map(stored)));
}
