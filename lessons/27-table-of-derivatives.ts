// The derivatives of all operations: by formula where there is one, against differences everywhere.

import * as gradus from "gradus";
import { checkGradients, grad, linalg, random, type Tensor, tensor } from "gradus";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;
type Unary = {
  readonly name: string;
  readonly rule: string;
  readonly f: (x: Tensor) => Tensor;
  readonly slope: (x: number) => number;
  readonly at?: number;
};

const root = Math.sqrt(Math.PI);
const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const unary: readonly Unary[] = [
  { name: "−x", rule: "−1", f: (x) => x.neg(), slope: () => -1 },
  { name: "x²", rule: "2·x", f: (x) => x.square(), slope: (x) => 2 * x },
  { name: "x³", rule: "3·x²", f: (x) => x.pow(3), slope: (x) => 3 * x * x },
  { name: "x^{2.5}", rule: "2.5·x^{1.5}", f: (x) => x.pow(2.5), slope: (x) => 2.5 * x ** 1.5 },
  { name: "1/x", rule: "−1/x²", f: (x) => x.reciprocal(), slope: (x) => -1 / x ** 2 },
  { name: "√x", rule: "1/(2·√x)", f: (x) => x.sqrt(), slope: (x) => 0.5 / Math.sqrt(x) },
  { name: "1/√x", rule: "−1/(2·x·√x)", f: (x) => x.rsqrt(), slope: (x) => -0.5 / x ** 1.5 },
  { name: "|x|", rule: "sign(x)", f: (x) => x.abs(), slope: Math.sign, at: -0.7 },
  { name: "exp(x)", rule: "exp(x)", f: (x) => x.exp(), slope: Math.exp },
  { name: "exp(x) − 1", rule: "exp(x)", f: gradus.expm1, slope: Math.exp },
  { name: "log(x)", rule: "1/x", f: (x) => x.log(), slope: (x) => 1 / x },
  { name: "log(1 + x)", rule: "1/(1 + x)", f: gradus.log1p, slope: (x) => 1 / (1 + x) },
  { name: "sin(x)", rule: "cos(x)", f: (x) => x.sin(), slope: Math.cos },
  { name: "cos(x)", rule: "−sin(x)", f: (x) => x.cos(), slope: (x) => -Math.sin(x) },
  { name: "tan(x)", rule: "1 + tan(x)²", f: (x) => x.tan(), slope: (x) => 1 + Math.tan(x) ** 2 },
  { name: "asin(x)", rule: "1/√(1 − x²)", f: gradus.asin, slope: (x) => 1 / Math.sqrt(1 - x * x) },
  { name: "acos(x)", rule: "−1/√(1 − x²)", f: gradus.acos, slope: (x) => -1 / Math.sqrt(1 - x * x) },
  { name: "atan(x)", rule: "1/(1 + x²)", f: gradus.atan, slope: (x) => 1 / (1 + x * x) },
  { name: "sinh(x)", rule: "cosh(x)", f: gradus.sinh, slope: Math.cosh },
  { name: "cosh(x)", rule: "sinh(x)", f: gradus.cosh, slope: Math.sinh },
  { name: "tanh(x)", rule: "1 − tanh(x)²", f: (x) => x.tanh(), slope: (x) => 1 - Math.tanh(x) ** 2 },
  { name: "asinh(x)", rule: "1/√(1 + x²)", f: gradus.asinh, slope: (x) => 1 / Math.sqrt(1 + x * x) },
  { name: "acosh(x)", rule: "1/√(x² − 1)", f: gradus.acosh, slope: (x) => 1 / Math.sqrt(x * x - 1), at: 1.7 },
  { name: "atanh(x)", rule: "1/(1 − x²)", f: gradus.atanh, slope: (x) => 1 / (1 - x * x) },
  { name: "σ(x)", rule: "σ(x)·(1 − σ(x))", f: (x) => x.sigmoid(), slope: (x) => logistic(x) * (1 - logistic(x)) },
  { name: "erf(x)", rule: "2·exp(−x²)/√π", f: (x) => x.erf(), slope: (x) => (2 * Math.exp(-x * x)) / root },
  {
    name: "x², in single precision",
    rule: "2·x",
    f: (x) => x.cast("float32").square().cast("float64"),
    slope: (x) => 2 * x,
    at: 0.5,
  },
  { name: "Φ(x)", rule: "exp(−x²/2)/√(2·π)", f: gradus.normalCdf, slope: (x) => Math.exp((-x * x) / 2) / (root * Math.SQRT2) },
];

