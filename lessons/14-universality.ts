// One hidden layer can hold any table of binary inputs: a unit for every row. What that is worth.

import { eye, grad, hardThreshold, linalg, losses, nn, random, type Tensor, tensor } from "gradus";
import { certifyObjective } from "gradus/analysis";
import { lesson } from "gradus/explain";

export default lesson(
  {
    number: 14,
    title: "Any table whatever",
    learn:
      "how one hidden layer can represent every function of binary inputs, how logistic units approach threshold units, and why that is not the end of the matter",
    source: "text 002, expressive power",
    concepts: [
      "universality: 2^D threshold units; logistic approximates threshold; Boolean circuits as networks; deep linear networks collapse; random features + convex output layer",
    ],
  },
  ({ prose, heading, formula, numbers, table, plot, given, check }) => {
    const double = { dtype: "float64" } as const;

    prose`A linear model cannot do exclusive or. What can a network with one hidden layer do? For inputs that are −1 or 1: everything.
      Whatever table of answers somebody writes down, there is a network that gives exactly these answers.`;
    heading("A unit for every row");
    const D = given("D", 3);
    prose`Take $D = ${D}$ inputs, so that the table has $2^D = ${2 ** D}$ rows. For each row $p$ make one threshold unit, which answers 1 above zero and 0
      else. It has the row itself for weights, and the bias $−(D − ½)$:`;
    formula`h(x) = step(p₁·x₁ + … + p_D·x_D − (D − ½))`;
    const patterns = allPatterns(D);
    const own = given("p", [-1, 1, -1]);
    const sums = patterns.map((x) => dot(own, x));
    prose`If $x$ is the row $p$ itself, each product is 1 and the sum is $D$, a half more than the bias takes away. If $x$ differs anywhere, the
      sum is $D − 2$ at most, and the unit stays silent. So the unit answers to its own row and to no other. For $p = ${own}$:`;
    const answers = hardThreshold(tensor(sums, double).sub(D - 0.5)).data();
    table(
      "What the unit of the row (−1, 1, −1) sees",
      ["$x₁$", "$x₂$", "$x₃$", "$p·x$", "$p·x − 2.5$", "answer"],
      patterns.map((x, i) => [...x, sums[i], sums[i] - (D - 0.5), answers[i]]),
    );
    numbers`D − ½ = ${D} − ½ = ${D - 0.5}`;
    check("bias for three inputs", -2.5, -(D - 0.5));
    check(
      "answers of this unit",
      patterns.map((x) => Number(x.join() === own.join())),
      Array.from(answers),
    );
    prose`The output unit adds up what the hidden units say, each times the answer that the table asks for in its row. Only one of them
      says 1, and so the sum is that answer.`;
    formula`y(x) = t₁·h₁(x) + … + tₙ·hₙ(x)`;

    heading("All tables at once");
    prose`To check every table one need not try every table. Let $H$ be the matrix of what unit $j$ answers to row $i$. If $H$ is the
      identity, 1 where $i = j$ and 0 elsewhere, then $H·t = t$ for every $t$ there is.`;
    const sizes = Array.from({ length: 10 }, (_, i) => i + 1);
    const exact = sizes.map((d) =>
      hidden(allPatterns(d))
        .sub(eye(2 ** d, "float64"))
        .abs()
        .max()
        .item(),
    );
    table(
      "Hidden units, weights, possible tables, and the largest entry of H − I",
      ["$D$", "units", "weights and biases", "tables of 0 and 1", "largest difference"],
      sizes.map((d, i) => [d, 2 ** d, 2 ** d * (d + 1), `$2^${2 ** d}$`, exact[i]]),
    );
    check(
      "H is the identity, D = 1 … 10",
      sizes.map(() => 0),
      exact,
    );
    const tables = given("tables", 256);
    const H = hidden(patterns);
    const every = Array.from({ length: tables }, (_, code) => patterns.map((_, row) => (code >> row) & 1));
    const wrong = H.matmul(tensor(every, double).transpose()).sub(tensor(every, double).transpose()).abs().max().item();
    prose`For $D = ${D}$ there are ${tables} tables. Tried one after the other, the network's largest error is ${wrong}.`;
    check("number of tables of three inputs", 256, 2 ** (2 ** D));
    check("largest error over all of them", 0, wrong);

    heading("Units one can train");
    const z = Array.from({ length: 121 }, (_, i) => -3 + i / 20);
    const sigma = (v: number) => tensor(v, double).logistic().item();
    prose`A threshold cannot be learned by gradient descent, since its slope is 0 wherever it has one. The logistic function $σ$ is smooth,
      and with its input multiplied by a large $k$ it comes as close to a threshold as one likes, except at 0 itself, where it is ½ for
      every $k$.`;
    plot({
      title: "The threshold, and σ(k·z)",
      x: "z",
      y: "answer",
      curves: [
        ...[1, 4, 16].map((k, i) => ({ name: `k = ${k}`, colour: i, points: z.map((v) => [v, sigma(k * v)] as const) })),
        { name: "threshold", colour: 4, dashed: true, points: z.map((v) => [v, v > 0 ? 1 : 0] as const) },
      ],
    });
    const slope = (f: (v: Tensor) => Tensor) => grad(f)(tensor(0.5, double)).item();
    prose`At $z = ½$ the slope of the threshold is ${slope((v) => hardThreshold(v))}, that of $σ(k·z)$ with $k = ${4}$ is
      ${slope((v) => v.mul(4).logistic())}.`;
    check(
      "slope of the threshold",
      0,
      slope((v) => hardThreshold(v)),
    );
    prose`Put $σ(k·…)$ in the place of every threshold. The unit of the row itself now answers $σ(½·k)$ instead of 1. A unit whose row
      differs in $m$ places answers $σ(−k·(2·m − ½))$ instead of 0, and there are as many of those as there are ways to choose $m$ places
      out of $D$. For tables with answers between −1 and 1 the error is therefore at most`;
    formula`σ(−½·k) + D·σ(−1.5·k) + (D·(D − 1)/2)·σ(−3.5·k) + …`;
    const slopes = Array.from({ length: 40 }, (_, i) => i + 1);
    const parity = tensor(
      patterns.map((x) => x.reduce((a, b) => a * b)),
      double,
    );
    const worst = slopes.map((k) => soft(patterns, k).matmul(parity).sub(parity).abs().max().item());
    const bound = slopes.map((k) =>
      Array.from({ length: D + 1 }, (_, m) => choose(D, m) * sigma(-k * Math.abs(2 * m - 0.5))).reduce((a, b) => a + b),
    );
    plot({
      title: "Logistic units in place of thresholds: the largest error of the network for parity",
      x: "slope k",
      y: "error",
      logarithmic: true,
      curves: [
        { name: "bound", colour: 4, dashed: true, points: slopes.map((k, i) => [k, bound[i]] as const) },
        { name: "measured", colour: 0, dots: true, points: slopes.map((k, i) => [k, worst[i]] as const) },
      ],
    });
    const shown = given("slopes", [1, 5, 10, 20, 40]);
    table(
      "The same as numbers",
      ["$k$", "largest error", "bound", "$σ(−½·k)$"],
      shown.map((k) => [k, worst[k - 1], bound[k - 1], sigma(-k / 2)]),
      6,
    );
    check(
      "never above the bound",
      true,
      worst.every((e, i) => e <= bound[i] + 2 ** -50),
    );
    const decay = worst[39] / worst[37];
    prose`The table that was used is parity: 1 when an even number of inputs is −1, and −1 else. Two more on $k$ divide the error by about
      $e$: from $k = ${38}$ to ${40} it is multiplied by ${decay}, and ${"exp(−1)"} is ${Math.exp(-1)}.`;
    check("factor of the error for two more on k", Math.exp(-1), decay, 6);

    heading("What it is worth");
    prose`Nothing has been learned here. Each unit remembers one row. Leave a row out, and the network has no opinion on it: every unit is
      silent and the answer is 0. And there are $2^D$ units. With ${10} inputs that is ${2 ** 10}, with the ${784} pixels of a small
      picture it is more than anything there is.`;
    const silent = H.slice([2], [3])
      .mul(
        tensor(
          patterns.map((_, i) => (i === 2 ? 0 : 1)),
          double,
        ),
      )
      .sum()
      .item();
    check("answer to a row without a unit", 0, silent);
    prose`Often far fewer units will do. For parity $D$ units are enough, when each counts: unit $k$ answers 1 if at least $k$ inputs are −1.
      Added with the signs $−2, 2, −2, …$, and 1 more, they give the parity.`;
    formula`y = 1 − 2·h₁ + 2·h₂ − 2·h₃ + …`;
    const compact = sizes.map((d) => {
      const rows = allPatterns(d);
      const minus = tensor(
        rows.map((x) => x.filter((v) => v < 0).length),
        double,
      ).reshape([2 ** d, 1]);
      const counts = hardThreshold(
        minus.sub(
          tensor(
            Array.from({ length: d }, (_, k) => k + 0.5),
            double,
          ),
        ),
      );
      const signs = tensor(
        Array.from({ length: d }, (_, k) => (k % 2 === 0 ? -2 : 2)),
        double,
      );
      const right = tensor(
        rows.map((x) => x.reduce((a, b) => a * b)),
        double,
      );
      return counts.matmul(signs).add(1).sub(right).abs().max().item();
    });
    check(
      "parity with D units, D = 1 … 10",
      sizes.map(() => 0),
      compact,
    );
    prose`With ${10} inputs these ${10} units do what took ${2 ** 10} before, without an error in any of the ${2 ** 10} rows. That there is
      a large network for everything says little. That there is a small one for what we care about is the hope.`;

    heading("Units nobody chose");
    prose`There is a third way. Take hidden units with random weights, leave them as they are, and choose the weights of the output only. Then
      the output is linear in what is chosen: a convex problem, solved by the normal equations. With as many random units as rows the
      features are almost surely independent, and again every table can be had.`;
    const inputs = tensor(allPatterns(5), double);
    const target = random.uniform(random.key(14), [32, 1], { low: -1, high: 1, ...double });
    const counts = [4, 8, 12, 16, 20, 24, 28, 32];
    const features = (count: number) =>
      inputs
        .matmul(directions.slice([0, 0], [5, count]))
        .add(offsets.slice([0], [count]))
        .tanh();
    const directions = random.normal(random.key(15), [5, 32], double);
    const offsets = random.normal(random.key(16), [32], double);
    const left = counts.map((count) => {
      const f = features(count);
      return f.matmul(linalg.leastSquares(f, target)).sub(target).square().mean().sqrt().item();
    });
    plot({
      title: "A random table of 32 rows: error after the output layer has been solved for",
      x: "random hidden units",
      y: "root mean squared error",
      curves: [{ name: "error", colour: 0, dots: true, points: counts.map((count, i) => [count, left[i]] as const) }],
    });
    check("32 random units hold 32 rows", 0, left[left.length - 1], 8);
    check("fewer do not", true, left[left.length - 2] > 0.01);
    const objective = certifyObjective(nn.linear(16, 1), losses.halfSquaredError, { inputs: features(16), targets: target });
    prose`Is the loss convex in the weights of the output? The certificate says “${objective.all.convex.answer}”. This is why bad local minima
      need not be feared too much in wide networks: even if the hidden units never learned anything, the last layer alone would find its
      way.`;
    check("convex in the output layer?", "yes", objective.all.convex.answer);
  },
);

/** All rows of D inputs, each −1 or 1. */
const allPatterns = (D: number): number[][] =>
  Array.from({ length: 2 ** D }, (_, row) => Array.from({ length: D }, (_, bit) => ((row >> (D - 1 - bit)) & 1 ? 1 : -1)));

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);

/** What the unit of row j has before its threshold, for row i: pᵢ·pⱼ − (D − ½). */
function before(patterns: readonly (readonly number[])[]): Tensor {
  const P = tensor(patterns, { dtype: "float64" });
  return P.matmul(P.transpose() as Tensor).sub(patterns[0].length - 0.5);
}

const hidden = (patterns: readonly (readonly number[])[]): Tensor => hardThreshold(before(patterns));
const soft = (patterns: readonly (readonly number[])[], k: number): Tensor => before(patterns).mul(k).logistic();

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - i + 1)) / i;
  return ways;
}
