// The chain rule: a function within a function.

import { grad, jvp, type Tensor, tensor } from "gradus";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;

export default lesson(
  {
    number: 3,
    title: "The chain rule",
    learn: "how a change travels through a function within a function, which is all that backpropagation does",
    source: "text 000, the chain rule",
  },
  ({ prose, heading, formula, numbers, table, code, given, check, erratum }) => {
    const f = (x: Tensor) => x.square();
    const g = (x: Tensor) => x.mul(2).add(1);
    const h = (x: Tensor) => f(g(x));
    const value = (of: (x: Tensor) => Tensor, x: number) => of(tensor(x, f64)).item();

    prose`A neural network is a function within a function within a function. To train it we must know how its result changes when a
      number deep inside changes. Two functions are enough to see how that goes:`;
    formula`f(x) = x²`;
    formula`g(x) = 2·x + 1`;
    formula`h(x) = f(g(x)) = (2·x + 1)²`;

    heading("Two slopes, multiplied");
    const x = given("x", 3);
    const gx = value(g, x);
    prose`Stand at $x = ${x}$. The inner function gives`;
    numbers`g(x) = 2·${x} + 1 = ${gx}`;
    const innerSlope = value(grad(g), x);
    const outerSlope = value(grad(f), gx);
    prose`Move $x$ a little to the right. Then $g$ moves ${innerSlope} times as far, for its slope is $g′(x) = ${innerSlope}$
      everywhere. The outer function sees only $g$. It stands at $g = ${gx}$, where its slope is`;
    numbers`f′(g(x)) = 2·g(x) = 2·${gx} = ${outerSlope}`;
    prose`so that it moves ${outerSlope} times as far again. Two magnifications in a row multiply:`;
    formula`h′(x) = f′(g(x))·g′(x)`;
    const slope = value(grad(h), x);
    numbers`h′(x) = ${outerSlope}·${innerSlope} = ${slope}`;
    check("g(3)", 7, gx);
    check("g′(3)", 2, innerSlope);
    check("f′(g(3))", 14, outerSlope);
    check("h′(3)", 28, slope);
    check("the product of the slopes", slope, outerSlope * innerSlope);
    prose`This is the chain rule. The slope of the outer function is taken where the inner one has arrived, not at $x$.`;

    heading("The same by algebra");
    prose`Here one can do without it. Multiplied out, $h(x) = 4·x² + 4·x + 1$, whose derivative is`;
    formula`h′(x) = 8·x + 4`;
    numbers`h′(x) = 8·${x} + 4 = ${8 * x + 4}`;
    const points = given("points", [-2, -0.5, 0, 1, 3]);
    table(
      "Both ways, and what Gradus computes",
      ["$x$", "$f′(g(x))·g′(x)$", "$8·x + 4$", "grad(h)(x)"],
      points.map((at) => [at, value(grad(f), value(g, at)) * value(grad(g), at), 8 * at + 4, value(grad(h), at)]),
    );
    check(
      "(f∘g)′ = 8x + 4",
      points.map((at) => 8 * at + 4),
      points.map((at) => value(grad(h), at)),
    );
    prose`For a network nobody multiplies out. The chain rule needs only the slope of each function, where it is, and one
      multiplication per link. The program says no more than the mathematics:`;
    code(`
      import { grad, tensor } from "gradus";
      const f = (x) => x.square();
      const g = (x) => x.mul(2).add(1);
      const h = (x) => f(g(x));
      grad(h)(tensor(3));      // 28`);

    heading("Two directions");
    const { value: hx, tangent: moved } = jvp(h, [tensor(x, f64)], [tensor(1, f64)]);
    prose`The product can be worked out from either end. From the inside outwards: a nudge of 1 to $x$ is a nudge of ${innerSlope} to
      $g$ and of ${moved} to $h$, while $h$ itself is computed along the way, ${hx}. From the outside inwards: $h$ counts $g$ with
      weight ${outerSlope}, and therefore $x$ with weight ${slope}. The second direction asks how much every inner number counts for the
      one result. It answers for all of them in one sweep, however many there are, and is called backpropagation; lesson ${7} begins
      with it.`;
    check("h(3)", 49, hx);
    check("h′(3) from the inside outwards", 28, moved);

    const wrong = outerSlope * gx;
    check("what the misprint would give", 98, wrong);
    erratum`The source prints the chain rule as $f′(g(x))·g(x)$. The prime of $g$ is missing: it is $f′(g(x))·g′(x)$. At
      $x = ${x}$ the misprint gives $${outerSlope}·${gx} = ${wrong}$ instead of ${slope}. The source's own example is worked out correctly.`;
  },
);
