// What modules do besides their arithmetic: containers, contexts and state, randomness, errors that name the layer, initializers.

import { describe, expect, test } from "vitest";
import { leavesWithPaths, ones, random, type Tensor, tensor, zeros } from "../tensor/index.ts";
import { compile, grad, valueAndGrad } from "../transforms/index.ts";
import * as nn from "./index.ts";

const key = random.key(0);
const paths = (tree: unknown) => leavesWithPaths(tree).map(([path]) => path);

describe("containers", () => {
  const model = nn.sequential(
    nn.linear(4, 6),
    nn.residual(nn.sequential(nn.linear(6, 6), nn.batchNorm(6))),
    nn.concat([nn.linear(6, 2), nn.sequential(nn.linear(6, 3), nn.tanh())]),
    nn.residual(nn.linear(5, 2), nn.linear(5, 2, { bias: false })),
  );

  test("parameters and state are plain trees, laid out as the model is", () => {
    const { parameters, state } = model.init(key);
    expect(paths(parameters)).toEqual([
      "layers[0].weight",
      "layers[0].bias",
      "layers[1].body.layers[0].weight",
      "layers[1].body.layers[0].bias",
      "layers[1].body.layers[1].scale",
      "layers[1].body.layers[1].shift",
      "layers[2].branches[0].weight",
      "layers[2].branches[0].bias",
      "layers[2].branches[1].layers[0].weight",
      "layers[2].branches[1].layers[0].bias",
      "layers[3].body.weight",
      "layers[3].body.bias",
      "layers[3].shortcut.weight",
    ]);
    expect(paths(state)).toEqual(["layers[1].body.layers[1].mean", "layers[1].body.layers[1].variance"]);
  });

  test("the same key gives the same parameters, another key others, and no two layers start alike", () => {
    const weights = (k: Tensor) => leavesWithPaths(model.init(k).parameters).map(([, w]) => [...w.data()]);
    expect(weights(random.key(7))).toEqual(weights(random.key(7)));
    expect(weights(random.key(7))).not.toEqual(weights(random.key(8)));
    const { parameters } = nn.sequential(nn.linear(3, 3), nn.linear(3, 3)).init(key);
    const [first, , second] = leavesWithPaths(parameters).map(([, w]) => [...w.data()]);
    expect(first).not.toEqual(second);
  });

  test("they compute what their parts compute", () => {
    const x = random.normal(key, [3, 4]);
    const { parameters, state } = model.init(key);
    const y = model.apply(parameters, x, nn.inference({ state }));
    const p = Object.fromEntries(leavesWithPaths(parameters));
    const linear = (t: Tensor, at: string): Tensor => t.matmul(p[`${at}.weight`]).add(p[`${at}.bias`] ?? 0);
    const h = linear(x, "layers[0]");
    const r = h.add(linear(h, "layers[1].body.layers[0]").div(Math.sqrt(1 + 1e-5)));
    const left = linear(r, "layers[2].branches[0]").toArray() as number[][];
    const right = linear(r, "layers[2].branches[1].layers[0]").tanh().toArray() as number[][];
    const joined = tensor(left.map((row, i) => [...row, ...right[i]]));
    const expected = linear(joined, "layers[3].body").add(linear(joined, "layers[3].shortcut")).data();
    y.data().forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i], 5);
    });
  });

  test("parallel combines as it is told, and any function is a module, with or without parameters", () => {
    const square = nn.fn((x: Tensor) => x.square(), { name: "square" });
    const gain = nn.fn((x: Tensor, { gain: g }: { gain: Tensor }) => x.mul(g), {
      name: "gain",
      init: (_key, dtype) => ({ gain: ones([], dtype).mul(3) }),
    });
    const both = nn.parallel([square, gain], ([a, b]) => a.add(b));
    const { parameters } = both.init(key, "float64");
    expect(paths(parameters)).toEqual(["branches[1].gain"]);
    expect(both.apply(parameters, tensor([1, 2], { dtype: "float64" })).toArray()).toEqual([4, 10]);
    const derivative = grad((p: nn.Parameters) => both.apply(p, tensor([1, 2], { dtype: "float64" })).sum())(parameters);
    expect(leavesWithPaths(derivative)[0][1].item()).toBe(3);
  });

  test("rearranging modules keep the batch axis", () => {
    expect(nn.flatten().apply({}, zeros([2, 3, 4])).shape).toEqual([2, 12]);
    expect(nn.reshape([3, -1]).apply({}, zeros([2, 12])).shape).toEqual([2, 3, 4]);
    expect(nn.globalAveragePool().apply({}, zeros([2, 5, 7, 3])).shape).toEqual([2, 3]);
  });
});

