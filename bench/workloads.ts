// The workloads that engines and peers are compared on: a name, and one step of each as a function to call again and again. Shapes,
// losses and optimizers are fixed, so that figures of different systems mean the same.

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
import { flatten, mapTree } from "../src/tensor/tree.ts";

/** Makes ready to run; the function it returns takes one step and gives a number that proves it was taken. */
export type Workload = (engine: EngineName) => () => number;

const key = random.key(0);
const normal = (n: number, shape: readonly number[]) => random.normal(random.foldIn(key, n), shape);
const labels = (n: number, classes: number, shape: readonly number[]) =>
  random.integers(random.foldIn(key, n), shape, 0, classes);

type Loss = (predictions: Tensor, targets: Tensor) => Tensor;

/** One optimizer step of `model` on one batch; reads the loss. */
function training(model: nn.Module, x: Tensor, y: Tensor, loss: Loss, optimizer: optim.Optimizer): Workload {
  return (engine) => {
    const { parameters, state: moduleState } = model.init(random.key(1));
    const step = compile(
      (state: { p: nn.Parameters; o: optim.OptimizerState }, inputs: Tensor, targets: Tensor) => {
        const { value, gradient } = valueAndGrad((p: nn.Parameters) =>
          loss(model.apply(p, inputs, nn.inference({ state: moduleState })), targets),
        )(state.p);
        const { updates, state: o } = optimizer.update(gradient, state.o, state.p);
        return [{ p: optim.applyUpdates(state.p, updates), o }, value] as const;
      },
      { engine, donate: [0] },
    );
    let state = { p: parameters, o: optimizer.init(parameters) };
    return () => {
      const [next, value] = step(state, x, y);
      state = next;
      return value.item();
    };
  };
}

const mlp = (sizes: readonly number[], activation: () => nn.Module): nn.Module =>
  nn.sequential(
    ...sizes
      .slice(1)
      .flatMap((n, i): nn.Module[] => (i + 2 < sizes.length ? [nn.linear(sizes[i], n), activation()] : [nn.linear(sizes[i], n)])),
  );

const xorInputs = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);

/** A pre-norm transformer block, d wide. */
const block = (d: number, heads: number): nn.Module =>
  nn.sequential(
    nn.residual(nn.sequential(nn.layerNorm(d), nn.multiHeadAttention(d, heads, { causal: true }))),
    nn.residual(nn.sequential(nn.layerNorm(d), nn.linear(d, 4 * d), nn.gelu(), nn.linear(4 * d, d))),
  );

export const workloads: Readonly<Record<string, () => Workload>> = {
  xor: () =>
    training(
      mlp([2, 8, 1], nn.tanh),
      xorInputs,
      tensor([[0], [1], [1], [0]]),
      losses.binaryCrossEntropy,
      optim.sgd({ learningRate: 0.5 }),
    ),
  spiral: () => training(mlp([2, 32, 32, 3], nn.relu), normal(1, [64, 2]), labels(2, 3, [64]), losses.crossEntropy, optim.adam()),
  mlp128: () =>
    training(mlp([784, 128, 10], nn.relu), normal(1, [64, 784]), labels(2, 10, [64]), losses.crossEntropy, optim.adam()),
  mlp512: () =>
    training(
      mlp([784, 512, 512, 10], nn.relu),
      normal(1, [128, 784]),
      labels(2, 10, [128]),
      losses.crossEntropy,
      optim.sgd({ learningRate: 0.01, momentum: 0.9 }),
    ),
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
  gru: () =>
    training(
      nn.sequential(nn.gru(16, 64), nn.linear(64, 4)),
      normal(1, [32, 32, 16]),
      labels(2, 4, [32]),
      losses.crossEntropy,
      optim.adam(),
    ),
  gpt: () =>
    training(
      nn.sequential(nn.embedding(64, 128), nn.positionalEmbedding(64, 128), block(128, 4), block(128, 4), nn.linear(128, 64)),
      labels(1, 64, [8, 64]),
      labels(2, 64, [8, 64]),
      losses.crossEntropy,
      optim.adam(),
    ),
  logreg: () => (engine) => {
    const x = normal(1, [10000, 100]);
    const y = normal(2, [10000]).greater(0).cast("float32");
    const step = compile(
      (w: Tensor, inputs: Tensor, targets: Tensor) => {
        const f = (v: Tensor) => losses.binaryCrossEntropy(inputs.matmul(v), targets).add(v.square().sum().mul(0.005));
        const { value, gradient } = valueAndGrad(f)(w);
        return [w.sub(gradient.mul(0.1)), value] as const;
      },
      { engine, donate: [0] },
    );
    let w: Tensor = zeros([100]);
    return () => {
      const [next, value] = step(w, x, y);
      w = next;
      return value.item();
    };
  },
  hvp: () => (engine) => {
    const model = mlp([64, 128, 10], nn.tanh);
    const { parameters } = model.init(random.key(1));
    const x = normal(1, [256, 64]);
    const y = labels(2, 10, [256]);
    const v = mapTree((t) => t.mul(0).add(1), parameters);
    const product = compile(
      (p: nn.Parameters, d: nn.Parameters) => hvp((q: nn.Parameters) => losses.crossEntropy(model.apply(q, x), y), p, d),
      { engine },
    );
    return () => flatten(product(parameters, v)).leaves.at(-1)!.data()[0];
  },
  infer1: () => (engine) => {
    const model = mlp([784, 128, 10], nn.relu);
    const { parameters } = model.init(random.key(1));
    const x = normal(1, [1, 784]);
    const run = compile((p: nn.Parameters, inputs: Tensor) => model.apply(p, inputs), { engine });
    return () => run(parameters, x).data()[0];
  },
};
