// The mean of four numbers, found by gradient descent.

import { grad, type Tensor, tensor } from "gradus";
import { gradientDescent, smoothness } from "gradus/analysis";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;

export default lesson(
  {
    number: 1,
    title: "The mean of four numbers, by walking downhill",
    learn: "what a step of gradient descent does, and how its size decides how fast the steps arrive",
    source: "text 001, gradient descent",
    concepts: ["gradient descent with step size and tolerance"],
  },
  ({ prose, heading, formula, numbers, table, plot, code, given, check }) => {
    const y = given("y", tensor([-4, -2, 2, 4], f64));
    const R = (x: Tensor) => x.sub(y).square().mean();
    const slope = grad(R);
    const slopeAt = (x: number) => slope(tensor(x, f64)).item();

    prose`Which single number stands best for the four numbers ${y}? Say that a guess $x$ is charged the square of its distance from
      each of them, and that the charges are averaged:`;
    formula`R(x) = ¼·((x − y₁)² + (x − y₂)² + (x − y₃)² + (x − y₄)²)`;
    prose`We look for the $x$ where $R$ is least. For this $R$ algebra would do (the answer is the mean), but for a neural network it
      will not, and so we practise on an easy case what works on the hard one: walking downhill.`;
    code(`
      import { grad, tensor } from "gradus";
      const y = tensor([-4, -2, 2, 4]);
      const R = (x) => x.sub(y).square().mean();
      const slope = grad(R);`);

    heading("One step");
    prose`The derivative $R′(x)$ is the slope of the curve over $x$. Where it is positive the curve climbs to the right, so that we go
      left; where it is negative we go right. Gradient descent goes against the slope, and the further the steeper it is. How far is
      set by a number $α$ above zero, the step size or learning rate:`;
    formula`x₁ = x₀ − α·R′(x₀)`;
    prose`Each square $(x − yᵢ)²$ has the derivative $2·(x − yᵢ)$. Averaged over the four, the slope is`;
    formula`R′(x) = ¼·2·((x − y₁) + (x − y₂) + (x − y₃) + (x − y₄))`;
    const x0 = given("x₀", 4);
    const alpha = given("α", 1 / 4);
    const [a, b, c, d] = [-4, -2, 2, 4].map((yi) => x0 - yi);
    const slope0 = slopeAt(x0);
    prose`We start at $x₀ = ${x0}$ with $α = ${alpha}$. The four distances are ${a}, ${b}, ${c} and ${d}; they give the slope, and
      the slope gives the step:`;
    numbers`R′(x₀) = ¼·2·(${a} + ${b} + ${c} + ${d}) = ${slope0}`;
    const x1 = x0 - alpha * slope0;
    numbers`x₁ = x₀ − α·R′(x₀) = ${x0} − ${alpha}·${slope0} = ${x1}`;
    check("R′(x₀)", 8, slope0);
    check("x₁", 2, x1);

    heading("Many steps");
    const descent = gradientDescent((x) => R(x), tensor(x0, f64), { step: alpha, stop: { iterations: 12 } });
    const path = descent.path.points.map(([x]) => x);
    prose`The same again and again. Each row starts where the one above arrived.`;
    table(
      "The first steps",
      ["step", "$x$", "$R(x)$", "$R′(x)$"],
      path.slice(0, 7).map((x, k) => [k, x, descent.path.values[k], slopeAt(x)]),
      6,
    );
    check("x at the steps 0 to 4", [4, 2, 1, 0.5, 0.25], path.slice(0, 5));
    const ratio = path[2] / path[1];
    prose`Every step multiplies the distance to the lowest point by the same factor, ${ratio}. The steps never quite arrive at 0, the
      mean of the four numbers, but they come as near as one likes. A program stops when $x$ hardly moves any more: when a step is
      shorter than a tolerance.`;
    const patient = gradientDescent((x) => R(x), tensor(x0, f64), {
      step: alpha,
      stop: { iterations: 1000, gradientNorm: 1e-12 },
    });
    prose`With the slope below ${1e-12} as the signal to stop, it takes ${patient.iterations} steps.`;
    check("limit", 0, patient.x.item());
    const xs = Array.from({ length: 121 }, (_, i) => -5 + i / 12);
    plot({
      title: "The path on the curve",
      x: "x",
      y: "R(x)",
      curves: [
        { name: "R", colour: 0, points: xs.map((x) => [x, R(tensor(x, f64)).item()] as const) },
        { name: "steps", colour: 1, dots: true, points: path.map((x, k) => [x, descent.path.values[k]] as const) },
      ],
    });

    heading("How long should a step be?");
    const { L: steepest } = smoothness(R);
    const L = steepest.upper ?? Number.NaN;
    prose`Around its lowest point, which is 0 here, the slope is $R′(x) = 2·x$. It grows by ${L} whenever $x$ grows by 1, and
      nowhere faster. Such a bound on how fast the slope can change is called $L$, the smoothness constant of $R$; it is what decides
      about steps. One step takes $x$ to`;
    formula`x − α·L·x = (1 − α·L)·x`;
    prose`so that each step multiplies the distance by the same factor. For our $α$ it is`;
    numbers`1 − α·L = 1 − ${alpha}·${L} = ${1 - alpha * L}`;
    check("L", 2, L);
    check("factor of a step", 0.5, ratio);
    prose`and this is the half that we saw. Other steps have other factors:`;
    const sizes = given("steps to compare", [0.05, 0.25, 0.5, 0.9, 1, 1.1]);
    const outcomes = sizes.map((size) => {
      const run = gradientDescent((x) => R(x), tensor(x0, f64), { step: size, stop: { iterations: 10, gradientNorm: 0 } });
      return { size, after: run.path.last.x[0] };
    });
    const stories = [
      "creeps",
      "halves the distance",
      "arrives at once",
      "jumps from side to side, nearer each time",
      "jumps for ever",
      "runs away",
    ];
    table(
      "Ten steps from the same start",
      ["$α$", "$1 − α·L$", "$x$ at the end", "what it does"],
      outcomes.map(({ size, after }, i) => [size, 1 - size * L, after, stories[i]]),
      4,
    );
    check("the step 1/L arrives at once", 0, outcomes[2].after);
    check("x after ten steps of 1", 4, outcomes[4].after);
    check("x after ten steps of 1.1", x0 * 1.2 ** 10, outcomes[5].after, 9);
    prose`Between 0 and $2/L$ every step size arrives in the end; at $2/L$ or beyond none does. The size $1/L$ is always safe, for this
      function and for every function whose slope changes no faster than $L$. What can be said when $L$ is known is the subject of
      lessons ${15} and ${16}.`;
  },
);