export default lesson(
  {
    number: 27,
    title: "A table of derivatives",
    learn: "the one rule that every operation brings along, and that all of them are right",
    source: "text 002, vector-Jacobian products",
    concepts: [
      "backpropagation on a graph: topological order, error signals, fan-out sums, vector-Jacobian products, never a Jacobian",
    ],
  },
  ({ prose, heading, formula, numbers, table, given, check }) => {
    prose`Backpropagation needs to know nothing of a network but how each of its operations hands an error signal down. A library that
      differentiates is a table of such rules and a loop. This lesson goes through the table of Gradus.`;

    heading("Functions of one number");
    prose`For an operation $y = f(x)$ on one number the rule is to multiply: $x̄ = ȳ·f′(x)$. Applied to the entries of a tensor it is
      applied to each by itself. The slopes at one point, by the formula and by Gradus:`;
    const x0 = given("x", 0.6);
    const rows = unary.map(({ name, rule, f, slope, at = x0 }) => {
      const [known, got] = [slope(at), grad(f)(tensor(at, f64)).item()];
      check(`slope of ${name}`, known, got, 13);
      return { name, rule, at, known, got };
    });
    table(
      "Slopes",
      ["$f(x)$", "$f′(x)$", "$x$", "by the formula", "by Gradus"],
      rows.map(({ name, rule, at, known, got }) => [`$${name}$`, `$${rule}$`, at, known, got]),
      10,
    );

    heading("Functions of two numbers");
    prose`An operation on two numbers hands down two error signals, one for each. For a product each side gets the other one:`;
    formula`z = x·y: x̄ = z̄·y, ȳ = z̄·x`;
    formula`z = x/y: x̄ = z̄/y, ȳ = −z̄·x/y²`;
    const [a, b] = [given("a", 0.6), given("b", 1.5)];
    const binary = [
      { name: "x + y", f: (x: Tensor, y: Tensor) => x.add(y), slopes: [1, 1] },
      { name: "x − y", f: (x: Tensor, y: Tensor) => x.sub(y), slopes: [1, -1] },
      { name: "x·y", f: (x: Tensor, y: Tensor) => x.mul(y), slopes: [b, a] },
      { name: "x/y", f: (x: Tensor, y: Tensor) => x.div(y), slopes: [1 / b, -a / b ** 2] },
      { name: "x^y", f: (x: Tensor, y: Tensor) => x.pow(y), slopes: [b * a ** (b - 1), a ** b * Math.log(a)] },
      {
        name: "atan2(x, y)",
        f: (x: Tensor, y: Tensor) => gradus.atan2(x, y),
        slopes: [b / (a * a + b * b), -a / (a * a + b * b)],
      },
      { name: "max(x, y)", f: (x: Tensor, y: Tensor) => x.maximum(y), slopes: [0, 1] },
      { name: "min(x, y)", f: (x: Tensor, y: Tensor) => x.minimum(y), slopes: [1, 0] },
      { name: "y modulo x", f: (x: Tensor, y: Tensor) => y.remainder(x), slopes: [-Math.floor(b / a), 1] },
      { name: "x if x < y, else y²", f: (x: Tensor, y: Tensor) => gradus.where(x.less(y), x, y.square()), slopes: [1, 0] },
      { name: "y clipped to 0 … 2, times x", f: (x: Tensor, y: Tensor) => y.clip(0, 2).mul(x), slopes: [b, a] },
    ];
    const pairs = binary.map(({ name, f, slopes }) => {
      const both = grad(({ x, y }: { x: Tensor; y: Tensor }) => f(x, y))({ x: tensor(a, f64), y: tensor(b, f64) });
      const got = [both.x.item(), both.y.item()];
      check(`slopes of ${name}`, slopes, got, 13);
      return { name, slopes, got };
    });
    table(
      `Slopes at $x = ${a}$, $y = ${b}$`,
      ["$z$", "by $x$, formula", "Gradus", "by $y$, formula", "Gradus"],
      pairs.map(({ name, slopes, got }) => [`$${name}$`, slopes[0], got[0], slopes[1], got[1]]),
      10,
    );

    heading("Operations on many numbers");
    prose`An operation on whole tensors, $y = f(x)$, has a Jacobian $J$ with an entry for each pair of an output and an input, and hands down
      $x̄ = Jᵀ·ȳ$. Nobody computes $J$. A sum hands its error signal to all its terms; a transposition transposes it back; a matrix
      product $Y = A·B$ hands down two matrix products:`;
    formula`Ā = Ȳ·Bᵀ`;
    formula`B̄ = Aᵀ·Ȳ`;
    prose`Whether such a rule is right can be seen without $J$. Move the input in some direction $v$ and weigh the change of the output
      with $u$; the rule, given $u$, must foretell it:`;
    formula`u·(f(x + h·v) − f(x − h·v))/(2·h) ≈ (Jᵀ·u)·v`;
    prose`Gradus does this for directions at random and for single entries, for some operations also for the derivatives
      of the derivatives. They agree when the relative error is a millionth at most.`;
    const results = many().map(({ name, f, args, order = 1 }) => {
      const { ok, checked } = checkGradients(f, args, { order, seed: 1 });
      check(`derivatives of ${name}`, true, ok);
      return { name, ok, order, checked };
    });
    table(
      "Rules against differences",
      ["operation", "order", "derivatives compared", "all agree"],
      results.map(({ name, order, checked, ok }) => [name, order, checked, ok ? "yes" : "no"]),
    );
    const total = results.reduce((sum, { checked }) => sum + checked, 0);
    prose`${total} derivatives agree. What is built of these operations, from a layer to a whole network, has the derivatives that
      follow from them; and so an optimizer can be given any function that a program can compute.`;
    const matrix = tensor([[2, 1], [1, 3]], f64); // biome-ignore format: a matrix
    const determinant = grad((m: Tensor) => linalg.determinant(m))(matrix).toArray() as number[][];
    prose`Even of functions that one would not care to differentiate by hand: the derivative of a determinant by the entries of its matrix
      is the matrix of cofactors. For [2, 1; 1, 3] Gradus says ${determinant}, and`;
    numbers`2·3 − 1·1 = ${linalg.determinant(matrix)}`;
    given("the matrix", [[2, 1], [1, 3]]); // biome-ignore format: a matrix
    check("derivatives of the determinant", [[3, -1], [-1, 2]], determinant); // biome-ignore format: a matrix
    check("the determinant", 5, linalg.determinant(matrix));
  },
);

