// Two iterations of training, every number written down: exactly, by hand, and as the source printed them.

import { compile, mapTree, optim, type Tensor, tensor, valueAndGrad } from "gradus";
import { digits, draw, type Explanation, explain, lesson } from "gradus/explain";

type Weights = { readonly W1: Tensor; readonly b1: Tensor; readonly W2: Tensor; readonly b2: Tensor };
const double = { dtype: "float64" } as const;

/** Two logistic hidden units, one logistic output, half the squared error. */
function network({ W1, b1, W2, b2 }: Weights, x: Tensor, t: Tensor): Tensor {
  const z1 = W1.matmul(x).add(b1);
  const h = z1.logistic();
  const z2 = W2.matmul(h).add(b2);
  const y = z2.logistic();
  const L = y.sub(t).square().mul(0.5);
  return L;
}

export default lesson(
  {
    number: 10,
    title: "Two iterations by hand",
    learn: "to carry out training of a network on paper, and to tell rounding from mistakes",
    source: "text 003, training a simple neural network",
    concepts: ["backpropagation on a graph", "gradient descent with step size and tolerance"],
  },
  async ({ prose, heading, formula, numbers, table, plot, code, picture, explanation, given, check, erratum }) => {
    prose`A network is trained by repeating three things: compute its output and the loss, compute how the loss depends on every weight, move
      every weight a little against that. Nothing in it is beyond paper and pencil. We do it twice, for a network with two inputs, two
      hidden units and one output, all units logistic.`;
    formula`z₁ = W₁·x + b₁`;
    formula`h = σ(z₁)`;
    formula`z₂ = W₂·h + b₂`;
    formula`y = σ(z₂)`;
    formula`L = ½·(y − t)²`;
    const x = given("x", tensor([1, 2], double));
    const t = given("t", tensor(1, double));
    const start: Weights = {
      W1: given("W₁", tensor([[0.2, 0.4], [-0.5, 0.3]], double)), // biome-ignore format: a matrix
      b1: given("b₁", tensor([0.1, -0.2], double)),
      W2: given("W₂", tensor([0.7, -0.3], double)),
      b2: given("b₂", tensor(0.05, double)),
    };
    const rate = given("η", 0.1);
    prose`There is one example, $x = ${x}$ with the target $t = ${t}$, and the step size is $η = ${rate}$. The weights start at
      $W₁ = ${start.W1}$, $b₁ = ${start.b1}$, $W₂ = ${start.W2}$ and $b₂ = ${start.b2}$.`;

    heading("The first iteration, exactly");
    prose`${"explain"} works it out. In the program the network is a function like any other; the names are those of its variables.`;
    code(`
      function network({ W1, b1, W2, b2 }, x, t) {
        const z1 = W1.matmul(x).add(b1);
        const h = z1.logistic();
        const z2 = W2.matmul(h).add(b2);
        const y = z2.logistic();
        const L = y.sub(t).square().mul(0.5);
        return L;
      }
      const optimizer = optim.sgd({ learningRate: 0.1 });
      explain(network, [weights, x, t], { optimizer, iterations: 2 });`);
    const optimizer = optim.sgd({ learningRate: rate });
    const work = (options: object): Explanation =>
      explain(network, [start, x, t], { optimizer, title: "The network", ...options });
    explanation(work({ digits: 10 }));
    const graph = "The graph of the network, with values and error signals";
    picture(graph, await draw(network, [start, x, t], { format: "svg", show: ["values", "errors"] }));
    prose`The source calls $∂L/∂z₂$ and $∂L/∂z₁$ error signals, $δ₂$ and $δ₁$. The rule behind every line of the way back is the same: what comes from
      above, times the slope of this line. For the logistic function the slope is $y·(1 − y)$.`;

    heading("Both iterations");
    const exact = work({ digits: 10, iterations: 2 });
    const at = (k: number, quantity: string) => forwardOf(exact, k, quantity);
    const shown = [0, 1].map((k) => ({
      z1: at(k, "z1"),
      h: at(k, "h"),
      z2: at(k, "z2"),
      y: at(k, "y"),
      L: at(k, "L"),
      delta2: backwardOf(exact, k, "z2"),
      delta1: backwardOf(exact, k, "z1"),
    }));
    const figures = (values: readonly number[]) => values.map((v) => digits(v, 10).text).join(", ");
    table(
      "With ten digits after the point",
      ["", "iteration 1", "iteration 2"],
      (
        [["$z₁$", "z1"], ["$h$", "h"], ["$z₂$", "z2"], ["$y$", "y"], ["$L$", "L"], ["$δ₂ = ∂L/∂z₂$", "delta2"], ["$δ₁ = ∂L/∂z₁$", "delta1"]] as const // biome-ignore format: pairs
      )
        .map(([name, key]) => [name, ...shown.map((row) => figures(row[key]))]),
    );
    const expected = [
      {
        z1: [1.1, -0.1],
        h: [0.7502601056, 0.4750208125],
        z2: [0.4326758302],
        y: [0.6065124506],
        L: [0.0774162258],
        delta2: [-0.0939078096],
        delta1: [-0.0123168465, 0.0070255073],
      },
      {
        z1: [1.1073901079, -0.1042153044],
        h: [0.7516422268, 0.4739697288],
        z2: [0.4507594296],
        y: [0.61081978],
        L: [0.0757306218],
        delta2: [-0.0925155235],
        delta1: [-0.0122109912, 0.0068169643],
      },
    ];
    for (const k of [0, 1]) {
      for (const key of ["z1", "h", "z2", "y", "L", "delta2", "delta1"] as const)
        check(`${key} in iteration ${k + 1}`, expected[k][key], shown[k][key]);
    }
    const updated = (k: number) => ["W1", "b1", "W2", "b2"].map((name) => updateOf(exact, k, name));
    const [afterOne, afterTwo] = [updated(0), updated(1)];
    const parts = (after: readonly (readonly number[])[]) => [after[0].slice(0, 2), after[0].slice(2), ...after.slice(1)];
    table(
      "The weights after each iteration",
      ["", "after 1", "after 2"],
      ["$W₁$, first row", "$W₁$, second row", "$b₁$", "$W₂$", "$b₂$"].map((name, i) => [
        name,
        figures(parts(afterOne)[i]),
        figures(parts(afterTwo)[i]),
      ]),
    );
    const known = [
      [[0.2012316846, 0.4024633693, -0.5007025507, 0.2985948985], [0.1012316846, -0.2007025507], [0.7070455283, -0.2955391836], [0.059390781]], // biome-ignore format: rows
      [[0.2024527838, 0.4049055675, -0.5013842472, 0.2972315057], [0.1024527838, -0.2013842472], [0.7139993857, -0.2911542278], [0.0686423333]], // biome-ignore format: rows
    ];
    for (const [k, after] of [afterOne, afterTwo].entries())
      for (const [i, name] of ["W₁", "b₁", "W₂", "b₂"].entries()) check(`${name} after ${k + 1}`, known[k][i], after[i]);

    heading("Going on");
    const run = train(start, x, t, rate, 1000);
    prose`After two iterations the output has hardly moved from ${shown[0].y[0]} towards 1. After ${10} updates it is ${run[10].y}, after ${100}
      it is ${run[100].y}, after ${1000} it is ${run[1000].y}. It never gets there: the slope $y·(1 − y)$ dies away as $y$ comes near 1.`;
    check("y after 10 updates", 0.6462154402, run[10].y);
    check("y after 100", 0.811958133, run[100].y);
    check("y after 1000", 0.9465655095, run[1000].y);
    plot({
      title: "A thousand iterations",
      x: "iteration",
      y: "",
      curves: [
        { name: "output y", colour: 0, points: run.map(({ y }, k) => [k, y] as const) },
        { name: "loss L", colour: 1, points: run.map(({ L }, k) => [k, L] as const) },
      ],
    });

    heading("On paper");
    prose`Nobody carries sixteen digits on paper. One rounds each result, writes it down, and goes on with what is written. With four
      digits after the point in every line:`;
    code(`
      explain(network, [weights, x, t], {
        optimizer, iterations: 2, digits: 4, rounding: "by hand",
      });`);
    const byHand = work({ digits: 4, rounding: "by hand", iterations: 2 });
    explanation(byHand);
    const paper = [0, 1].map((k) => ({ y: forwardOf(byHand, k, "y")[0], L: forwardOf(byHand, k, "L")[0] }));
    table(
      "Where the digits differ from the exact ones",
      ["iteration", "quantity", "by hand", "exact"],
      byHand.differences.map(({ iteration, quantity, index, byHand: rounded, exact: value }) => [
        iteration,
        `${quantity}${index.length > 0 ? `[${index.map((i) => i + 1).join(",")}]` : ""}`,
        digits(rounded, 4),
        digits(value, 4),
      ]),
    );
    prose`A unit in the last place here and there, and outputs and losses agree: ${paper.map(({ y }) => y)} and ${paper.map(({ L }) => L)}.`;
    check("by hand with four digits: outputs", [0.6065, 0.6108], paper.map(({ y }) => y)); // biome-ignore format: one line
    check("by hand with four digits: losses", [0.0774, 0.0757], paper.map(({ L }) => L)); // biome-ignore format: one line

    heading("As the source has it");
    const source = given("the source's table", [[0.606, 0.0777], [0.6109, 0.0757]]); // biome-ignore format: a table
    prose`The source rounds as one does in class, to three digits at first, later to four or five. We follow it line by line, with its own
      digits.`;
    const h1 = written(sigmoid(1.1), 3);
    const h2 = written(sigmoid(-0.1), 3);
    numbers`h₁ = σ(1.1) = ${h1.figure}`;
    numbers`h₂ = σ(−0.1) = ${h2.figure}`;
    const z2 = 0.7 * h1.kept - 0.3 * h2.kept + 0.05;
    numbers`z₂ = 0.7·${h1.text} − 0.3·${h2.text} + 0.05 = ${digits(z2, 4)}`;
    const y = written(sigmoid(z2), 3);
    numbers`y = σ(${digits(z2, 4)}) = ${y.figure}`;
    prose`That is where the ${digits(source[0][0], 4)} of the source's table comes from. With four digits $σ(${digits(z2, 4)})$ is ${digits(sigmoid(z2), 4)}. The source kept three,
      ${y.text}, and put a zero behind it to fill the column. The last digit of the table is not a digit of $y$.`;
    check("y with three digits, written with four", source[0][0], y.kept);
    check("the exact y to three digits is another", 0.607, Number(shown[0].y[0].toFixed(3)));
    const L = written(0.5 * (y.kept - 1) ** 2, 4);
    numbers`L = ½·(${y.text} − 1)² = ${L.figure}`;
    erratum`The source prints ${digits(source[0][1], 4)} for this loss. With its own $y$ it is ${L.text}; exactly it is ${shown[0].L[0]}. And it calls $½·(y − t)²$ the mean squared error: of a
      single example the mean squared error has no ½.`;
    check("the first loss with the source's rounding", 0.0776, L.kept);
    prose`The second iteration starts from the weights that the source has written down, $W₂ = (${fifth(0.70705)}, ${fifth(-0.29553)})$ and
      $b₂ = ${0.0594}$, and from $h = (${0.7516}, ${fifth(0.47397)})$, all correct.`;
    const second = 0.70705 * 0.7516 - 0.29553 * 0.47397 + 0.0594;
    numbers`0.70705·0.7516 = ${digits(0.70705 * 0.7516, 5)}`;
    numbers`0.29553·0.47397 = ${digits(0.29553 * 0.47397, 5)}`;
    numbers`z₂ = 0.70705·0.7516 − 0.29553·0.47397 + 0.0594 = ${digits(second, 5)}`;
    const ySecond = written(sigmoid(second), 4);
    numbers`y = σ(${digits(second, 5)}) = ${ySecond.figure}`;
    const printed = given("products and sum in the source", [0.53177, 0.14016, 0.45101]);
    const slipped = written(sigmoid(printed[2]), 4);
    erratum`The source has ${fifth(printed[0])} and ${fifth(printed[1])} for the two products, so $z₂ = ${fifth(printed[2])}$, and with that
      $y = σ(${fifth(printed[2])}) = ${slipped.text}$. That is its ${digits(source[1][0], 4)}: no rounding, but two products that are wrong in the fourth digit. Rightly
      it is ${ySecond.text}, and exactly ${digits(shown[1].y[0], 10)}.`;
    check("the second output with the source's z₂", source[1][0], slipped.kept);
    check("the second output from the source's own weights", 0.6108, ySecond.kept);
    const LSecond = written(0.5 * (slipped.kept - 1) ** 2, 4);
    numbers`L = ½·(${slipped.text} − 1)² = ${LSecond.figure}`;
    prose`The second loss is right all the same: ${digits(source[1][1], 4)} from either output.`;
    check("the second loss", source[1][1], LSecond.kept);
    check("the second loss from the right output", source[1][1], Number((0.5 * (ySecond.kept - 1) ** 2).toFixed(4)));
    const delta = (slipped.kept - 1) * slipped.kept * (1 - slipped.kept);
    erratum`For the second $δ₂$ the source prints ${given("δ₂ of the source", -0.0924)}. Its own factors give ${digits(delta, 4)}, and that is what its next lines use. A little
      later it has ${digits(0.249, 4)} for $h₂·(1 − h₂)$, which is ${digits(0.47397 * (1 - 0.47397), 4)}.`;
    check("the second δ₂ from the source's factors", -0.0925, Number(delta.toFixed(4)));
    table(
      "The table over the iterations, four times",
      ["iteration", "", "exact", "four digits by hand", "the source's digits", "the source prints"],
      [
        [1, "$y$", digits(shown[0].y[0], 10), digits(paper[0].y, 4), y.text, digits(source[0][0], 4)],
        [1, "$L$", digits(shown[0].L[0], 10), digits(paper[0].L, 4), L.text, digits(source[0][1], 4)],
        [2, "$y$", digits(shown[1].y[0], 10), digits(paper[1].y, 4), ySecond.text, digits(source[1][0], 4)],
        [2, "$L$", digits(shown[1].L[0], 10), digits(paper[1].L, 4), LSecond.text, digits(source[1][1], 4)],
      ],
    );
    const change = shown[1].L[0] - shown[0].L[0];
    prose`The loss falls by ${-change} in the second iteration. From the source's table one would read ${source[0][1] - source[1][1]}, a fifth more than that: a
      difference of two rounded numbers has fewer correct digits than either of them.`;
    check("change of the loss", 0.0757306218 - 0.0774162258, change, 9);
  },
);

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

