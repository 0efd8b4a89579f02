// The optimizers raced: gradient descent, momentum, Adagrad, RMSprop, Adam in a long valley; and gradients of a few examples.

import { compile, grad, optim, random, type Tensor, tensor } from "gradus";
import { digits, lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;

export default lesson(
  {
    number: 22,
    title: "Optimizers in a race",
    learn: "what momentum and adapted step sizes change in gradient descent, one step worked out for each of them",
    source: "text 003, optimization algorithms",
    concepts: ["gradient descent with step size and tolerance; SGD; momentum; Adagrad; RMSprop; Adam"],
  },
  ({ prose, heading, formula, numbers, table, contours, plot, code, given, check }) => {
    const f = (w: Tensor) =>
      w
        .square()
        .mul(tensor([1, 25], f64))
        .sum()
        .mul(0.5);
    prose`Gradient descent has one step size for all directions. In a long valley that is a nuisance: the walls are steep and allow short
      steps only, the bottom is nearly flat and calls for long ones. A valley for practice:`;
    formula`f(w) = ½·(w₁² + 25·w₂²)`;
    const start = given("start", [4, 1]);
    const slope = (at: readonly number[]) => Array.from(grad(f)(tensor(at, f64)).data());
    const g = slope(start);
    prose`Its gradient is $(w₁, 25·w₂)$. We start at $w = ${start}$, where it is $g = ${g}$: it points across the valley rather than along
      it.`;
    check("gradient at the start", [4, 25], g);

    heading("One step each");
    const rates = { sgd: 0.05, momentum: 0.02, adagrad: 1, rmsprop: 0.1, adam: 0.3 };
    given("learning rates", Object.values(rates));
    const optimizers = {
      "gradient descent": optim.sgd({ learningRate: rates.sgd }),
      momentum: optim.momentum({ learningRate: rates.momentum, momentum: 0.9 }),
      Adagrad: optim.adagrad({ learningRate: rates.adagrad }),
      RMSprop: optim.rmsprop({ learningRate: rates.rmsprop, decay: 0.9 }),
      Adam: optim.adam({ learningRate: rates.adam }),
    };
    const follow = (optimizer: optim.Optimizer, steps: number, f: (w: Tensor) => Tensor, start: readonly number[]) => {
      const slope = compile(grad(f));
      let w = tensor(start, f64);
      let state = optimizer.init(w);
      const path = [Array.from(w.data())];
      for (let k = 0; k < steps; k++) {
        const next = optimizer.update(slope(w), state, w);
        w = optim.applyUpdates(w, next.updates);
        state = next.state;
        path.push(Array.from(w.data()));
      }
      return path;
    };
    const paths = Object.fromEntries(
      Object.entries(optimizers).map(([name, optimizer]) => [name, follow(optimizer, 100, f, start)]),
    );
    code(`
      const optimizer = optim.adam({ learningRate: 0.3 });
      let state = optimizer.init(w);
      const { updates, state: next } = optimizer.update(grad(f)(w), state, w);
      w = optim.applyUpdates(w, updates);`);

    prose`Gradient descent: the step is the gradient times the learning rate.`;
    formula`w ← w − η·g`;
    const first = paths["gradient descent"][1];
    numbers`w₁ = ${start[0]} − ${rates.sgd}·${g[0]} = ${first[0]}`;
    numbers`w₂ = ${start[1]} − ${rates.sgd}·${g[1]} = ${first[1]}`;
    check("gradient descent, one step", [3.8, -0.25], first);

    const mu = given("μ", 0.9);
    prose`Momentum: the steps are remembered, and each one adds to what is left of them, a share of $μ = ${mu}$. Across the valley the
      gradient keeps changing its sign and cancels; along the valley it keeps its sign and adds up.`;
    formula`b ← μ·b + g`;
    formula`w ← w − η·b`;
    const m1 = paths.momentum[1];
    const gAfter = slope(m1);
    const b2 = mu * g[0] + gAfter[0];
    prose`The first step is that of gradient descent, to $w = ${m1}$. At the second, in the first coordinate:`;
    numbers`b₁ = μ·${g[0]} + ${gAfter[0]} = ${mu}·${g[0]} + ${gAfter[0]} = ${b2}`;
    numbers`w₁ = ${m1[0]} − ${rates.momentum}·${b2} = ${paths.momentum[2][0]}`;
    check("momentum, two steps, w₁", 3.7696, paths.momentum[2][0]);

    prose`Adagrad: every coordinate has a step size of its own, divided by the root of the sum of its squared gradients so far. The first
      step is η in each coordinate, however steep it is: what is steep is braked.`;
    formula`s ← s + g²`;
    formula`w ← w − η·g/√s`;
    const a1 = paths.Adagrad[1];
    numbers`w₁ = ${start[0]} − ${rates.adagrad}·${g[0]}/√(${g[0]}²) = ${digits(a1[0], 4)}`;
    numbers`w₂ = ${start[1]} − ${rates.adagrad}·${g[1]}/√(${g[1]}²) = ${digits(a1[1], 4)}`;
    check("Adagrad, one step", [3, 0], a1, 9);
    prose`(Programs add a tiny number to the root, lest it be 0.) As $s$ only grows, the steps of Adagrad only shrink. RMSprop forgets old
      gradients instead: its $s$ is a running mean.`;
    const rho = given("ρ", 0.9);
    formula`s ← ρ·s + (1 − ρ)·g²`;
    formula`w ← w − η·g/√s`;
    const r1 = paths.RMSprop[1];
    const s1 = (1 - rho) * g[0] ** 2;
    numbers`s₁ = (1 − ${rho})·${g[0]}² = ${s1}`;
    numbers`w₁ = ${start[0]} − ${rates.rmsprop}·${g[0]}/√(${s1}) = ${r1[0]}`;
    check("RMSprop, one step", [4 - 0.1 / Math.sqrt(0.1), 1 - 0.1 / Math.sqrt(0.1)], r1, 8);

    const [beta1, beta2] = [given("β₁", 0.9), given("β₂", 0.999)];
    prose`Adam is both: a running mean of the gradients, as momentum has it, over the root of a running mean of their squares. Both means
      begin at 0 and are therefore too small at first; dividing by $1 − βᵏ$ at step $k$ corrects that.`;
    formula`m ← β₁·m + (1 − β₁)·g`;
    formula`v ← β₂·v + (1 − β₂)·g²`;
    formula`w ← w − η·(m/(1 − β₁ᵏ))/√(v/(1 − β₂ᵏ))`;
    const d1 = paths.Adam[1];
    const [m, v] = [(1 - beta1) * g[0], (1 - beta2) * g[0] ** 2];
    numbers`m₁ = (1 − ${beta1})·${g[0]} = ${m}`;
    numbers`v₁ = (1 − ${beta2})·${g[0]}² = ${v}`;
    numbers`w₁ = ${start[0]} − ${rates.adam}·(${m}/(1 − ${beta1}))/√(${v}/(1 − ${beta2})) = ${d1[0]}`;
    check("Adam, one step", [3.7, 0.7], d1, 8);

    heading("The race");
    const value = ([a, b]: readonly number[]) => 0.5 * (a * a + 25 * b * b);
    const marks = given("steps shown", [1, 10, 30, 100]);
    table(
      "f after so many steps, each with a learning rate that suits it",
      ["optimizer", "$η$", ...marks.map((k) => `${k}`)],
      Object.entries(paths).map(([name, path], i) => [name, Object.values(rates)[i], ...marks.map((k) => value(path[k]))]),
      6,
    );
    const ends = Object.values(paths).map((path) => value(path[100]));
    check(
      "every optimizer gets down",
      true,
      ends.every((end) => end < 0.01 * value(start)),
    );
    check("f at the start", 20.5, value(start));
    const side = (low: number, high: number) => Array.from({ length: 61 }, (_, i) => low + ((high - low) * i) / 60);
    const [xs, ys] = [side(-2, 5), side(-1.5, 1.5)];
    contours({
      title: "Their first thirty steps",
      x: "w₁",
      y: "w₂",
      xs,
      ys,
      values: xs.flatMap((a) => ys.map((b) => value([a, b]))),
      paths: Object.entries(paths).map(([name, path], i) => ({
        name,
        colour: i,
        points: path.slice(0, 31).map(([a, b]) => [a, b] as const),
      })),
    });
    prose`Adapted step sizes help where coordinates differ in scale, as they do here. Turn the same valley by half a right angle, so that it
      lies across both coordinates, start at the same place of it, and race again:`;
    const r = Math.SQRT1_2;
    const turned = (w: Tensor) => f(w.matmul(tensor([[r, -r], [r, r]], f64))); // biome-ignore format: a matrix
    const startTurned = [r * (start[0] - start[1]), r * (start[0] + start[1])];
    const valueTurned = ([a, b]: readonly number[]) => value([r * (a + b), r * (b - a)]);
    const pathsTurned = Object.entries(optimizers).map(([name, o]) => [name, follow(o, 100, turned, startTurned)] as const);
    check("f at the start of the turned valley", 20.5, valueTurned(startTurned));
    table(
      "f in the turned valley",
      ["optimizer", "$η$", ...marks.map((k) => `${k}`)],
      pathsTurned.map(([name, path], i) => [name, Object.values(rates)[i], ...marks.map((k) => valueTurned(path[k]))]),
      6,
    );
    const gain = (k: number) => valueTurned(pathsTurned[2][1][k]) / value(paths.Adagrad[k]);
    check("Adagrad is worse off in the turned valley", true, gain(10) > 10);
    check("gradient descent does not notice", value(paths["gradient descent"][30]), valueTurned(pathsTurned[0][1][30]));
    prose`Gradient descent and momentum do not notice the turn. Adagrad, which had won, is ${digits(gain(10), 0)} times as high after ten steps as
      before. No optimizer is the best on every function, and none can do without a learning rate. On smooth convex functions there are
      theorems (lesson ${16}); on networks there is experience.`;

    heading("A few examples at a time");
    const [n, noise] = [given("examples", 64), given("noise", 0.3)];
    const keys = random.split(random.key(given("seed", 1)), 3);
    const x = random.normal(keys[0], [n], f64);
    const y = x
      .mul(2)
      .add(1)
      .add(random.normal(keys[1], [n], f64).mul(noise));
    prose`The loss of a network is a mean over examples, and so is its gradient. With many examples one need not look at all of them before
      taking a step: the gradient of a few, drawn at random, points in the right direction on average. This is stochastic gradient descent.
      We fit a straight line to ${n} points near $y = 2·x + 1$ and count, not steps, but examples looked at.`;
    const error = (w: Tensor, x: Tensor, y: Tensor) =>
      x
        .mul(w.slice([0], [1]))
        .add(w.slice([1], [2]))
        .sub(y)
        .square()
        .mean();
    const order = Array.from(random.permutation(keys[2], n).data());
    const [xs0, ys0] = [Array.from(x.data()), Array.from(y.data())];
    const passes = given("passes", 2);
    const run = (batch: number, rate: number) => {
      let w = tensor([0, 0], f64);
      const seen: [number, number][] = [[0, error(w, x, y).item()]];
      for (let k = 0; k < (passes * n) / batch; k++) {
        const chosen = Array.from({ length: batch }, (_, i) => order[(k * batch + i) % n]);
        const [bx, by] = [
          tensor(
            chosen.map((i) => xs0[i]),
            f64,
          ),
          tensor(
            chosen.map((i) => ys0[i]),
            f64,
          ),
        ];
        w = w.sub(grad((w: Tensor) => error(w, bx, by))(w).mul(rate));
        seen.push([(k + 1) * batch, error(w, x, y).item()]);
      }
      return seen;
    };
    const batches = [
      { batch: n, rate: 0.3, name: "all at once" },
      { batch: 8, rate: 0.1, name: "eight at a time" },
      { batch: 1, rate: 0.03, name: "one at a time" },
    ];
    const runs = batches.map(({ batch, rate }) => run(batch, rate));
    table(
      `The mean squared error after ${passes} passes over the examples`,
      ["", "steps taken", "$η$", "error"],
      batches.map(({ batch, rate, name }, i) => [name, (passes * n) / batch, rate, runs[i][runs[i].length - 1][1]]),
    );
    const finals = runs.map((seen) => seen[seen.length - 1][1]);
    check("few at a time get further than all at once", true, finals[1] < finals[0] && finals[2] < finals[0]);
    plot({
      title: "The error against examples looked at",
      x: "examples",
      y: "mean squared error",
      logarithmic: true,
      curves: runs.map((points, i) => ({ name: batches[i].name, colour: i, points })),
    });
    prose`For the same work the many rough steps get further than the few exact ones. In the end they do not settle, but jitter around the
      lowest point, the more the larger the step: so one lowers the learning rate with time.`;
  },
);
