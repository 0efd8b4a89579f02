// Stationary points: minima, maxima, saddles, and what second derivatives tell of them.

import { grad, hessian, type Tensor, tensor } from "gradus";
import { classifyStationaryPoint, gradientDescent } from "gradus/analysis";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;
const at = (f: (x: Tensor) => Tensor, x: number) => f(tensor(x, f64)).item();

export default lesson(
  {
    number: 26,
    title: "Minima, maxima, saddles",
    learn: "to tell by first and second derivatives what kind of place a level point is, and when a minimum is the lowest of all",
    source: "text 004, optimality conditions; text 002, local minima",
    concepts: ["local / global minimizers; first- and second-order optimality conditions"],
  },
  ({ prose, heading, formula, numbers, table, plot, contours, given, check }) => {
    prose`A point $x*$ is a global minimizer of $f$ when $f(x*) ≤ f(x)$ for all $x$, and a local minimizer when this holds for all $x$ near it.
      If it is even $<$ for all other $x$ near it, the minimum is strict. How does one recognise such a point without looking at all the others?`;

    heading("Level ground");
    prose`If the slope at a point is not 0, a small step against it goes down; so the point is no minimum. At a local minimizer, therefore,`;
    formula`∇f(x*) = 0`;
    prose`the first-order condition. Points that satisfy it are called stationary. Not all of them are minima, and this is where the second
      derivative helps: near a stationary point the function looks like its best parabola.`;
    formula`f(x) ≈ f(x*) + ½·(x − x*)·H·(x − x*)`;
    prose`At a local minimizer no direction may bend down: $H$ is positive semidefinite. That is the second-order condition. It is necessary; if $H$
      is positive definite, it is also enough, and the minimum is strict. If some eigenvalue is 0, the parabola is flat there and the decision
      is left to higher derivatives.`;
    const cases = [
      { shown: "x² + y²", text: "x^2+y^2", point: [0, 0], kind: "strict local minimum" },
      { shown: "−x² − y²", text: "-x^2-y^2", point: [0, 0], kind: "strict local maximum" },
      { shown: "x² − y²", text: "x^2-y^2", point: [0, 0], kind: "saddle" },
      { shown: "x³", text: "x^3", point: [0], kind: "inflection" },
      { shown: "x⁴", text: "x^4", point: [0], kind: "global minimum" },
      { shown: "x + y²", text: "x+y^2", point: [0, 0], kind: "not stationary" },
    ];
    const found = cases.map(({ text, point }) => classifyStationaryPoint(text, point));
    table(
      "At the origin",
      ["$f$", "eigenvalues of $H$", "what it is", "why"],
      cases.map(({ shown }, i) => {
        const { eigenvalues, kind, reason } = found[i];
        return [
          `$${shown}$`,
          `(${eigenvalues.map(({ lower, upper }) => String((lower + upper) / 2).replace("-", "−")).join(", ")})`,
          kind,
          reason,
        ];
      }),
    );
    check(
      "kinds",
      cases.map(({ kind }) => kind),
      found.map(({ kind }) => kind),
    );
    const side = Array.from({ length: 49 }, (_, i) => -1.5 + i / 16);
    contours({
      title: "A saddle: x² − y² rises to the sides and falls up and down",
      x: "x",
      y: "y",
      xs: side,
      ys: side,
      values: side.flatMap((x) => side.map((y) => x * x - y * y)),
      levels: 12,
      marks: [{ at: [0, 0], label: "stationary", colour: 1 }],
    });

    heading("Two valleys");
    prose`A function with two valleys, one deeper than the other:`;
    formula`f(x) = x⁴ − 2·x² + 0.3·x`;
    formula`f′(x) = 4·x³ − 4·x + 0.3`;
    formula`f″(x) = 12·x² − 4`;
    const f = (x: Tensor) => x.pow(4).sub(x.square().mul(2)).add(x.mul(0.3));
    const starts = given("starts", [-2, 2]);
    const valleys = starts.map((start) =>
      gradientDescent(f, tensor(start, f64), { step: 0.02, stop: { iterations: 2000, gradientNorm: 1e-13 } }).x.item(),
    );
    const top = newtonRoot(
      (x) => 4 * x ** 3 - 4 * x + 0.3,
      (x) => 12 * x * x - 4,
      0,
    );
    const points = [valleys[0], top, valleys[1]];
    const kinds = points.map((x) => classifyStationaryPoint("x^4-2*x^2+0.3*x", x));
    table(
      "Its stationary points",
      ["$x$", "$f(x)$", "$f′(x)$ rounded", "$f″(x)$", "what it is"],
      points.map((x, i) => [
        x,
        at(f, x),
        at(grad(f), x).toFixed(9).replace("-0.000000000", "0.000000000"),
        at(grad(grad(f)), x),
        kinds[i].kind,
      ]),
      6,
    );
    check(
      "slopes there",
      [0, 0, 0],
      points.map((x) => at(grad(f), x)),
      9,
    );
    check(
      "second derivatives there",
      points.map((x) => 12 * x * x - 4),
      points.map((x) => at(grad(grad(f)), x)),
      9,
    );
    check(
      "kinds of the three",
      ["strict local minimum", "strict local maximum", "strict local minimum"],
      kinds.map(({ kind }) => kind),
    );
    prose`Started at ${starts[0]}, gradient descent ends in the left valley, at ${points[0]}; started at ${starts[1]}, in the right one, at
      ${points[2]}. Both are local minimizers, and nothing that can be seen from within the right valley says that there is a lower place
      elsewhere:`;
    numbers`f(${points[0]}) = ${at(f, points[0])} < ${at(f, points[2])}`;
    check("the left valley is deeper", true, at(f, points[0]) < at(f, points[2]));
    const xs = Array.from({ length: 121 }, (_, i) => -1.7 + (3.4 * i) / 120);
    plot({
      title: "Two valleys and a hill between",
      x: "x",
      y: "f(x)",
      curves: [{ name: "x⁴ − 2x² + 0.3x", colour: 0, points: xs.map((x) => [x, at(f, x)] as const) }],
      marks: points.map((x, i) => ({
        at: [x, at(f, x)] as const,
        label: ["global minimum", "maximum", "local minimum"][i],
        colour: 1,
      })),
    });
    prose`Only for convex functions does “local” imply “global” (lesson ${24}). A network's loss is not convex, and gradient descent promises no
      more than a place where the slope is nearly 0.`;

    heading("Saddles are left, in time");
    prose`In many dimensions a stationary point is seldom a minimum, since all eigenvalues would have to be positive. Most are saddles. Gradient
      descent that starts exactly on the ridge of a saddle runs into it; the least nudge aside, and it slides away:`;
    const saddle = (v: Tensor) =>
      v
        .square()
        .mul(tensor([1, -1], f64))
        .sum()
        .add(v.slice([1]).pow(4).sum().mul(0.25));
    const nudge = given("nudge", 1e-6);
    const path = (y: number) =>
      gradientDescent(saddle, tensor([1, y], f64), { step: 0.1, stop: { iterations: 300, gradientNorm: 0 } });
    const [ridge, aside] = [path(0), path(nudge)];
    formula`f(x, y) = x² − y² + ¼·y⁴`;
    table(
      "From (1, 0) and from (1, 0.000001)",
      ["steps", "$y$ from the ridge", "$y$ from beside it", "$f$ from beside it"],
      given("steps shown", [0, 20, 60, 100, 300]).map((k) => [
        k,
        ridge.path.points[k]?.[1] ?? 0,
        aside.path.points[k]?.[1] ?? aside.path.last.x[1],
        aside.path.values[k] ?? aside.value,
      ]),
      6,
    );
    const H = hessian(saddle)(tensor([0, 0], f64)) as unknown as Tensor;
    check("Hessian at the saddle", [[2, 0], [0, -2]], H); // biome-ignore format: a matrix
    check("on the ridge it stays", 0, ridge.path.last.x[1]);
    check("beside it it ends in a valley, where y² = 2", Math.SQRT2, aside.path.last.x[1], 6);
    check("value of the valley", -1, aside.value, 9);
    prose`Each step multiplies $y$ by 1.2 as long as it is small, so that even a millionth is grown up after some 80 steps. Near a saddle training
      slows down, which can be mistaken for its end.`;
    check("growth of y near the saddle", 1.2, (aside.path.points[11]?.[1] ?? 0) / (aside.path.points[10]?.[1] ?? 1), 9);
    given("about 80 steps", Math.round(Math.log(1e6) / Math.log(1.2) / 10) * 10);
  },
);

/** A root of f near x by Newton's method. */
function newtonRoot(f: (x: number) => number, slope: (x: number) => number, x: number): number {
  let root = x;
  for (let k = 0; k < 20; k++) root -= f(root) / slope(root);
  return root;
}