describe("contexts", () => {
  const model = nn.sequential(nn.linear(2, 3), nn.batchNorm(3), nn.sequential(nn.batchNorm(3)));
  const { parameters, state } = model.init(key);
  const x = random.normal(random.key(3), [5, 2]);

  test("training moves the running statistics of every layer at its own place, and changes nothing else", () => {
    const context = nn.training({ state });
    model.apply(parameters, x, context);
    const after = context.updatedState();
    expect(paths(after)).toEqual(paths(state));
    expect(leavesWithPaths(after).map(([, s]) => [...s.data()])).not.toEqual(
      leavesWithPaths(state).map(([, s]) => [...s.data()]),
    );
    const [mean] = leavesWithPaths(after).map(([, s]) => s);
    const { layers } = parameters as { layers: { weight: Tensor; bias: Tensor }[] };
    const expected = x.matmul(layers[0].weight).add(layers[0].bias).mean(0).mul(0.1).data();
    mean.data().forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i], 6);
    });
    expect([...leavesWithPaths(state)[0][1].data()]).toEqual([0, 0, 0]);
  });

  test("inference changes no state, and is what apply does without a context", () => {
    const context = nn.inference({ state });
    model.apply(parameters, x, context);
    expect(context.updatedState()).toEqual(state);
    const plain = nn.sequential(nn.linear(2, 3), nn.dropout(0.9));
    const p = plain.init(key).parameters;
    expect(plain.apply(p, x).data()).toEqual(plain.apply(p, x, nn.inference()).data());
  });

  test("a compiled training step carries the state from call to call", () => {
    const step = compile(
      (p: nn.Parameters, s: nn.State, input: Tensor) => {
        const context = nn.training({ state: s });
        const { value } = valueAndGrad((w: nn.Parameters) => model.apply(w, input, context).square().mean())(p);
        return { value, state: context.updatedState() };
      },
      { engine: "interpreter" },
    );
    let compiled: nn.State = state;
    let eager: nn.State = state;
    for (let t = 0; t < 3; t++) {
      compiled = step(parameters, compiled, x).state;
      const context = nn.training({ state: eager });
      model.apply(parameters, x, context);
      eager = context.updatedState();
    }
    const values = (s: nn.State) => leavesWithPaths(s).flatMap(([, t]) => [...t.data()]);
    values(compiled).forEach((v, i) => {
      expect(v).toBeCloseTo(values(eager)[i], 5);
    });
  });

  test("dropout keeps the mean, drops its share, draws anew for each layer and the same for the same key", () => {
    const drop = nn.dropout(0.25);
    const big = ones([100, 100]);
    const run = (seed: number) => drop.apply({}, big, nn.training({ key: random.key(seed) }));
    const y = run(1);
    const kept = y.greater(0).cast("float32").mean().item();
    // 10,000 draws: a deviation of 0.02 is more than four standard errors.
    expect(Math.abs(kept - 0.75)).toBeLessThan(0.02);
    expect(new Set(y.data())).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    expect(run(1).data()).toEqual(y.data());
    expect(run(2).data()).not.toEqual(y.data());
    const twice = nn
      .concat([nn.dropout(0.5), nn.dropout(0.5)])
      .apply({ branches: [{}, {}] }, ones([1, 64]), nn.training({ key }));
    const halves = twice.toArray() as number[][];
    expect(halves[0].slice(0, 64)).not.toEqual(halves[0].slice(64));
    expect(drop.apply({}, big).data()).toEqual(big.data());
  });
});

