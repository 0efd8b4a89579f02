// One workload for memory.test.ts: prints the live bytes after step 10 and after step 10,000, the second time it runs: what is
// loaded and noted at the first use of a function is no growth of the run.

import { compile, fit, losses, nn, optim, random, type Tensor, tensor, valueAndGrad } from "../../src/index.ts";
import { points } from "../../src/train/test-support.ts";

const steps = 10_000;

/** Bytes that are reachable. */
function liveBytes(): number {
  // A second collection takes what the first has only made unreachable.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

/** Takes the live bytes after step 10 and after the last, whose number it is told. */
function scales(last: number) {
  let after10 = 0;
  return {
    step: (i: number) => {
      if (i === 10) after10 = liveBytes();
      if (i === last) return { after10, after10000: liveBytes() };
      return undefined;
    },
  };
}

type Result = ReturnType<ReturnType<typeof scales>["step"]>;
/** Takes so many steps. */
type Workload = (count: number) => Promise<Result>;

const weight = (rows: number, columns: number) => random.normal(random.key(rows), [rows, columns]);
const batchOf = (n: number) => [weight(n, 2), tensor(Int32Array.from({ length: n }, (_, i) => i % 3))] as const;

/** Compiled steps of a network on batches of these sizes, in turn. */
function compiled(width: number, sizes: readonly number[]): Workload {
  return async (count) => {
    const model = nn.sequential(nn.linear(2, width), nn.tanh(), nn.linear(width, 3));
    const optimizer = optim.adam({ learningRate: 1e-3 });
    const { parameters } = model.init(random.key(0));
    const first = { parameters, state: optimizer.init(parameters) };
    const step = compile(
      (at: typeof first, x: Tensor, t: Tensor): readonly [typeof first, Tensor] => {
        const objective = valueAndGrad((p: typeof parameters) => losses.crossEntropy(model.apply(p, x), t));
        const { value, gradient } = objective(at.parameters);
        const { updates, state } = optimizer.update(gradient, at.state, at.parameters);
        return [{ parameters: optim.applyUpdates(at.parameters, updates), state }, value];
      },
      { donate: [0] },
    );
    const batches = sizes.map(batchOf);
    const scale = scales(count);
    let [at, result]: [typeof first, Result] = [first, undefined];
    for (let i = 1; i <= count; i++) {
      const [next, loss] = step(at, ...batches[i % batches.length]);
      if (!Number.isFinite(loss.item())) throw new Error("the loss is not finite");
      at = next;
      result = scale.step(i);
    }
    return result;
  };
}

/** Steps of plain operations and grad, each computed at once. */
const eager: Workload = async (count) => {
  const [x, t] = [weight(4, 2), weight(4, 1)];
  const loss = (w: Tensor) => x.matmul(w).tanh().sub(t).square().mean();
  const step = valueAndGrad(loss);
  const scale = scales(count);
  let [w, result]: [Tensor, Result] = [weight(2, 1), undefined];
  for (let i = 1; i <= count; i++) {
    const { value, gradient } = step(w);
    if (!Number.isFinite(value.item())) throw new Error("the loss is not finite");
    w = w.sub(gradient.mul(0.1));
    result = scale.step(i);
  }
  return result;
};

/** The loop of fit, with a metric and short last batches: epochs of 100 steps. */
const fitted: Workload = async (count) => {
  const data = points(2 * 99 + 1);
  const scale = scales(count);
  let steps = 0;
  let result: Result;
  const watch = {
    name: "watch",
    onBatchEnd: () => {
      // Counted from the second epoch on: validation compiles its programs at the end of the first.
      result = scale.step(++steps - 100);
    },
  };
  await fit(nn.sequential(nn.linear(2, 8), nn.tanh(), nn.linear(8, 3)), data, {
    loss: losses.crossEntropy,
    optimizer: optim.adam({ learningRate: 1e-3 }),
    epochs: count / 100 + 1,
    batchSize: 2,
    validation: points(30),
    metrics: ["accuracy"],
    callbacks: [watch],
  });
  return result;
};

const workloads: Readonly<Record<string, Workload>> = {
  xor: compiled(2, [4]),
  mlp: compiled(64, [64]),
  "batches of two sizes": compiled(16, [32, 7]),
  eager,
  fit: fitted,
};

const workload = workloads[process.argv[2]];
await workload(500);
console.log(JSON.stringify(await workload(steps)));
