// Backpropagation on one unit: a logistic neuron with squared error and a penalty on its weight.

import { grad, type Tensor, tensor } from "gradus";
import { digits, draw, explain, lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

export default lesson(
  {
    number: 7,
    title: "Backpropagation on a single unit",
    learn: "to compute derivatives backwards through a graph, one error signal for each quantity",
    source: "text 002, univariate logistic least squares",
    concepts: ["backpropagation on a graph"],
  },
  async ({ prose, heading, formula, numbers, table, code, picture, explanation, given, check }) => {
    prose`The smallest network that has everything: one input $x$, one weight $w$, one bias $b$, a logistic unit, and a target $t$ that
      its output $y$ should come near. So that the weight does not grow without need, its square is charged as well, with a price $λ$.
      The calculation, one step a line:`;
    formula`z = w·x + b`;
    formula`y = σ(z) = 1/(1 + e^{−z})`;
    formula`ℒ = ½·(y − t)²`;
    formula`ℛ = ½·w²`;
    formula`J = ℒ + λ·ℛ`;
    prose`How does $J$ change with $w$, and how with $b$? In a calculus class one would put all of it into one formula and differentiate
      that, twice, copying the same long terms again and again. A program should not do it so, and neither should we.`;

    heading("Forward");
    const [w, b, x] = [given("w", 1), given("b", -0.5), given("x", 2)];
    const [t, lambda] = [given("t", 1), given("λ", 0.1)];
    prose`First the values, from the top to the bottom, at $w = ${w}$, $b = ${b}$, $x = ${x}$, $t = ${t}$ and $λ = ${lambda}$. Every line
      uses only lines above it.`;
    const z = w * x + b;
    const y = sigmoid(z);
    const loss = 0.5 * (y - t) ** 2;
    const penalty = 0.5 * w ** 2;
    const J = loss + lambda * penalty;
    numbers`z = w·x + b = ${w}·${x} + ${b} = ${z}`;
    numbers`y = σ(z) = σ(${z}) = ${y}`;
    numbers`ℒ = ½·(y − t)² = ½·(${y} − ${t})² = ${loss}`;
    numbers`ℛ = ½·w² = ½·${w}² = ${penalty}`;
    numbers`J = ℒ + λ·ℛ = ${loss} + ${lambda}·${penalty} = ${J}`;

    heading("Backward");
    prose`Now for each quantity $v$ above, how much $J$ changes when $v$ does: the derivative of $J$ by $v$, written $v̄$ and called the
      error signal of $v$. The last quantity counts itself with 1. From there we go up, and each error signal needs only those of the
      lines in which its quantity is used, times the slope of these lines:`;
    const J_bar = 1;
    const penaltyBar = J_bar * lambda;
    const lossBar = J_bar;
    const yBar = lossBar * (y - t);
    const slope = y * (1 - y);
    const zBar = yBar * slope;
    const wBar = zBar * x + penaltyBar * w;
    const bBar = zBar;
    formula`J̄ = 1`;
    numbers`ℛ̄ = J̄·λ = ${J_bar}·${lambda} = ${penaltyBar}`;
    numbers`ℒ̄ = J̄·1 = ${J_bar}·1 = ${lossBar}`;
    numbers`ȳ = ℒ̄·(y − t) = ${lossBar}·(${y} − ${t}) = ${yBar}`;
    prose`The logistic function has a slope that is made of its value: $σ′(z) = σ(z)·(1 − σ(z)) = y·(1 − y)$. So nothing has to be
      exponentiated again:`;
    numbers`z̄ = ȳ·y·(1 − y) = ${yBar}·${y}·(1 − ${y}) = ${zBar}`;
    prose`The weight is used in two places, in $z$ and in $ℛ$. What it does to $J$ it does on both ways, and the two contributions are
      added:`;
    numbers`w̄ = z̄·x + ℛ̄·w = ${zBar}·${x} + ${penaltyBar}·${w} = ${wBar}`;
    numbers`b̄ = z̄·1 = ${zBar}·1 = ${bBar}`;
    prose`These are the two derivatives that were asked for. The way down took five lines and the way up seven, none longer than the line it
      belongs to; that is backpropagation. The penalty pushes $w$ down ($ℛ̄·w$ is positive), the error pulls it up, and the penalty
      is a little stronger.`;

    heading("The same by Gradus");
    prose`Gradus keeps the lines of a calculation as a graph and walks back over it in the same way.`;
    code(`
      const J = ({ w, b }) => {
        const y = w.mul(x).add(b).sigmoid();
        return y.sub(t).square().mul(0.5).add(w.square().mul(0.5 * lambda));
      };
      const slopes = grad(J)({ w: tensor(1), b: tensor(-0.5) });`);
    const objective = ({ w, b }: { w: Tensor; b: Tensor }) => {
      const output = w.mul(x).add(b).sigmoid();
      return output
        .sub(t)
        .square()
        .mul(0.5)
        .add(w.square().mul(0.5 * lambda));
    };
    const at = { w: tensor(w, f64), b: tensor(b, f64) };
    const slopes = grad(objective)(at);
    prose`It can also write down what it does. ${"explain"} takes the names from the program:`;
    const worked = ({ w, b }: { w: Tensor; b: Tensor }) => {
      const z = w.mul(x).add(b);
      const y = z.sigmoid();
      const L = y.sub(t).square().mul(0.5);
      const J = L.add(w.square().mul(0.5 * lambda));
      return J;
    };
    explanation(explain(worked, [at], { title: "J, explained" }));
    const graph = "The graph of J, with values and error signals";
    picture(graph, await draw(worked, [at], { format: "svg", show: ["values", "errors"] }));
    table(
      "By hand and by grad, to ten digits",
      ["quantity", "by hand", "by Gradus"],
      [
        ["$z$", digits(z, 10), digits(at.w.mul(x).add(at.b), 10)],
        ["$y$", digits(y, 10), digits(at.w.mul(x).add(at.b).sigmoid(), 10)],
        ["$J$", digits(J, 10), digits(objective(at), 10)],
        ["$w̄$", digits(wBar, 10), digits(slopes.w, 10)],
        ["$b̄$", digits(bBar, 10), digits(slopes.b, 10)],
      ],
    );
    check("z", 1.5, z);
    check("y", 0.8175744762, y);
    check("J (ℒ_reg)", 0.0666395359, J);
    check("w̄ by hand", 0.0455837607, wBar);
    check("b̄ by hand", -0.0272081196, bBar);
    check("J by Gradus", 0.0666395359, objective(at));
    check("w̄ by Gradus", 0.0455837607, slopes.w);
    check("b̄ by Gradus", -0.0272081196, slopes.b);

    heading("Is it true?");
    const h = given("h", 1e-5);
    const J_at = (dw: number) => objective({ w: tensor(w + dw, f64), b: at.b }).item();
    const [above, below] = [J_at(h), J_at(-h)];
    const measured = (above - below) / (2 * h);
    prose`A derivative can be measured: move $w$ a little to both sides, by $h = ${h}$, and see how $J$ moves.`;
    formula`w̄ ≈ (J(w + h) − J(w − h))/(2·h)`;
    numbers`w̄ ≈ (${digits(above, 12)} − ${digits(below, 12)})/(2·0.00001) = ${measured}`;
    check("w̄ measured", 0.0455837607, measured, 9);
    prose`which agrees. Lesson ${11} makes a method of it.`;
    const rate = given("η", 0.5);
    const next = { w: at.w.sub(slopes.w.mul(rate)), b: at.b.sub(slopes.b.mul(rate)) };
    prose`One step of gradient descent with $η = ${rate}$ goes to $w = ${next.w}$ and $b = ${next.b}$, where $J$ is
      ${objective(next)}, less than ${J}.`;
    check("a step downhill lowers J", true, objective(next).item() < J);
  },
);
