// How a function looks from close by, how fast it and its slope may change, and what that promises to gradient descent.

import { linalg, softplus, type Tensor, tensor } from "gradus";
import {
  certify,
  checkInequality,
  classifyStationaryPoint,
  definiteness,
  gradientDescent,
  lipschitz,
  smoothness,
  taylor,
} from "gradus/analysis";
import { lesson } from "gradus/explain";

export default lesson(
  {
    number: 15,
    title: "Steep, and suddenly steep",
    learn: "to replace a function by its best line and its best parabola, and to say how fast it and its slope can change",
    source: "text 004, smooth continuous optimization",
    concepts: [
      "Taylor models of order 1 and 2",
      "Jacobian, Hessian, definite / semidefinite / indefinite",
      "Lipschitz f, Lipschitz gradient, L = ‖AᵀA‖₂ for least squares, logistic regression; the equivalent inequalities",
      "local / global minimizers",
    ],
  },
  ({ prose, heading, formula, numbers, table, plot, code, given, check, erratum }) => {
    const double = { dtype: "float64" } as const;
    const middle = ({ lower, upper }: { readonly lower: number | null; readonly upper: number | null }) =>
      lower === null || upper === null ? Number.NaN : lower === upper ? lower : (lower + upper) / 2;

    heading("Taylor's polynomials");
    prose`Whoever knows a function and its derivatives at one point $a$ knows a good deal about it nearby. Taylor's polynomial of order $n$ is
      the one with the same value and the same first $n$ derivatives at $a$:`;
    formula`f(x) ≈ f(a) + f′(a)·(x − a) + f″(a)/2·(x − a)² + … + f⁽ⁿ⁾(a)/n!·(x − a)ⁿ`;
    prose`For the exponential function at 0 all derivatives are 1, and the coefficients are 1, 1, $1/2$, $1/6$ and so on.`;
    const orders = [1, 2, 3, 4, 5, 6];
    const models = orders.map((order) => taylor("exp(x)", 0, { order, radius: 1 }));
    const coefficients = (models[5].coefficients ?? []).map(middle);
    check("coefficients of exp at 0", [1, 1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720], coefficients, 12);
    table(
      "Taylor's polynomials of exp at 0: how far they are off at 1, and how far they can be off anywhere between −1 and 1",
      ["order", "value at 1", "error at 1", "proved bound"],
      orders.map((order, i) => [order, models[i].evaluate(1), Math.E - models[i].evaluate(1), models[i].remainder ?? Number.NaN]),
      6,
    );
    numbers`1 + 1 + 1/2 = ${models[1].evaluate(1)}`;
    check("order 2 at 1", 2.5, models[1].evaluate(1), 12);
    check(
      "errors within their bounds",
      true,
      models.every((m) => Math.abs(Math.E - m.evaluate(1)) <= (m.remainder ?? 0)),
    );
    const xs = range(-2, 2, 80);
    plot({
      title: "The exponential function and its polynomials at 0",
      x: "x",
      y: "",
      yRange: [-1, 7],
      curves: [
        { name: "exp(x)", colour: 4, points: xs.map((x) => [x, Math.exp(x)] as const) },
        ...[1, 2, 4].map((order, i) => ({
          name: `order ${order}`,
          colour: i,
          dashed: true,
          points: xs.map((x) => [x, models[order - 1].evaluate(x)] as const),
        })),
      ],
    });

    heading("The best line and the best parabola");
    prose`In optimization the first two orders are enough. Order one is the tangent, which gradient descent follows; order two is a
      parabola, whose lowest point is one step of Newton's method. Our example bends both ways:`;
    formula`f(x) = x² + 3·sin²(x)`;
    const text = given("f", "x^2+3*sin(x)^2");
    const f = (x: number) => x * x + 3 * Math.sin(x) ** 2;
    const a = given("a", 1.5);
    const [line, parabola] = [taylor(text, a, { order: 1 }), taylor(text, a, { order: 2 })];
    const [value, slope, half] = (parabola.coefficients ?? []).map(middle);
    const wide = range(-4, 4, 160);
    plot({
      title: "x² + 3 sin² x, with the tangent and the best parabola at 1.5",
      x: "x",
      y: "",
      yRange: [-2, 18],
      curves: [
        { name: "f", colour: 0, points: wide.map((x) => [x, f(x)] as const) },
        { name: "tangent", colour: 2, dashed: true, points: wide.map((x) => [x, line.evaluate(x)] as const) },
        { name: "parabola", colour: 1, dashed: true, points: wide.map((x) => [x, parabola.evaluate(x)] as const) },
      ],
      marks: [{ at: [a, f(a)], label: "a", colour: 1 }],
    });
    prose`At $a = ${a}$ the value is ${value}, the slope ${slope} and the second derivative ${2 * half}. The parabola opens downwards: at
      this point $f$ is not convex.`;
    check("f(a)", f(a), value);
    check("f′(a) = 2a + 3 sin 2a", 2 * a + 3 * Math.sin(2 * a), slope);
    check("f″(a) = 2 + 6 cos 2a", 2 + 6 * Math.cos(2 * a), 2 * half);
    prose`With several variables the slope becomes the gradient and the second derivative the Hessian, a matrix. Which way a parabola opens
      the eigenvalues of the Hessian say:`;
    // biome-ignore format: matrices
    const hessians: readonly number[][][] = [[[2, 0], [0, 1]], [[1, 1], [1, 1]], [[1, 2], [2, 1]], [[-2, 1], [1, -2]]];
    const expected = ["positive definite", "positive semidefinite", "indefinite", "negative definite"];
    const kinds = hessians.map((H) => definiteness(tensor(H, double)));
    table(
      "Four Hessians",
      ["matrix", "eigenvalues", "it is", "the parabola"],
      hessians.map((H, i) => [
        H,
        kinds[i].eigenvalues.map(middle),
        kinds[i].kind,
        ["a bowl", "a trough", "a saddle", "a dome"][i],
      ]),
    );
    kinds.forEach(({ kind }, i) => {
      check(`kind of Hessian ${i + 1}`, expected[i], kind);
    });

    heading("Not too steep");
    prose`A function is Lipschitz continuous with the constant $M$ if its values change at most $M$ times as much as $x$ does. Its graph is nowhere
      steeper than $M$.`;
    formula`|f(x) − f(y)| ≤ M·‖x − y‖`;
    const steep = ["abs(x)", "sin(x)", "cos(3*x)", "log(1+exp(x))", "x^2"];
    const constants = steep.map((g) => middle(lipschitz(g)));
    table("The least M", ["function", "$M$"], steep.map((g, i) => [g, constants[i]])); // biome-ignore format: one line
    check("Lipschitz constants", [1, 1, 3, 1, Infinity], constants);
    const inside = middle(lipschitz("x^2", { domain: "-1<=x, x<=2" }));
    prose`A quadratic function has none: far out it is steeper than any number. On a bounded piece, from −1 to 2, it has one: ${inside}.`;
    check("Lipschitz constant of x² from −1 to 2", 4, inside);

    heading("Not suddenly steep");
    prose`Gradient descent needs something else. It reads the slope here and trusts it for a step. So the slope must not change too fast:`;
    formula`‖∇f(x) − ∇f(y)‖ ≤ L‖x − y‖`;
    prose`$L$ is the smoothness constant. Where second derivatives exist, it bounds their eigenvalues: all lie between $−L$ and $L$.`;
    code(`smoothness("x^2+3*sin(x)^2")`);
    const smooth = ["x^2", "sin(x)", "log(1+exp(x))", text, "x^4", "abs(x)"];
    const Ls = smooth.map((g) => middle(smoothness(g).L));
    table("The least L", ["function", "$L$"], smooth.map((g, i) => [g, Ls[i]])); // biome-ignore format: one line
    check("smoothness constants", [2, 1, 1 / 4, 8, Infinity, Infinity], Ls);
    prose`$x²$ has no $M$ but an $L$; $|x|$ has an $M$ but no $L$, because its slope jumps at 0.`;
    heading("Two losses that matter");
    const rows = given("A", [[1, 2], [3, 4], [5, 6]]); // biome-ignore format: a matrix
    const A = tensor(rows, double);
    const n = rows.length;
    const b = given("b", tensor([1, 0, 1], double));
    const gram = A.transpose().matmul(A) as Tensor;
    const eigenvalues = linalg.eigh(gram).values.data();
    const largest = eigenvalues[1];
    prose`Least squares, $½·‖A·x − b‖²$, has the Hessian $AᵀA$ everywhere. Its largest eigenvalue is $L$, its smallest is $μ$, by which the
      function bends at least. For $A = ${rows}$ the matrix is ${gram}, with the eigenvalues ${Array.from(eigenvalues)}.`;
    const leastSquares = (x: Tensor) => A.matmul(x).sub(b).square().sum().mul(0.5);
    const variables = [[2]] as const;
    const ofSquares = smoothness(leastSquares, { variables });
    check("L = ‖AᵀA‖₂", largest, middle(ofSquares.L), 9);
    check("μ", eigenvalues[0], middle(ofSquares.mu), 9);
    const y = given("y", tensor([1, -1, 1], double));
    const logistic = (x: Tensor) => softplus(A.matmul(x).mul(y).neg()).mean();
    const ofLogistic = smoothness(logistic, { variables });
    prose`Logistic regression averages $log(1 + exp(−yᵢ·aᵢᵀx))$ over the ${n} rows. The function $log(1 + exp(z))$ bends by at most ¼, at
      0, and so the Hessian is at most $AᵀA/(4·n)$:`;
    numbers`${largest}/(4·${n}) = ${largest / (4 * n)}`;
    check("L of logistic regression", largest / (4 * n), middle(ofLogistic.L), 9);
    prose`The proof that Gradus gives has $L$ between ${ofLogistic.L.lower ?? 0} and ${ofLogistic.L.upper ?? 0}. Both losses are convex; logistic
      regression has $μ = ${middle(ofLogistic.mu)}$, for far out it is almost straight.`;
    check("μ of logistic regression", 0, middle(ofLogistic.mu));

    heading("The same thing in other words");
    prose`That the gradient changes at most $L$ times as fast as $x$ can be said in many ways. Some hold for every smooth function, some only
      for convex ones. Each is tried on many pairs of points:`;
    const claims = [
      checkInequality(leastSquares, { variables, L: middle(ofSquares.L) * (1 + 1e-9) }),
      checkInequality(text, { L: 8 }),
      checkInequality(text, { L: 7.9 }),
    ];
    table(
      "Which inequalities hold",
      ["inequality", "least squares", "x² + 3 sin² x, L = 8", "with L = 7.9"],
      claims[0].map(({ formula: claim }, i) => [claim, ...claims.map((reports) => (reports[i].held ? "holds" : "fails"))]),
    );
    const held = claims.map((reports) => reports.filter((r) => r.held).map((r) => r.name));
    check("all hold for least squares", claims[0].length, held[0].length);
    check("those that hold for x² + 3 sin² x", "Lipschitz gradient, descent lemma, upper monotonicity", held[1].join(", "));
    check("none holds with a smaller L", 0, held[2].length);
    prose`“descent lemma” is the name of the one in the middle with $L/2$: the function lies below a parabola that opens upwards with the
      curvature $L$, and a step of $1/L$ goes to the lowest point of that parabola.`;
    erratum`Where the source derives the descent lemma it concludes $‖∇²f‖ ≤ L$ from $∇²f ≤ L·I$. That needs the other side too, $−L·I ≤ ∇²f$:
      the Hessian of $−5·x²$ is −10, which is at most 1, but its norm is 10. Under way the factor ½ is lost, and once a norm is compared with a
      matrix, $L·I$. The lemma itself is right, and needs only the upper side.`;
    given("numbers of the counterexample", [5, 10]);

    heading("Down all the same");
    const certificate = certify(text);
    const { witness } = certificate.convex;
    prose`Back to $x² + 3·sin²(x)$. It is not convex: between $x = ${witness?.a[0] ?? 0}$ and $x = ${witness?.b[0] ?? 0}$ it rises above its
      chord by at least ${witness?.gap ?? 0}. But it is smooth, with $L = ${middle(smoothness(text).L)}$, and so the step $1/L$ goes
      down every time.`;
    check("convex?", "no", certificate.convex.answer);
    check("verdict", "neither", certificate.verdict);
    const L = 8;
    const start = given("start", 3);
    const objective = (x: Tensor) => x.square().add(x.sin().square().mul(3));
    const descent = gradientDescent(objective, start, { constants: { L }, minimum: 0, minimizer: 0 });
    const path = descent.path.points.map(([x]) => x);
    table(
      "Gradient descent with the step 1/8",
      ["step", "$x$", "$f(x)$", "$|f′(x)|$"],
      path.slice(0, 11).map((x, k) => [k, x, descent.path.values[k], descent.path.gradientNorms[k]]),
      6,
    );
    plot({
      title: "The path from 3",
      x: "x",
      y: "f(x)",
      curves: [
        { name: "f", colour: 0, points: wide.map((x) => [x, f(x)] as const) },
        { name: "steps", colour: 1, dots: true, points: path.map((x) => [x, f(x)] as const) },
      ],
    });
    check("where it arrives", 0, path[path.length - 1]);
    check(
      "every theorem about the run held",
      true,
      descent.theorems.every(({ held: kept }) => kept),
    );
    const ratios = range(1e-4, 20, 200_000).map((x) => (2 * x + 3 * Math.sin(2 * x)) ** 2 / (2 * f(x)));
    const pl = Math.min(...chunked(ratios));
    prose`Why does it not get stuck? The only point where its slope is zero is 0. More than that, a small slope means that little is left to gain:
      $½·f′(x)² ≥ ${pl}·f(x)$ for all $x$. This is the inequality of Polyak and Łojasiewicz, and with it the step $1/L$ takes away a share of what is
      left, every time, convex or not.`;
    formula`f(x_{k+1}) − f* ≤ (1 − p/L)·(f(x_k) − f*)`;
    check("the best constant, from a fine grid", 0.175531, pl, 6);
    const shares = descent.path.values.slice(1).map((v, k) => v / descent.path.values[k]);
    const slowest = Math.max(...shares);
    numbers`1 − p/L = 1 − ${pl}/${L} = ${1 - pl / L}`;
    prose`On the way from ${start} the slowest step left ${slowest} of it, and near the end things go much faster.`;
    check("no step is slower than promised", true, slowest <= 1 - pl / L);

    heading("Have we arrived?");
    prose`At a minimum the gradient is zero and the Hessian has no negative eigenvalue. These conditions are necessary. All of the following
      functions meet them at 0:`;
    const points = ["x^2", "x^4", "x^3", "-x^4"];
    const stationary = points.map((g) => classifyStationaryPoint(g, 0));
    table(
      "The point 0",
      ["function", "$f″(0)$", "it is a", "because"],
      points.map((g, i) => [g, middle(stationary[i].eigenvalues[0]), stationary[i].kind, stationary[i].reason]),
    );
    const right = ["strict local minimum", "global minimum", "inflection", "global maximum"];
    stationary.forEach(({ kind }, i) => {
      check(`the point 0 of ${points[i]}`, right[i], kind);
    });
    erratum`The source offers “gradient zero and Hessian positive semidefinite” for recognising a solution. It is not enough, as $x³$ and $−x⁴$ show. Enough is a
      Hessian that is positive definite, for a local minimum, or a convex function, for a global one.`;
  },
);

const range = (low: number, high: number, steps: number): number[] =>
  Array.from({ length: steps + 1 }, (_, i) => low + ((high - low) * i) / steps);

/** The least of each thousand: so that a list is short enough to be handed over as arguments. */
function chunked(list: readonly number[]): number[] {
  const least: number[] = [];
  for (let i = 0; i < list.length; i += 1000) least.push(Math.min(...list.slice(i, i + 1000)));
  return least;
}