const fifth = (x: number) => digits(x, 5);

/** A result, and what is written down of it and carried on. */
function written(value: number, count: number) {
  const figure = digits(value, count);
  return { figure, text: figure.text, kept: Number(figure.text.replace("−", "-")) };
}

function entriesOf(step: { readonly value: { readonly entries?: readonly number[] } } | undefined): readonly number[] {
  return step?.value.entries ?? [];
}

const forwardOf = ({ iterations }: Explanation, k: number, quantity: string) =>
  entriesOf(iterations[k].forward.find((step) => step.quantity === quantity));
const backwardOf = ({ iterations }: Explanation, k: number, quantity: string) =>
  entriesOf(iterations[k].backward.find((step) => step.of === quantity));
const updateOf = ({ iterations }: Explanation, k: number, quantity: string) =>
  entriesOf(iterations[k].updates.find((step) => step.quantity === quantity));

/** Output and loss before the first update and after each. */
function train(start: Weights, x: Tensor, t: Tensor, rate: number, updates: number): { y: number; L: number }[] {
  const step = compile((w: Weights) => {
    const { value, gradient } = valueAndGrad((v: Weights) => network(v, x, t))(w);
    return { value, next: mapTree((p, g) => p.sub(g.mul(rate)), w, gradient) };
  });
  let w = start;
  return Array.from({ length: updates + 1 }, () => {
    const { value, next } = step(w);
    w = next;
    const L = value.item();
    // y lies below t all the way.
    return { y: t.item() - Math.sqrt(2 * L), L };
  });
}
