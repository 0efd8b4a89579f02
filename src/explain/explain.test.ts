// The worked examples of the lectures come out of explain: forward, error signals, updates, to ten digits and as on paper.

import { describe, expect, test } from "vitest";
import { makeNode, type Node } from "../graph/node.ts";
import type { Primitive } from "../graph/primitive.ts";
import * as losses from "../losses/index.ts";
import * as nn from "../nn/index.ts";
import * as ops from "../ops/index.ts";
import * as optim from "../optim/index.ts";
import { Tensor, tensor } from "../tensor/index.ts";
import { customDerivative } from "../transforms/index.ts";
import { explain } from "./explain.ts";
import type { Explanation, Iteration } from "./explanation.ts";

const float64 = (data: number | number[] | number[][]) => tensor(data, { dtype: "float64" });

/** What a quantity is in an iteration, as worked out there. */
function valueOf(iteration: Iteration, id: string): readonly number[] {
  const steps = [...iteration.forward, ...iteration.backward];
  const step = steps.find(({ quantity }) => quantity === id);
  if (!step?.value.entries) throw new Error(`no ${id}; there are ${steps.map(({ quantity }) => quantity).join(", ")}`);
  return step.value.entries;
}

const updated = (iteration: Iteration, id: string) =>
  iteration.updates.find(({ quantity }) => quantity === id)?.value.entries ?? [];

const tenDigits = (values: readonly number[]) => values.map((v) => v.toFixed(10));

interface Network {
  readonly W1: Tensor;
  readonly b1: Tensor;
  readonly W2: Tensor;
  readonly b2: Tensor;
}

function network({ W1, b1, W2, b2 }: Network, x: Tensor, t: Tensor): Tensor {
  const z1 = W1.matmul(x).add(b1);
  const h = z1.logistic();
  const z2 = W2.matmul(h).add(b2);
  const y = z2.logistic();
  const L = y.sub(t).square().mul(0.5);
  return L;
}

const start: Network = {
  W1: float64([
    [0.2, 0.4],
    [-0.5, 0.3],
  ]),
  b1: float64([0.1, -0.2]),
  W2: float64([0.7, -0.3]),
  b2: float64(0.05),
};
const given = [start, float64([1, 2]), float64(1)];
const optimizer = optim.sgd({ learningRate: 0.1 });

describe("two iterations of a network by hand", () => {
  const explanation = explain(network, given, { iterations: 2, optimizer, digits: 10, table: [0, 1, 10, 100, 1000] });

  test("quantities have the names of the code", () => {
    const forward = explanation.iterations[0].forward.map(({ quantity }) => quantity);
    expect(forward).toEqual(["z1", "h", "z2", "y", "L"]);
    expect(explanation.quantities.slice(0, 6).map(({ name }) => name.text)).toEqual(["W₁", "b₁", "W₂", "b₂", "x", "t"]);
  });

  test.each([
    [
      1,
      {
        z1: [1.1, -0.1],
        h: [0.7502601056, 0.4750208125],
        z2: [0.4326758302],
        y: [0.6065124506],
        L: [0.0774162258],
        grad_z2: [-0.0939078096],
        grad_z1: [-0.0123168465, 0.0070255073],
      },
      {
        W1: [0.2012316846, 0.4024633693, -0.5007025507, 0.2985948985],
        b1: [0.1012316846, -0.2007025507],
        W2: [0.7070455283, -0.2955391836],
        b2: [0.059390781],
      },
    ],
    [
      2,
      {
        z1: [1.1073901079, -0.1042153044],
        h: [0.7516422268, 0.4739697288],
        z2: [0.4507594296],
        y: [0.61081978],
        L: [0.0757306218],
        grad_z2: [-0.0925155235],
        grad_z1: [-0.0122109912, 0.0068169643],
      },
      {
        W1: [0.2024527838, 0.4049055675, -0.5013842472, 0.2972315057],
        b1: [0.1024527838, -0.2013842472],
        W2: [0.7139993857, -0.2911542278],
        b2: [0.0686423333],
      },
    ],
  ])("iteration %i to ten digits", (number, expected, after) => {
    const iteration = explanation.iterations[number - 1];
    for (const [id, values] of Object.entries(expected)) expect(tenDigits(valueOf(iteration, id)), id).toEqual(tenDigits(values));
    for (const [id, values] of Object.entries(after)) expect(tenDigits(updated(iteration, id)), id).toEqual(tenDigits(values));
  });

  test("the table goes on to a thousand updates", () => {
    expect(explanation.table.columns).toEqual(["updates", "L", "y"]);
    const outputs = Object.fromEntries(explanation.table.rows.map(([updates, , y]) => [updates, y.toFixed(10)]));
    expect(outputs).toMatchObject({ 10: "0.6462154402", 100: "0.8119581330", 1000: "0.9465655095" });
  });

  test("every error signal has its formula and its local derivative", () => {
    const [, hidden] = explanation.iterations[0].backward.filter(({ of }) => of === "z2" || of === "z1");
    expect(hidden.contributions).toHaveLength(1);
    expect(hidden.contributions[0]).toMatchObject({ through: "h", quantity: "grad_z1" });
    expect(JSON.stringify(hidden.contributions[0].local)).toBe(
      JSON.stringify({
        kind: "apply",
        op: "mul",
        operands: [
          { kind: "quantity", id: "h" },
          {
            kind: "apply",
            op: "sub",
            operands: [
              { kind: "number", value: 1 },
              { kind: "quantity", id: "h" },
            ],
          },
        ],
      }),
    );
  });

  test("the same network made of modules gives the same numbers", () => {
    const model = nn.sequential(nn.linear(2, 2), nn.logistic(), nn.linear(2, 1), nn.logistic());
    const columns = [
      { weight: start.W1.transpose(), bias: start.b1 },
      {},
      { weight: start.W2.reshape([2, 1]), bias: start.b2.reshape([1]) },
      {},
    ];
    const modular = explain(model, {
      input: float64([[1, 2]]),
      target: float64([[1]]),
      loss: losses.halfSquaredError,
      parameters: { layers: columns },
      optimizer,
      iterations: 2,
    });
    expect(modular.iterations[0].forward.map(({ quantity }) => quantity)).toEqual(["z1", "h", "z2", "y", "L"]);
    for (const [i, iteration] of modular.iterations.entries()) {
      for (const id of ["z1", "h", "z2", "y", "L", "grad_z2", "grad_z1"]) {
        expect(tenDigits(valueOf(iteration, id))).toEqual(tenDigits(valueOf(explanation.iterations[i], id)));
      }
    }
  });
});

