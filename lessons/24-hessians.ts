// Convexity in many dimensions: tangent planes, Hessians, and the signs of their eigenvalues.

import { grad, hessian, jacobian, type Tensor, tensor } from "gradus";
import { certify, definiteness } from "gradus/analysis";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;

export default lesson(
  {
    number: 24,
    title: "Bowls, troughs and saddles",
    learn: "to read off a matrix of second derivatives whether a function of several variables is convex",
    source: "texts 000 and 003, convexity in many dimensions; text 004, Jacobian and Hessian",
    concepts: [
      "Jacobian, Hessian, definite / semidefinite / indefinite",
      "convex sets, convex / strictly convex / concave functions",
    ],
  },
  ({ prose, heading, formula, numbers, table, contours, output, given, check, erratum }) => {
    heading("Jacobian");
    prose`A function of several variables with several results has a derivative for every pair of them. The table of these, a row for each
      result and a column for each variable, is the Jacobian. For`;
    formula`F(x, y) = (x·y, x + y²)`;
    formula`J = [y, x; 1, 2·y]`;
    const F = (v: Tensor) => {
      const [x, y] = [v.slice([0], [1]), v.slice([1], [2])];
      return tensor([[1, 0]], f64)
        .transpose()
        .matmul(x.mul(y))
        .add(
          tensor([[0, 1]], f64)
            .transpose()
            .matmul(x.add(y.square())),
        );
    };
    const p = given("p", [2, 3]);
    const J = jacobian(F)(tensor(p, f64)) as Tensor;
    prose`At $(x, y) = ${p}$ Gradus computes ${J}.`;
    check("Jacobian", [[3, 2], [1, 6]], J); // biome-ignore format: a matrix

    heading("Hessian");
    prose`A function with one result has a gradient, and the Jacobian of the gradient is the Hessian: all second derivatives in a square
      table. It does not matter in which order one differentiates, so that the table is symmetric.`;
    formula`H = [∂²f/∂x², ∂²f/∂x∂y; ∂²f/∂y∂x, ∂²f/∂y²]`;
    const quadratic = (A: readonly (readonly number[])[]) => (v: Tensor) => v.matmul(tensor(A, f64).matmul(v)).mul(0.5);
    const kinds = [
      { A: [[2, 1], [1, 2]], text: "x² + x·y + y²", formula: "x^2+x*y+y^2", look: "a bowl" },
      { A: [[1, 1], [1, 1]], text: "½·x² + x·y + ½·y²", formula: "0.5*(x+y)^2", look: "a trough" },
      { A: [[1, 2], [2, 1]], text: "½·x² + 2·x·y + ½·y²", formula: "0.5*x^2+2*x*y+0.5*y^2", look: "a saddle" },
      { A: [[-2, 0], [0, -1]], text: "−x² − ½·y²", formula: "-x^2-0.5*y^2", look: "a hill" },
    ]; // biome-ignore format: matrices
    prose`A quadratic function has the same Hessian everywhere. Four of them:`;
    const rows = kinds.map(({ A, text, formula, look }) => {
      const H = hessian(quadratic(A))(tensor([0.3, -0.7], f64)) as unknown;
      const { kind, eigenvalues } = definiteness(tensor(A, f64));
      return {
        A,
        text,
        H: H as Tensor,
        kind,
        eigenvalues: eigenvalues.map(({ lower, upper }) => (lower + upper) / 2),
        verdict: certify(formula).verdict,
        look,
      };
    });
    table(
      "Hessians and what they say",
      ["$f(x, y)$", "$H$", "eigenvalues", "the matrix is", "the function is", "it looks like"],
      rows.map(({ text, H, eigenvalues, kind, verdict, look }) => [`$${text}$`, H, eigenvalues, kind, verdict, look]),
    );
    for (const [i, { A, H }] of rows.entries())
      check(
        `Hessian ${i + 1}`,
        A.map((row) => [...row]),
        H,
      );
    check("eigenvalues of the bowl", [1, 3], rows[0].eigenvalues);
    check("eigenvalues of the trough", [0, 2], rows[1].eigenvalues);
    check("eigenvalues of the saddle", [-1, 3], rows[2].eigenvalues);
    check(
      "kinds",
      ["positive definite", "positive semidefinite", "indefinite", "negative definite"],
      rows.map(({ kind }) => kind),
    );
    check(
      "verdicts",
      ["strongly convex", "convex", "neither", "strongly concave"],
      rows.map(({ verdict }) => verdict),
    );

    heading("The second-derivative test");
    prose`Along a straight line through a point, in a direction $d$, the function bends with $d·H·d$. If no direction bends downwards the
      matrix is positive semidefinite, which is the case when no eigenvalue is negative. A function that can be differentiated twice is
      convex exactly when its Hessian is positive semidefinite at every point. In the saddle the direction (1, −1) bends down:`;
    const d = given("d", [1, -1]);
    const S = kinds[2].A;
    const Hd = S.map((row) => row[0] * d[0] + row[1] * d[1]);
    numbers`H·d = (1·1 + 2·(−1), 2·1 + 1·(−1)) = (${Hd[0]}, ${Hd[1]})`;
    numbers`d·H·d = 1·(${Hd[0]}) + (−1)·${Hd[1]} = ${Hd[0] * d[0] + Hd[1] * d[1]}`;
    check("d·H·d in the saddle", -2, Hd[0] * d[0] + Hd[1] * d[1]);
    const side = Array.from({ length: 49 }, (_, i) => -1.5 + i / 16);
    for (const { A, text, look } of rows) {
      contours({
        title: `${look}: ${text}`,
        x: "x",
        y: "y",
        xs: side,
        ys: side,
        values: side.flatMap((x) => side.map((y) => 0.5 * (A[0][0] * x * x + 2 * A[0][1] * x * y + A[1][1] * y * y))),
        levels: 12,
      });
    }
    prose`A quadratic $xᵀ·A·x + bᵀ·x + c$ has the Hessian $A + Aᵀ$, or $2·A$ when $A$ is symmetric, and is convex exactly when that is
      positive semidefinite. The linear part and the constant only tilt and lift it.`;

    heading("The first-derivative test");
    prose`There is a test with first derivatives, too. A convex function lies above all its tangent planes:`;
    formula`f(y) ≥ f(x) + ∇f(x)·(y − x) for all x and y`;
    const bowl = (v: Tensor) => quadratic(kinds[0].A)(v);
    const at = (v: readonly number[]) => bowl(tensor(v, f64)).item();
    const [x0, y0] = [given("x", [1, 0]), given("y", [-1, 1])];
    const g = Array.from(grad(bowl)(tensor(x0, f64)).data());
    const plane = at(x0) + g[0] * (y0[0] - x0[0]) + g[1] * (y0[1] - x0[1]);
    prose`For the bowl with $x = ${x0}$, $y = ${y0}$ the gradient at $x$ is ${g}, and`;
    numbers`f(y) = ${at(y0)} ≥ ${at(x0)} + ${g[0]}·(${y0[0]} − ${x0[0]}) + ${g[1]}·(${y0[1]} − ${x0[1]}) = ${plane}`;
    check("height of the tangent plane", -2, plane);
    check("the bowl is above it", true, at(y0) >= plane);
    prose`It follows at once that where the gradient is 0 a convex function is at its lowest: the tangent plane there is level, and the
      function above it. A local minimum is a global one.`;

    heading("Where the Hessian changes");
    const rosenbrock = certify("(1-x)^2+100*(y-x^2)^2");
    const softmaxed = certify("log(exp(x)+exp(y))");
    prose`For other functions the Hessian differs from point to point, and looking at a few points proves nothing. Gradus looks for a proof
      that holds at all of them, or for one chord that refutes.`;
    table(
      "Two that are not quadratic",
      ["function", "verdict"],
      [
        ["$log(e^x + e^y)$", softmaxed.verdict],
        ["$(1 − x)² + 100·(y − x²)²$", rosenbrock.verdict],
      ],
    );
    const witness = rosenbrock.convex.witness;
    if (witness)
      output(
        `a = (${witness.a.join(", ")})   b = (${witness.b.join(", ")})   t = ${witness.t}\nthe function is above its chord by ${witness.gap}`,
      );
    check("log(eˣ + eʸ) is", "convex", softmaxed.verdict);
    check("the valley of Rosenbrock is convex", "no", rosenbrock.convex.answer);
    given("100 in Rosenbrock's function", 100);
    erratum`Two of the sources slip here. One prints second derivatives as $∂f²/∂x²$; they are $∂²f/∂x²$. Another defines convexity with $<$
      in place of $≤$ (that is strict convexity, and only for 0 < θ < 1), and names the second point $v$ after having introduced it as $y$.`;
  },
);