describe("sequences in time", () => {
  test("a recurrent module's last state is the last of its sequence", () => {
    const x = random.normal(key, [2, 5, 3]);
    const all = nn.gru(3, 4, { returnSequences: true });
    const { parameters } = all.init(key);
    const sequence = all.apply(parameters, x);
    expect(sequence.shape).toEqual([2, 5, 4]);
    expect(nn.gru(3, 4).apply(parameters, x).data()).toEqual(sequence.slice([0, 4, 0], [2, 5, 4]).data());
  });

  test("causal attention does not look ahead, and attention without positions does not see the order", () => {
    const x = random.normal(key, [1, 4, 4]);
    const changed = x.add(tensor([0, 0, 0, 5]).reshape([1, 4, 1]));
    const causal = nn.multiHeadAttention(4, 2, { causal: true });
    const { parameters } = causal.init(key);
    const firstThree = (t: Tensor) => t.slice([0, 0, 0], [1, 3, 4]).data();
    expect(firstThree(causal.apply(parameters, changed))).toEqual(firstThree(causal.apply(parameters, x)));
    const free = nn.multiHeadAttention(4, 2);
    expect(firstThree(free.apply(parameters, changed))).not.toEqual(firstThree(free.apply(parameters, x)));
    const [forward, backward] = [free.apply(parameters, x), free.apply(parameters, x.flip(1)).flip(1)].map((t) => t.data());
    forward.forEach((v, i) => {
      expect(v).toBeCloseTo(backward[i], 5);
    });
  });

  test("sinusoidal positions are the formula, and learned ones parameters", () => {
    const y = nn
      .positionalEmbedding(6, 4, { form: "sinusoidal" })
      .apply({}, zeros([1, 3, 4], "float64"))
      .toArray() as number[][][];
    y[0].forEach((row, t) => {
      const expected = [Math.sin(t), Math.cos(t), Math.sin(t / 100), Math.cos(t / 100)];
      row.forEach((v, i) => {
        expect(v).toBeCloseTo(expected[i], 15);
      });
    });
    expect(paths(nn.positionalEmbedding(6, 4).init(key).parameters)).toEqual(["weight"]);
  });
});

describe("errors name the layer, what it expects, what it got, and what to do", () => {
  const message = (f: () => unknown): string => {
    try {
      f();
    } catch (error) {
      return (error as Error).message;
    }
    return "nothing was thrown";
  };
  const images: Tensor = zeros([64, 28, 28]);
  const dense = nn.sequential(nn.linear(784, 128), nn.relu(), nn.linear(128, 10));

  test("a layer that gets images where it expects features", () => {
    const { parameters } = dense.init(key);
    expect(message(() => dense.apply(parameters, images))).toBe(
      "in layers[0].linear: linear(784, 128) expects [..., 784] (last axis: features), got [64, 28, 28]: put nn.flatten() before it.",
    );
  });

  test("a layer deep inside, that gets too many features", () => {
    const model = nn.sequential(nn.residual(nn.sequential(nn.linear(6, 5) as nn.Module, nn.linear(4, 6) as nn.Module)));
    const { parameters } = model.init(key);
    expect(message(() => model.apply(parameters, zeros([2, 6])))).toMatch(
      /^in layers\[0\]\.body\.layers\[1\]\.linear: linear\(4, 6\) expects \[\.\.\., 4\].*got \[2, 5\]: its last axis must have 4 features/,
    );
  });

  test("images without channels, channels first, a residual that changes the shape, a recurrence over a matrix", () => {
    const conv = nn.sequential(nn.conv2d(1, 8, 3));
    const { parameters } = conv.init(key);
    expect(message(() => conv.apply(parameters, images))).toBe(
      "in layers[0].conv2d: conv2d(1, 8, 3) expects [batch, height, width, 1 channels], got [64, 28, 28]: add an axis of one channel at the end: " +
        "nn.reshape([28, 28, 1]).",
    );
    const rgb = nn.conv2d(3, 8, 3);
    const channelsFirst: Tensor = zeros([2, 3, 8, 8]);
    expect(message(() => rgb.apply(rgb.init(key).parameters, channelsFirst))).toMatch(
      /channels come last here; transpose from channels-first/,
    );
    const block = nn.residual(nn.linear(4, 3) as nn.Module);
    expect(message(() => block.apply(block.init(key).parameters, zeros([2, 4])))).toMatch(
      /in residual: residual: the body makes \[2, 3\] of \[2, 4\].*give it a shortcut/,
    );
    const matrix: Tensor = zeros([2, 3]);
    const unit = nn.gru(3, 4);
    expect(message(() => unit.apply(unit.init(key).parameters, matrix))).toMatch(
      /gru\(3, 4\) expects \[batch, time, 3 features\], got \[2, 3\]/,
    );
  });

  test("parameters of another model, missing state, a missing key, a batch of one", () => {
    const { parameters } = dense.init(key);
    const other = nn.sequential(nn.linear(784, 64), nn.relu(), nn.linear(64, 10));
    expect(message(() => other.apply(parameters, zeros([1, 784])))).toMatch(
      /in layers\[0\]\.linear: linear: "weight" of its parameters must be \[784, 64\], got \[784, 128\]/,
    );
    expect(message(() => dense.apply({}, zeros([1, 784])))).toMatch(/the parameters have no layers\[0\] for linear/);
    const norm = nn.batchNorm(3);
    const p = norm.init(key);
    expect(message(() => norm.apply(p.parameters, zeros([2, 3])))).toMatch(
      /its state has no tensor "mean" \[3\].*inference\(\{ state \}\)/,
    );
    expect(message(() => norm.apply(p.parameters, zeros([1, 3]), nn.training({ state: p.state })))).toMatch(
      /a training batch needs more than one value per feature, got \[1, 3\]/,
    );
    expect(message(() => nn.sequential(nn.dropout(0.5)).apply({ layers: [{}] }, zeros([2]), nn.training()))).toMatch(
      /layers\[0\] draws random numbers: give the context a key/,
    );
  });

  test("indices out of range and of the wrong dtype, where they are known", () => {
    const table = nn.embedding(4, 2);
    const { parameters } = table.init(key);
    expect(message(() => table.apply(parameters, tensor([0, 4], { dtype: "int32" })))).toMatch(
      /index 4 at position 1 is outside 0 … 3/,
    );
    expect(message(() => table.apply(parameters, tensor([0])))).toMatch(/expects int32 indices, got float32/);
  });

  test("options that make no sense", () => {
    expect(message(() => nn.linear(0, 3))).toMatch(/inputs must be a whole number ≥ 1, got the number 0/);
    expect(message(() => nn.dropout(1))).toMatch(/the rate must be at least 0 and below 1, got 1/);
    expect(message(() => nn.conv2d(3, 4, 3, { groups: 2 }))).toMatch(/3 input and 4 output channels do not divide into 2 groups/);
    expect(message(() => nn.multiHeadAttention(10, 3))).toMatch(/10 features do not divide into 3 heads/);
  });
});

