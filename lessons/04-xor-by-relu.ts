// Exclusive or by a network with two rectified linear units: with given weights, then with weights that it learns.

import { compile, concat, mapTree, ones, random, type Tensor, tensor, valueAndGrad } from "gradus";
import { lesson, surfaceFigure } from "gradus/explain";

const f64 = { dtype: "float64" } as const;

/** W [3, 2]: a column for each hidden unit, the bias in the first row. w [3]: the weights of the output, its bias first. */
type Weights = { readonly W: Tensor; readonly w: Tensor };

export default lesson(
  {
    number: 4,
    title: "Exclusive or, by two hidden units",
    learn:
      "what a hidden layer does that a straight line cannot, and that a network is just a function of its inputs and weights",
    source: "text 001, the XOR problem",
    concepts: ["a network is a function f(x; w)"],
  },
  ({ prose, heading, formula, numbers, table, plot, picture, code, given, check }) => {
    const x = given("x", tensor([[0, 0], [0, 1], [1, 0], [1, 1]], f64)); // biome-ignore format: a table
    const t = given("t", tensor([0, 1, 1, 0], f64));
    const relu = (z: number) => Math.max(0, z);

    prose`Exclusive or is 1 when one of two inputs is 1, and 0 when none or both are. Mark the four cases in the plane, with the inputs
      as coordinates, and try to part the ones from the noughts by a straight line: it cannot be done (lesson ${6} proves it). A linear
      predictor $w₀ + w₁·x₁ + w₂·x₂$ is therefore no use, whatever its weights.`;

    heading("Bending the plane");
    prose`A network first computes new features of its inputs and is a linear predictor on those. Each feature is a linear function
      again, but bent: where it would be negative it is 0. This bend is called the rectified linear unit, or ReLU:`;
    formula`g(z) = max(0, z)`;
    const W = given("W", tensor([[0, -1], [1, 1], [1, 1]], f64)); // biome-ignore format: a matrix
    const w = given("w", tensor([0, 1, -2], f64));
    prose`Two features are enough here. Their weights are the columns of a matrix whose first row holds the biases, $W = ${W}$, and the
      weights of the output, bias first, are $w = ${w}$. Written out:`;
    formula`h₁ = g(0 + 1·x₁ + 1·x₂)`;
    formula`h₂ = g(−1 + 1·x₁ + 1·x₂)`;
    formula`y = 0 + 1·h₁ − 2·h₂`;
    prose`The first unit counts the ones. The second stays silent until both inputs are 1. The output takes the second off the first,
      twice, which turns 2 into 0. A bias is the weight of an input that is always 1; put this 1 before the others, and all of it is one
      function of the inputs and the weights, $f(x; w, W)$:`;
    code(`
      const withOne = (x) => concat([ones([x.shape[0], 1]), x], 1);
      const f = (x, { W, w }) => withOne(withOne(x).matmul(W).relu()).matmul(w);`);
    const withOne = (inputs: Tensor) => concat([ones([inputs.shape[0], 1], "float64"), inputs], 1);
    const f = (inputs: Tensor, weights: Weights) => withOne(withOne(inputs).matmul(weights.W).relu()).matmul(weights.w);
    const y = f(x, { W, w });
    const cases = (x.toArray() as number[][]).map(([a, b], i) => {
      const [z1, z2] = [a + b, a + b - 1];
      return { a, b, z1, z2, h1: relu(z1), h2: relu(z2), y: y.data()[i] };
    });
    const last = cases[3];
    prose`With both inputs at 1, number by number:`;
    numbers`h₁ = max(0, 0 + 1·${last.a} + 1·${last.b}) = ${last.h1}`;
    numbers`h₂ = max(0, −1 + 1·${last.a} + 1·${last.b}) = ${last.h2}`;
    numbers`y = 0 + 1·${last.h1} − 2·${last.h2} = ${last.y}`;
    table(
      "All four cases",
      ["$x₁$", "$x₂$", "$h₁$", "$h₂$", "$y$"],
      cases.map(({ a, b, h1, h2, y }) => [a, b, h1, h2, y]),
    );
    check("outputs", [0, 1, 1, 0], y);
    check("hidden units", [[0, 0], [1, 0], [1, 0], [2, 1]], cases.map(({ h1, h2 }) => [h1, h2])); // biome-ignore format: a table

    heading("The surface");
    prose`A network answers for every point of the plane, not for the four only. Its answer is a surface made of flat pieces, one for each
      combination of bends: up to the first bend, a ramp, and down again twice as steep.`;
    const surface = (weights: Weights) => {
      const size = 61;
      const side = Array.from({ length: size }, (_, i) => -0.5 + (2 * i) / (size - 1));
      const grid = tensor(
        side.flatMap((a) => side.map((b) => [a, b])),
        f64,
      );
      return { size, values: f(grid, weights).data() };
    };
    const corners = cases.map(({ a, b }, i) => ({ at: [a, b] as const, above: t.data()[i] > 0.5 }));
    const axes = {
      x: { name: "x₁", low: -0.5, high: 1.5 },
      y: { name: "x₂", low: -0.5, high: 1.5 },
      middle: 0.5,
      points: corners,
    };
    const title = "The surface of the given weights";
    picture(title, surfaceFigure({ title, ...axes, ...surface({ W, w }) }));
    prose`In the new coordinates $(h₁, h₂)$ the two middle cases are one and the same point, (1, 0), between (0, 0) and (2, 1). There a
      straight line parts the classes. That is what hidden layers are for: to move the points to where the last, linear layer can do its
      work.`;

    heading("Learned");
    prose`Nobody sets weights by hand. We choose a loss, the mean squared error over the four cases,`;
    formula`R(w, W) = ¼·((y₁ − t₁)² + (y₂ − t₂)² + (y₃ − t₃)² + (y₄ − t₄)²)`;
    const [rate, steps, runs] = [given("learning rate", 0.1), given("steps", 2000), given("starts", 20)];
    prose`start from random weights and walk downhill, ${steps} steps with learning rate ${rate}. There is no formula for the best weights any
      more, as there is for a linear predictor: now the features change along with them.`;
    const loss = (weights: Weights) => f(x, weights).sub(t).square().mean();
    const step = compile((weights: Weights) => {
      const { value, gradient } = valueAndGrad(loss)(weights);
      return { value, next: mapTree((a, g) => a.sub(g.mul(rate)), weights, gradient) };
    });
    const learn = (hidden: number, seed: number) => {
      const [one, two] = random.split(random.key(seed));
      let weights: Weights = {
        W: random.normal(one, [3, hidden], f64),
        w: random.normal(two, [hidden + 1], f64),
      };
      const losses: number[] = [];
      for (let k = 0; k < steps; k++) {
        const { value, next } = step(weights);
        losses.push(value.item());
        weights = next;
      }
      return { weights, losses, last: loss(weights).item() };
    };
    const trained = (hidden: number) => Array.from({ length: runs }, (_, seed) => learn(hidden, seed));
    const two = trained(2);
    const solved = (all: readonly { last: number }[]) => all.filter(({ last }) => last < 1e-4).length;
    prose`With two hidden units ${solved(two)} of ${runs} random starts find a solution. The others come to rest where the loss is
      higher and every direction leads up or along a plain: the loss has more than one valley, and a unit whose input is negative in all four cases has
      slope 0 and learns no more. With more hidden units than are needed it becomes easier:`;
    const eight = trained(8);
    const counts = [
      { hidden: 2, found: solved(two) },
      { hidden: 4, found: solved(trained(4)) },
      { hidden: 8, found: solved(eight) },
    ];
    table(
      `Of ${runs} random starts, how many learn exclusive or`,
      ["hidden units", "starts that succeed"],
      counts.map(({ hidden, found }) => [hidden, found]),
    );
    const best = two.reduce((a, b) => (a.last <= b.last ? a : b));
    const worst = two.reduce((a, b) => (a.last >= b.last ? a : b));
    check("learned outputs", [0, 1, 1, 0], f(x, best.weights), 3);
    check("some starts fail with two hidden units", true, solved(two) < runs);
    check("more hidden units, more success", true, counts[2].found > counts[0].found);
    plot({
      title: "Two runs with two hidden units",
      x: "step",
      y: "loss R",
      logarithmic: true,
      curves: [best, worst].map(({ losses }, i) => ({
        name: ["a start that succeeds", "a start that does not"][i],
        colour: i,
        points: losses.map((value, k) => [k, Math.max(value, 1e-12)] as const).filter((_, k) => k % 10 === 0),
      })),
    });
    const learned = "The surface of learned weights";
    picture(learned, surfaceFigure({ title: learned, ...axes, ...surface(best.weights) }));
    const wide = "The surface of eight hidden units, learned";
    picture(
      wide,
      surfaceFigure({ title: wide, ...axes, ...surface(eight.reduce((a, b) => (a.last <= b.last ? a : b)).weights) }),
    );
    prose`Surfaces differ although all of them are right at the four points. Between the points nobody said what should be.`;
  },
);
