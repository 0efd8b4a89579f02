// Exclusive or, and every other table of truth values, by threshold units.

import { hardThreshold, type Tensor, tensor } from "gradus";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;

/** A layer of threshold units: weights [units, inputs], biases [units]. */
type Layer = { readonly weights: readonly (readonly number[])[]; readonly biases: readonly number[] };

const fire = (x: Tensor, { weights, biases }: Layer) =>
  hardThreshold(x.matmul(tensor(weights, f64).transpose()).add(tensor(biases, f64)));

export default lesson(
  {
    number: 5,
    title: "Logic from threshold units",
    learn: "that AND, OR and NOT are single units, so that every Boolean circuit is a network",
    source: "text 002, designing a network to compute XOR",
  },
  ({ prose, heading, formula, numbers, table, given, check }) => {
    prose`The oldest model of a nerve cell adds up its inputs, each with a weight, and fires when the sum is above a threshold. With the
      threshold moved to the left side as a bias $b$, the unit is`;
    formula`y = step(w₁·x₁ + w₂·x₂ + b)`;
    formula`step(z) = 1 if z > 0, else 0`;

    heading("AND, OR, NOT");
    prose`Three of these units are the bricks of logic. With inputs that are 0 or 1:`;
    const x = given("x", tensor([[0, 0], [0, 1], [1, 0], [1, 1]], f64)); // biome-ignore format: a table
    const [or, and] = [given("bias of OR", -0.5), given("bias of AND", -1.5)];
    formula`x₁ OR x₂ = step(x₁ + x₂ − 0.5)`;
    formula`x₁ AND x₂ = step(x₁ + x₂ − 1.5)`;
    formula`NOT x₁ = step(0.5 − x₁)`;
    prose`OR needs one input at 1 to be above 0, AND needs both, NOT fires unless its input does.`;

    heading("Exclusive or");
    prose`One such unit draws one straight line, so none of them can be exclusive or. Two layers can: one of the inputs, but not both.`;
    formula`h₁ = x₁ OR x₂`;
    formula`h₂ = x₁ AND x₂`;
    formula`y = h₁ AND NOT h₂ = step(h₁ − h₂ − 0.5)`;
    const hidden = fire(x, { weights: [[1, 1], [1, 1]], biases: [or, and] }); // biome-ignore format: a matrix
    const y = fire(hidden, { weights: [[1, -1]], biases: [or] }).reshape([4]);
    const h = hidden.toArray() as number[][];
    const outputs = Array.from(y.data());
    prose`When both inputs are 1, both hidden units fire, and the output does not:`;
    numbers`h₁ = step(1 + 1 − 0.5) = step(${1 + 1 + or}) = ${h[3][0]}`;
    numbers`h₂ = step(1 + 1 − 1.5) = step(${1 + 1 + and}) = ${h[3][1]}`;
    numbers`y = step(${h[3][0]} − ${h[3][1]} − 0.5) = step(${h[3][0] - h[3][1] + or}) = ${outputs[3]}`;
    table(
      "All four cases",
      ["$x₁$", "$x₂$", "$h₁$ = OR", "$h₂$ = AND", "$y$"],
      (x.toArray() as number[][]).map((row, i) => [...row, ...h[i], outputs[i]]),
    );
    check(
      "OR",
      [0, 1, 1, 1],
      h.map((row) => row[0]),
    );
    check(
      "AND",
      [0, 0, 0, 1],
      h.map((row) => row[1]),
    );
    check("XOR", [0, 1, 1, 0], y);

    heading("Every truth table");
    prose`The same works for any function of 0s and 1s. Give each row of its table where the answer is 1 a hidden unit that fires for that
      row only: weight 1 for an input that should be 1, weight −1 for one that should be 0, and as bias ½ minus the number of ones in the
      row. The sum is then ½ for this row, and −½ or less for every other. The output is the OR of these units. Three inputs have 8 rows, and as each row may be answered with 0 or 1 there are 256
      tables. We try them all:`;
    const rows = Array.from({ length: 8 }, (_, i) => [(i >> 2) & 1, (i >> 1) & 1, i & 1]);
    const inputs = tensor(rows, f64);
    const answers = Array.from({ length: 256 }, (_, code) => rows.map((_, i) => (code >> i) & 1));
    const networkOf = (answer: readonly number[]): [Layer, Layer] => {
      const ones = rows.filter((_, i) => answer[i] === 1);
      const weights = ones.map((row) => row.map((bit) => 2 * bit - 1));
      const biases = ones.map((row) => 0.5 - row.reduce((sum, bit) => sum + bit, 0));
      return [
        { weights, biases },
        { weights: [ones.map(() => 1)], biases: [-0.5] },
      ];
    };
    const right = answers.filter((answer) => {
      // A table without ones needs no hidden unit: it is the unit that never fires.
      if (!answer.includes(1))
        return fire(inputs, { weights: [[0, 0, 0]], biases: [-0.5] })
          .data()
          .every((v) => v === 0);
      const [first, second] = networkOf(answer);
      return fire(fire(inputs, first), second)
        .data()
        .every((v, i) => v === answer[i]);
    });
    check("rows", 8, rows.length);
    check("tables of three inputs", 256, answers.length);
    check("tables that the network answers rightly in all rows", 256, right.length);
    prose`All ${right.length} networks answer all ${rows.length} rows rightly. This construction needs as many hidden units as there are ones in the table,
      and that number can double with each further input. Lesson ${14} looks at that price.`;

    heading("Circuits");
    prose`Circuits are often much smaller than tables. Adding two binary digits and a carry takes two tables at once: the sum digit is 1
      when an odd number of inputs is 1, the carry when at least two are. Three units that count do for both: $cₖ$ fires when at least $k$
      of the inputs are 1.`;
    formula`cₖ = step(x₁ + x₂ + x₃ − k + ½)`;
    formula`carry = c₂`;
    formula`sum = step(c₁ − c₂ + c₃ − ½)`;
    const counters = fire(inputs, { weights: [1, 2, 3].map(() => [1, 1, 1]), biases: [1, 2, 3].map((k) => 0.5 - k) });
    const adder = fire(counters, { weights: [[0, 1, 0], [1, -1, 1]], biases: [-0.5, -0.5] }); // biome-ignore format: a matrix
    const digits = adder.toArray() as number[][];
    table(
      "An adder of three digits",
      ["$x₁$", "$x₂$", "$x₃$", "carry", "sum", "in decimal"],
      rows.map((row, i) => [...row, ...digits[i], 2 * digits[i][0] + digits[i][1]]),
    );
    check(
      "2·carry + sum is the number of ones",
      rows.map((row) => row.reduce((sum, bit) => sum + bit, 0)),
      digits.map(([carry, sum]) => 2 * carry + sum),
    );
    prose`So a network can compute whatever a circuit of gates computes. It cannot be found by walking downhill, though: the slope of a
      threshold is 0 wherever it has one, and gives no hint which way to go. That is why the units of trained networks are smooth, or at
      least sloping.`;
  },
);
