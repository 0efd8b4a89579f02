// How fast is fast: four kinds of convergence, and gradient descent beside its theorem.

import { softplus, type Tensor, tensor } from "gradus";
import { convergenceRate, type Descent, gradientDescent, newton, smoothness } from "gradus/analysis";
import { lesson } from "gradus/explain";

export default lesson(
  {
    number: 16,
    title: "How fast is fast",
    learn:
      "to tell sublinear, linear, superlinear and quadratic convergence apart, and to hold a run of gradient descent against what is proved about it",
    source: "text 004, convergence rates",
    concepts: ["steepest descent; step 1/L"],
  },
  ({ prose, heading, formula, numbers, table, plot, code, output, given, check }) => {
    const double = { dtype: "float64" } as const;
    prose`A method makes a sequence of points, and each has an error $e_k$: how far it is from the solution, or how far its value is above
      the least. The errors go to zero. How? Count how many steps each further correct digit takes.`;
    const count = given("steps", 30);
    const steps = Array.from({ length: count }, (_, k) => k);
    const sequences = [
      { name: "$1/(k + 1)$", errors: steps.map((k) => 1 / (k + 1)), kind: "sublinear" },
      { name: "$(1/2)^k$", errors: steps.map((k) => 0.5 ** k), kind: "linear" },
      { name: "$(k + 1)^{−(k + 1)}$", errors: steps.slice(0, 14).map((k) => (k + 1) ** -(k + 1)), kind: "superlinear" },
      { name: "$(1/2)^{2^k}$", errors: steps.slice(0, 7).map((k) => 0.5 ** (2 ** k)), kind: "quadratic" },
    ];
    plot({
      title: "Four sequences",
      x: "k",
      y: "error",
      logarithmic: true,
      curves: sequences.map(({ name, errors, kind }, colour) => ({
        name: `${kind}: ${name.replaceAll(/[${}]/g, "")}`,
        colour,
        dots: true,
        points: errors.map((e, k) => [k, Math.max(e, 1e-20)] as const),
      })),
    });
    prose`Linear convergence is a straight line in this picture: a fixed number of steps for every digit, because each step multiplies
      the error by the same $q < 1$. Sublinear convergence flattens: each digit takes longer than the one before. Superlinear bends
      downwards: $e_{k+1}/e_k$ itself goes to zero. Quadratic is the fastest of the four: $e_{k+1}$ is about $C·(e_k)²$, and the number of correct digits
      doubles with every step.`;
    code(`convergenceRate(errors)`);
    const rates = sequences.map(({ errors }) => convergenceRate(errors, 0));
    table(
      "What convergenceRate reads off the numbers alone",
      ["sequence", "kind", "with"],
      sequences.map(({ name }, i) => [name, rates[i].kind, rates[i].value ?? ""]),
    );
    sequences.forEach(({ kind }, i) => {
      check(`kind of sequence ${i + 1}`, kind, rates[i].kind);
    });
    prose`The last column has the exponent $p$ of a sublinear $k^{−p}$, the factor $q$ of a linear one, the order of a superlinear one (it goes to 1 here, so
      slowly that many would call this sequence linear), and the constant $C$ of a quadratic one.`;
    check("exponent of 1/(k + 1)", 1, rates[0].value ?? Number.NaN, 6);
    check("factor of 2^(−k)", 0.5, rates[1].value ?? Number.NaN);
    check("constant of the quadratic one", 1, rates[3].value ?? Number.NaN);

    heading("From a method, not from a formula");
    const steepest = tensor([1, 10], double);
    const quadratic = (x: Tensor) => x.square().mul(steepest).sum().mul(0.5);
    const run = gradientDescent(quadratic, tensor([10, 1], double), { step: 2 / 11, minimum: 0, stop: { iterations: 80 } });
    prose`Gradient descent on $½·(x₁² + 10·x₂²)$ with the step $2/11$ multiplies each coordinate by $±9/11$, and so the error by
      $(9/11)² = ${(9 / 11) ** 2}$. Read off the run: ${run.rate.text}.`;
    given("numbers of the example", [9, 10, 11]);
    check("kind of gradient descent on a quadratic", "linear", run.rate.kind);
    check("its factor", (9 / 11) ** 2, run.rate.value ?? Number.NaN, 8);
    const flat = gradientDescent((x: Tensor) => x.square().square(), tensor(1, double), {
      step: 0.05,
      minimum: 0,
      stop: { iterations: 2000, gradientNorm: 0 },
    });
    prose`On $x⁴$, whose minimum is so flat that the slope dies away before the point is reached, the same method is ${flat.rate.text}.`;
    check("kind of gradient descent on x⁴", "sublinear", flat.rate.kind);
    check("its exponent, near 2", true, Math.abs((flat.rate.value ?? 0) - 2) < 0.1);
    const secant = secantErrors(6);
    const golden = convergenceRate(secant, 0);
    prose`The secant rule for $x² = 2$ replaces the derivative of Newton's method by a difference. Its errors are ${secant}: ${golden.text}. In the limit the order is
      the golden ratio, ${(1 + Math.sqrt(5)) / 2}.`;
    check("kind of the secant rule", "superlinear", golden.kind);
    check("its order, near the golden ratio", true, Math.abs((golden.value ?? 0) - (1 + Math.sqrt(5)) / 2) < 0.1);
    const exact = newton((x: Tensor) => x.exp().sub(x), 0.5, { globalisation: "full", minimizer: 0 });
    const errors = exact.path.points.map(([x]) => Math.abs(x));
    const ofNewton = convergenceRate(errors);
    prose`Newton's method on $exp(x) − x$, started at ½, goes through the errors ${errors}: ${ofNewton.text}. Theory says that
      $C = ½·f‴/f″$, which is ½ at the minimum.`;
    check("kind of Newton's method", "quadratic", ofNewton.kind);
    check("e₄/e₃²", 0.5, errors[4] / errors[3] ** 2, 4);

    heading("What is promised");
    prose`Let $f$ be smooth with the constant $L$, convex or not, and let the step be $1/L$. A step then gains at least $‖∇f‖²/(2·L)$. All gains
      together cannot exceed $f(x₀) − f*$, and so the least of the gradients met in $T$ steps is bounded:`;
    formula`f(x_{k+1}) ≤ f(x_k) − ‖∇f(x_k)‖²/(2·L)`;
    formula`min ‖∇f(x_t)‖ ≤ √(2·L/(T + 1))·√(f(x₀) − f*), t = 0 … T`;
    prose`That is the theorem of the source: sublinear, like $1/√T$. It says nothing about where the walk arrives, only that it becomes flat there. Three
      functions, and in each case the bound beside the run:`;
    const A = tensor([[1, 2], [3, 4], [5, 6]], double); // biome-ignore format: a matrix
    const b = tensor([1, 0, 1], double);
    const y = tensor([1, -1, 1], double);
    const variables = [[2]] as const;
    const squares = (x: Tensor) => A.matmul(x).sub(b).square().sum().mul(0.5);
    const logistic = (x: Tensor) => softplus(A.matmul(x).mul(y).neg()).mean();
    const wavy = (x: Tensor) => x.square().add(x.sin().square().mul(3));
    const constantOf = (f: (x: Tensor) => Tensor, options = {}) => smoothness(f, options).L.upper ?? Number.NaN;
    const L = [constantOf(squares, { variables }), constantOf(logistic, { variables }), constantOf(wavy)];
    const iterations = given("T", 100);
    const walk = (f: (x: Tensor) => Tensor, start: Tensor, k: number, minimum?: number) =>
      gradientDescent(f, start, {
        constants: { L: { value: L[k], status: "proved" } },
        ...(minimum !== undefined && { minimum }),
        stop: { iterations, gradientNorm: 0, movement: -1 },
      });
    const cases = [
      { name: "least squares", run: walk(squares, tensor([4, 4], double), 0) },
      { name: "logistic regression", run: walk(logistic, tensor([4, 4], double), 1) },
      { name: "x² + 3 sin² x", run: walk(wavy, tensor(3, double), 2, 0) },
    ];
    for (const [k, { name, run: r }] of cases.entries()) {
      const [bound, measured] = promise(r, L[k]);
      plot({
        title: `${name}: the least gradient so far`,
        x: "T",
        y: "‖∇f‖",
        logarithmic: true,
        curves: [
          { name: "√(2L/(T+1))·√(f(x₀) − f*)", colour: 4, dashed: true, points: bound.map((v, T) => [T, v] as const) },
          { name: "measured", colour: 0, points: measured.map((v, T) => [T, Math.max(v, 1e-20)] as const) },
        ],
      });
      check(
        `${name}: the measurement stays below the bound`,
        true,
        measured.every((v, T) => v <= bound[T]),
      );
    }
    table(
      "At the end of each run",
      ["function", "$T$", "$L$", "$f(x₀) − f*$", "bound", "measured", "rate of the values"],
      cases.map(({ name, run: r }, k) => {
        const [bound, measured] = promise(r, L[k]);
        const T = measured.length - 1;
        return [name, T, L[k], r.path.values[0] - (r.minimum?.value ?? 0), bound[T], measured[T], r.rate.kind];
      }),
    );
    const [first] = cases;
    const gap = first.run.path.values[0] - (first.run.minimum?.value ?? 0);
    const [bounds] = promise(first.run, L[0]);
    numbers`√(2·${L[0]}/(${iterations} + 1))·√(${gap}) = ${bounds[iterations]}`;
    prose`All three runs are better than promised, and the last much better: near its minimum $x² + 3·sin²(x)$ is a parabola with the curvature 8,
      which is $L$, and for such a parabola the step $1/L$ arrives at once. The bound is made for the worst function there is with this $L$. That is
      its strength: it asks for nothing but $L$.`;
    given("numbers of the third function", [3, 8]);
    check("L of least squares", 90.7354949127, L[0], 9);
    check("L of logistic regression", 90.7354949127 / 12, L[1], 9);
    check("L of x² + 3 sin² x", 8, L[2], 9);

    heading("Every theorem that applies");
    prose`${"gradientDescent"} reports all theorems whose hypotheses are met, each with its bound beside the run, and says of the others what is
      missing. For the function that is not convex:`;
    output(String(cases[2].run));
    for (const { name, run: r } of cases) {
      check(`${name}: every theorem held`, true, r.theorems.length > 0 && r.theorems.every(({ held }) => held));
    }
    check(
      "the theorem of the source is among them",
      true,
      cases.every(({ run: r }) => r.theorems.some(({ id }) => id === "T2")),
    );
  },
);

/** The bound of the theorem for each T, and the least gradient of the run up to it. */
function promise({ path, minimum }: Descent<Tensor>, L: number): readonly [bound: number[], measured: number[]] {
  const gap = path.values[0] - (minimum?.value ?? 0);
  let least = Infinity;
  const measured = path.gradientNorms.map((g) => {
    least = Math.min(least, g);
    return least;
  });
  return [measured.map((_, T) => Math.sqrt((2 * L * gap) / (T + 1))), measured];
}

/** Errors of x_{k+1} = x_k − f(x_k)(x_k − x_{k−1})/(f(x_k) − f(x_{k−1})) on x² − 2. */
function secantErrors(steps: number): number[] {
  const f = (x: number) => x * x - 2;
  let [before, x] = [1, 2];
  const errors = [Math.abs(x - Math.SQRT2)];
  for (let k = 0; k < steps; k++) {
    [before, x] = [x, x - (f(x) * (x - before)) / (f(x) - f(before))];
    errors.push(Math.abs(x - Math.SQRT2));
  }
  return errors;
}
