// What each example asks of the weights: its residual times its sensitivity.

import { grad, type Tensor, tensor } from "gradus";
import { perExample } from "gradus/analysis";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;
type Line = { readonly w: Tensor; readonly b: Tensor };

export default lesson(
  {
    number: 23,
    title: "What each example asks for",
    learn: "to take a gradient apart into the contributions of its examples, and to find the examples that pull hardest",
    source: "text 000, interpreting the gradient",
    concepts: ["per-example gradient"],
  },
  ({ prose, heading, formula, numbers, table, plot, code, given, check }) => {
    prose`The cost of a network $f(x; w)$ is a mean over examples, and so is its gradient:`;
    formula`C(w) = (1/n)·Σᵢ (f(xᵢ; w) − yᵢ)²`;
    formula`∇C(w) = (1/n)·Σᵢ 2·(f(xᵢ; w) − yᵢ)·∇f(xᵢ; w)`;
    prose`Each example contributes a product. The first factor, $2·(f(xᵢ; w) − yᵢ)$, says how wrong the answer is: an example that is
      predicted well contributes next to nothing. The second, $∇f(xᵢ; w)$, says how sensitive the answer is to each weight: it points to
      where the answer would grow.`;

    heading("A straight line");
    const x = given("x", [0, 1, 2, 3, 4, 5]);
    const y = given("y", [1, 3, 5, 7, 2, 11]);
    const [w, b] = [given("w", 1.5), given("b", 1)];
    prose`Take $f(x; w, b) = w·x + b$, at $w = ${w}$ and $b = ${b}$, and six examples: $x = ${x}$, $y = ${y}$. Five of them lie on the line
      $2·x + 1$. One was copied wrongly. The sensitivities are simple: $∂f/∂w = x$ and $∂f/∂b = 1$.`;
    const residual = x.map((xi, i) => w * xi + b - y[i]);
    numbers`2·(w·1 + b − 3)·1 = 2·(${w}·1 + ${b} − 3)·1 = ${2 * residual[1] * x[1]}`;
    prose`is what the second example contributes to the derivative by $w$, before the mean is taken. Gradus gives the contributions of all
      examples at once, and ranks them by their length:`;
    code(`
      const loss = ({ w, b }, x, y) => w.mul(x).add(b).sub(y).square();
      const { gradients, ranking } = perExample(loss, { w: tensor(1.5), b: tensor(1) }, x, y);`);
    const loss = ({ w, b }: Line, x: Tensor, y: Tensor) => w.mul(x).add(b).sub(y).square();
    const at: Line = { w: tensor(w, f64), b: tensor(b, f64) };
    const { gradients, mean, ranking } = perExample(loss, at, tensor(x, f64), tensor(y, f64));
    const [byW, byB] = [gradients.w, gradients.b].map((contributions) => Array.from(contributions.data()));
    table(
      "Contributions, the longest first",
      ["example", "$x$", "$y$", "residual", "by $w$", "by $b$", "length", "agrees with the mean"],
      ranking.map(({ index, norm, cosine }) => [
        index + 1,
        x[index],
        y[index],
        residual[index],
        byW[index],
        byB[index],
        norm,
        Number.isNaN(cosine) ? "–" : cosine,
      ]),
    );
    check(
      "by w: twice the residual times x",
      residual.map((r, i) => 2 * r * x[i]),
      [...byW],
    );
    check(
      "by b: twice the residual",
      residual.map((r) => 2 * r),
      [...byB],
    );
    check("the example that pulls hardest", 5, ranking[0].index + 1);
    prose`The example that was copied wrongly is at the top. Its contribution points the other way from those of most: the last column is the
      cosine of the angle with the mean, 1 for the same direction, −1 for the opposite one. Here it is so long that it turns the mean
      itself.`;

    heading("The mean");
    const C = (p: Line) => loss(p, tensor(x, f64), tensor(y, f64)).mean();
    const whole = grad(C)(at);
    const total = byW.reduce((sum, value) => sum + value, 0);
    const shown = [...byW];
    prose`Added up and divided by their number, the contributions are the gradient of the cost:`;
    numbers`∂C/∂w = (${shown[0]} + ${shown[1]} + ${shown[2]} + ${shown[3]} + ${shown[4]} + ${shown[5]})/${x.length} = ${total / x.length}`;
    check("mean of the contributions by w", whole.w.item(), mean.w);
    check("mean of the contributions by b", whole.b.item(), mean.b);
    check("∂C/∂w", total / 6, whole.w);
    const without = x.map((_, i) => i).filter((i) => i !== ranking[0].index);
    const clean = without.reduce((sum, i) => sum + byW[i], 0) / without.length;
    prose`Without the wrong example the derivative by $w$ would be ${clean}, and a step downhill would raise $w$ towards 2. With it the
      derivative is ${total / x.length}: the step goes the other way.`;
    check("sign of ∂C/∂w with the wrong example", 1, Math.sign(total));
    check("sign of ∂C/∂w without it", -1, Math.sign(clean));
    plot({
      title: "Six examples and the line",
      x: "x",
      y: "y",
      curves: [
        { name: "w·x + b", colour: 0, points: [0, 5].map((xi) => [xi, w * xi + b] as const) },
        ...x.map((xi, i) => ({
          name: i === 0 ? "residuals" : "",
          colour: 1,
          dashed: true,
          points: [[xi, y[i]], [xi, w * xi + b]] as const, // biome-ignore format: two points
        })),
      ],
      marks: x.map((xi, i) => ({ at: [xi, y[i]] as const, label: String(i + 1), colour: i === ranking[0].index ? 1 : 0 })),
    });
    prose`Ranked like this, the examples of a real data set tell where to look: wrong labels come up first, then rare and hard cases. At
      the bottom are the examples that the network has long learned.`;

    heading("A linear classifier");
    prose`The oldest learning rule of all has the same form. The perceptron adds an example to its weights whenever it answers wrongly, and
      does nothing otherwise: a residual of 0 or ±1 times a sensitivity that is the input. With classes $t$ of −1 and 1:`;
    formula`if t·(w·x) ≤ 0: w ← w + t·x`;
    const points = given("points", [[1, 2, 1], [1, 1, 2.5], [1, 3, 2], [1, 1.5, 3]]); // biome-ignore format: a table
    const classes = given("classes", [1, -1, 1, -1]);
    let weights = [0, 0, 0];
    const history: (number | string)[][] = [];
    for (let step = 0, pass = 0, mistakes = 1; mistakes > 0 && pass < 50; pass++) {
      mistakes = 0;
      for (const [i, point] of points.entries()) {
        step++;
        const score = point.reduce((sum, value, j) => sum + value * weights[j], 0);
        const wrong = classes[i] * score <= 0;
        if (wrong) {
          mistakes++;
          weights = weights.map((value, j) => value + classes[i] * point[j]);
        }
        history.push([step, i + 1, score, classes[i], wrong ? "wrong" : "right", `(${weights.join(", ")})`.replaceAll("-", "−")]);
      }
    }
    table(
      "The perceptron at work (the first entry of a point is the 1 of the bias)",
      ["step", "point", "$w·x$", "$t$", "", "$w$ after"],
      history,
    );
    const scores = points.map((point) => point.reduce((sum, value, j) => sum + value * weights[j], 0));
    check("all points on their side", classes, scores.map(Math.sign));
    prose`When the classes can be parted by a straight line, the perceptron stops after finitely many mistakes. When they cannot (lesson
      ${6}), it never does.`;
  },
);