describe("rounded at every line", () => {
  const byHand = explain(network, given, { iterations: 2, optimizer, digits: 4, rounding: "by hand", table: 1 });

  test("the lecture's own digits come out, and what it prints otherwise does not", () => {
    // Its table has y = 0.6060, L = 0.0777 in the first iteration, from y ≈ 0.606; and y = 0.6109, L = 0.0757 in the second.
    expect(valueOf(byHand.iterations[0], "y")).toEqual([0.6065]);
    expect(byHand.iterations[0].loss.value).toBe(0.0774);
    expect(valueOf(byHand.iterations[0], "grad_z2")).toEqual([-0.0939]);
    expect(byHand.iterations[1].loss.value).toBe(0.0757);
  });

  test("every number has four digits, and each line is worked out from the numbers carried", () => {
    const [first] = byHand.iterations;
    for (const step of [...first.forward, ...first.backward, ...first.updates]) {
      for (const v of step.value.entries ?? []) expect(v).toBe(Number(v.toFixed(4)));
    }
    const [line] = first.forward[2].lines;
    // 0.7·0.7503 − 0.3·0.4750 + 0.05 = 0.43271
    expect(line).toMatchObject({ value: 0.4327 });
    expect(line.exact).toBeCloseTo(0.4326758302, 10);
  });

  test("where the two part is said", () => {
    expect(byHand.differences.length).toBeGreaterThan(0);
    for (const { byHand: rounded, exact } of byHand.differences) expect(rounded.toFixed(4)).not.toBe(exact.toFixed(4));
    expect(byHand.differences).toContainEqual(expect.objectContaining({ iteration: 1, quantity: "W2", index: [0] }));
    expect(explain(network, given, { digits: 4 }).differences).toEqual([]);
  });
});

describe("fan-out", () => {
  test("logistic least squares with a penalty: two paths to w", () => {
    const f = (w: Tensor, b: Tensor, x: Tensor, t: Tensor) => {
      const z = w.mul(x).add(b);
      const y = z.logistic();
      const loss = y.sub(t).square().mul(0.5);
      const R = w.square().mul(0.5);
      return loss.add(R.mul(0.1));
    };
    const { iterations } = explain(f, [1, -0.5, 2, 1], { parameters: ["w", "b"], digits: 10 });
    const [only] = iterations;
    expect(tenDigits([...valueOf(only, "z"), ...valueOf(only, "y")])).toEqual(["1.5000000000", "0.8175744762"]);
    expect(only.loss.value.toFixed(10)).toBe("0.0666395359");
    expect(tenDigits(valueOf(only, "grad_w"))).toEqual(["0.0455837607"]);
    expect(tenDigits(valueOf(only, "grad_b"))).toEqual(["-0.0272081196"]);
    const step = only.backward.find(({ of }) => of === "w");
    expect(step?.contributions.map(({ through }) => through)).toEqual(["R", "z"]);
    expect(step?.formula).toMatchObject({ kind: "apply", op: "add" });
  });

  test("f = y + e^(xy) along a curve", () => {
    const f = (t: Tensor) => {
      const x = t.cos();
      const y = t.square();
      return y.add(x.mul(y).exp());
    };
    const [only] = explain(f, [1]).iterations;
    expect(valueOf(only, "grad_t")[0]).toBeCloseTo(2.4104790162489, 12);
    expect(only.backward.find(({ of }) => of === "y")?.contributions).toHaveLength(2);
  });
});