describe("initializers", () => {
  const { initializers } = nn;
  const moments = (x: Tensor) => {
    const mean = x.mean().item();
    return { mean, deviation: Math.sqrt(x.sub(mean).square().mean().item()), largest: x.abs().max().item() };
  };

  test("have the variance their fans ask for", () => {
    const shape = [3, 3, 16, 64];
    expect(initializers.fans(shape)).toEqual({ fanIn: 144, fanOut: 576 });
    const expected: Record<string, number> = {
      glorotUniform: 2 / 720,
      glorotNormal: 2 / 720,
      heUniform: 2 / 144,
      heNormal: 2 / 144,
      lecunUniform: 1 / 144,
      lecunNormal: 1 / 144,
    };
    for (const [name, variance] of Object.entries(expected)) {
      const draw = initializers[name as "glorotUniform"](key, shape, "float64");
      const { mean, deviation, largest } = moments(draw);
      // 9216 draws: relative standard error of the deviation 0.5 % (uniform) to 0.7 % (normal).
      expect(Math.abs(deviation / Math.sqrt(variance) - 1), name).toBeLessThan(0.03);
      expect(Math.abs(mean), name).toBeLessThan(0.05 * Math.sqrt(variance));
      if (name.endsWith("Uniform")) expect(largest, name).toBeLessThanOrEqual(Math.sqrt(3 * variance));
    }
  });

  test("simple ones are what their names say", () => {
    expect(moments(initializers.normal(0.5, 2)(key, [5000], "float64")).mean).toBeCloseTo(2, 1);
    expect(moments(initializers.truncatedNormal(0.5)(key, [5000], "float64")).largest).toBeLessThanOrEqual(1);
    const between = initializers.uniform(1, 3)(key, [1000], "float64").data();
    expect(Math.min(...between)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...between)).toBeLessThan(3);
    expect(initializers.constant(4)(key, [2], "float32").toArray()).toEqual([4, 4]);
  });

  test("orthogonal matrices have orthonormal columns, or rows where there are fewer", () => {
    for (const shape of [
      [6, 4],
      [4, 6],
      [5, 5],
      [2, 2, 3, 4],
    ]) {
      const q = initializers
        .orthogonal(2)(key, shape, "float64")
        .reshape([-1, shape[shape.length - 1]]) as Tensor;
      const [rows, columns] = q.shape;
      const gram = (rows < columns ? q.matmul(q.transpose()) : q.transpose().matmul(q)).toArray() as number[][];
      gram.forEach((row, i) => {
        row.forEach((v, j) => {
          expect(v).toBeCloseTo(i === j ? 4 : 0, 12);
        });
      });
    }
  });

  test("modules take them, and record their names", () => {
    const module = nn.linear(2, 2, { initializer: initializers.constant(0.5), biasInitializer: initializers.ones });
    const { parameters } = module.init(key);
    expect(module.apply(parameters, tensor([[1, 1]])).toArray()).toEqual([[2, 2]]);
    expect(module.options).toMatchObject({ inputs: 2, outputs: 2, initializer: "constant", biasInitializer: "ones" });
  });
});