function many(): { name: string; f: (...xs: Tensor[]) => Tensor; args: Tensor[]; order?: 1 | 2 }[] {
  const keys = random.split(random.key(7), 6);
  const [x, y, square, image, filter, row] = [[3, 4], [4, 2], [3, 3], [1, 4, 4, 1], [2, 2, 1, 2], [4]].map((shape, i) =>
    random.normal(keys[i], shape, f64),
  );
  const symmetric = (a: Tensor) => a.add(a.transpose());
  const definite = (a: Tensor) => a.matmul(a.transpose()).add(gradus.eye(3, "float64"));
  const indices = tensor([2, 0, 2], { dtype: "int32" });
  const one = (f: (x: Tensor) => Tensor, arg: Tensor = x) => ({ f: (...[first]: Tensor[]) => f(first), args: [arg] });
  const two = (f: (x: Tensor, y: Tensor) => Tensor, a: Tensor, b: Tensor) => ({
    f: (...[first, second]: Tensor[]) => f(first, second),
    args: [a, b],
  });
  return [
    { name: "sum", ...one((x) => x.sum(0)) },
    { name: "product", ...one((x) => x.prod(1)) },
    { name: "maximum of many", ...one((x) => x.max(1)) },
    { name: "minimum of many", ...one((x) => x.min(0)) },
    { name: "running sum", ...one((x) => gradus.cumulativeSum(x, 1)) },
    { name: "reshape", ...one((x) => x.reshape([2, 6]).square()) },
    { name: "transpose", ...one((x) => x.transpose().square()) },
    { name: "broadcast", ...one((x) => x.broadcastTo([3, 4]).square(), row) },
    { name: "slice", ...one((x) => x.slice([1, 0], [3, 4], [1, 2]).square()) },
    { name: "pad", ...one((x) => gradus.pad(x, [[1, 0], [0, 2]]).square()) }, // biome-ignore format: pairs
    { name: "flip", ...one((x) => x.flip(1).square()) },
    { name: "join", ...two((x, y) => gradus.concat([x, y.transpose()], 0).square(), x, y) },
    { name: "gather", order: 2, ...one((x) => x.gather(indices, 1).square()) },
    { name: "scatter-add", ...one((x) => gradus.scatterAdd(indices, x, 4).square()) },
    { name: "moving slice", order: 2, ...one((x) => gradus.dynamicSlice(x, [1, 2], [2, 2]).square()) },
    { name: "moving update", ...two((x, y) => gradus.dynamicUpdateSlice(x, y.slice([0], [2]), [1, 1]).square(), x, y) },
    { name: "sort", ...one((x) => gradus.sort(x, 1).square()) },
    { name: "matrix product", order: 2, ...two((x, y) => x.matmul(y), x, y) },
    { name: "convolution", order: 2, ...two((x, w) => gradus.convolution(x, w), image, filter) },
    { name: "transposed convolution", order: 2, ...two((x, w) => gradus.transposedConvolution(x, w), gradus.concat([image, image.flip(1)], -1), filter) },
    { name: "maximum over windows", ...one((x) => gradus.maxPool(x, [2, 2]), image) },
    { name: "mean over windows", order: 2, ...one((x) => gradus.averagePool(x, [2, 2]).square(), image) },
    { name: "Cholesky factor", ...one((a) => linalg.cholesky(definite(a)), square) },
    { name: "triangular solve", ...two((a, b) => linalg.triangularSolve(gradus.tril(definite(a)), b), square, square.add(0.5)) },
    { name: "linear equations", ...two((a, b) => linalg.solve(definite(a), b), square, square.add(0.5)) },
    { name: "QR factors", ...one((a) => linalg.qr(a).r, square) },
    { name: "eigenvalues", ...one((a) => linalg.eigh(symmetric(a)).values, square) },
    { name: "singular values", ...one((a) => linalg.svd(a).s, square) },
    { name: "repetition", ...two((x, w) => gradus.scan((carry: Tensor, step: Tensor) => { const next = carry.mul(w).add(step).tanh(); return { carry: next, y: next }; }, row, x).ys, x, row.mul(0.5)) },
    { name: "choice", ...one((x) => gradus.cond(tensor(true), (v: Tensor) => v.square(), (v: Tensor) => v.exp(), x)) },
  ]; // biome-ignore format: a table
}