describe("a wrong derivative rule shows", () => {
  /** tanh with half its derivative. */
  const half: Primitive = {
    ...ops.tanh.op,
    name: "tanhHalf",
    derivative: {
      kind: "rules",
      vjp: (node: Node, [g]) => [
        g &&
          ops.mul(
            g,
            ops.mul(ops.sub(ops.full(node.shape, 1, node.dtype), ops.square(node)), ops.full(node.shape, 0.5, node.dtype)),
          ),
      ],
      jvp: "linear",
    },
  };
  const wrong = (x: Tensor) => new Tensor(makeNode(half, [x.node], {}));

  const disagreements = ({ iterations }: Explanation) => iterations[0].backward.flatMap((step) => step.disagreements);

  test("of an operation, at each entry, with its name", () => {
    const explanation = explain((w: Tensor) => wrong(w.mul(2)).sum(), [float64([0.3, -0.7])]);
    const found = disagreements(explanation);
    expect(found).toHaveLength(2);
    for (const { op, byRule, byDifference, kink } of found) {
      expect([op, kink]).toEqual(["tanhHalf", false]);
      expect(byRule / byDifference).toBeCloseTo(0.5, 6);
    }
    expect(explanation.notes.join("\n")).toMatch(/by the rule of tanhHalf/);
  });

  test("of a composition with a rule of its own, also where no error signal arrives", () => {
    const cube = customDerivative((x: Tensor) => x.square().mul(x), {
      name: "cube",
      vjp: ([x], _y, g) => [g.mul(x.square()).mul(2)],
    });
    const f = (x: Tensor) => {
      const y = cube(x);
      return y.mul(float64([0, 1])).sum();
    };
    const explanation = explain(f, [float64([2, 3])]);
    expect(disagreements(explanation).map(({ op, index }) => [op, index])).toEqual([
      ["cube", [0]],
      ["cube", [1]],
    ]);
  });

  test("right rules are not accused", () => {
    expect(disagreements(explain(network, given))).toEqual([]);
  });

  test("a kink is a convention, and said to be one", () => {
    const explanation = explain((x: Tensor) => x.relu().mul(3).sum(), [float64([0, 1])]);
    expect(disagreements(explanation)).toMatchObject([{ op: "relu", index: [0], byRule: 0, kink: true }]);
    expect(explanation.notes.join("\n")).toMatch(/relu has a kink/);
  });
});

describe("what is asked for wrongly is said", () => {
  test.each<[string, () => unknown, RegExp]>([
    ["iterations without an optimizer", () => explain(network, given, { iterations: 2 }), /2 iterations need an optimizer/],
    [
      "an entry that does not exist",
      () => explain(network, given, { entries: { W1: [[2, 0]] } }),
      /W1 of shape \[2, 2\] has no entry W1\[3,1\] \(counted from 1; \[2, 0\] counted from 0\)/,
    ],
    ["a quantity that does not exist", () => explain(network, given, { entries: { W3: [[0]] } }), /no quantity "W3".*z1/],
    [
      "a column that does not exist",
      () => explain(network, given, { columns: ["z1[3]"] }),
      /z1 of shape \[2\] has no entry \[3\]/,
    ],
    ["an argument that does not exist", () => explain(network, given, { parameters: ["weights"] }), /no argument "weights"/],
    [
      "a loss without a target",
      () => explain(nn.linear(1, 1), { input: float64([[1]]), loss: losses.meanSquaredError }),
      /a loss needs a target/,
    ],
    ["no input", () => explain(nn.linear(1, 1), {} as never), /a model needs an input/],
  ])("%s", (_about, call, message) => {
    expect(call).toThrow(message);
  });
});

test("what is not finite is said, where it begins", () => {
  const f = (x: Tensor) => {
    const a = x.square();
    const b = a.neg().log();
    return b.exp();
  };
  expect(explain(f, [float64(2)]).notes).toEqual([expect.stringMatching(/^b is not finite in iteration 1: /)]);
  expect(explain((x: Tensor) => x.log(), [float64(2)]).notes).toEqual([]);
});
