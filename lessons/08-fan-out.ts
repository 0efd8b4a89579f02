// A quantity that is used twice: the contributions of all its uses are added.

import { grad, type Tensor, tensor } from "gradus";
import { digits, explain, lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;

export default lesson(
  {
    number: 8,
    title: "Fan-out: contributions add up",
    learn: "what to do when a quantity is used in several places, and the whole of backpropagation as a short recipe",
    source: "text 002, the multivariate chain rule",
    concepts: ["backpropagation on a graph"],
  },
  ({ prose, heading, formula, numbers, table, plot, explanation, given, check }) => {
    prose`In a chain every quantity has one successor. In a network it has many: a hidden unit feeds all the units of the next layer, and
      a weight may be shared. Here $t$ is used twice and, further on, so is $y$:`;
    formula`x = cos(t)`;
    formula`y = t²`;
    formula`f = y + e^{x·y}`;
    prose`A nudge to $t$ reaches $f$ on several ways at once, and each of them carries its share. The shares are added, which is the chain
      rule of several variables:`;
    formula`df/dt = ∂f/∂x·dx/dt + ∂f/∂y·dy/dt`;

    heading("Forward");
    const t = given("t", 1);
    const x = Math.cos(t);
    const y = t ** 2;
    const u = Math.exp(x * y);
    const f = y + u;
    prose`At $t = ${t}$. The exponential is used again later, so that it gets a name of its own.`;
    numbers`x = cos(${t}) = ${x}`;
    numbers`y = ${t}² = ${y}`;
    numbers`u = exp(x·y) = exp(${x}·${y}) = ${u}`;
    numbers`f = y + u = ${y} + ${u} = ${f}`;

    heading("Backward");
    prose`The same lines from below. Error signals are written with a bar, as before.`;
    const fBar = 1;
    const uBar = fBar;
    const xBar = uBar * u * y;
    const throughSum = fBar;
    const throughPower = uBar * u * x;
    const yBar = throughSum + throughPower;
    const throughX = xBar * -Math.sin(t);
    const throughY = yBar * 2 * t;
    const tBar = throughX + throughY;
    formula`f̄ = 1`;
    numbers`ū = f̄·1 = ${fBar}·1 = ${uBar}`;
    numbers`x̄ = ū·u·y = ${uBar}·${u}·${y} = ${xBar}`;
    prose`Now $y$. It is used in the sum, with slope 1, and in the exponent, with slope $u·x$. Two contributions:`;
    numbers`ȳ = f̄·1 + ū·u·x = ${fBar}·1 + ${uBar}·${u}·${x} = ${yBar}`;
    prose`And $t$, used in $x$ with slope $−sin(t)$ and in $y$ with slope $2·t$:`;
    numbers`t̄ = x̄·(−sin(t)) + ȳ·2·t = ${xBar}·(−sin(${t})) + ${yBar}·2·${t} = ${tBar}`;
    table("What each way carries", ["to", "through", "contribution"], [
      ["$y$", "the sum", throughSum],
      ["$y$", "the exponent", throughPower],
      ["$t$", "$x$", throughX],
      ["$t$", "$y$", throughY],
      ["$t$", "in all", tBar],
    ]); // biome-ignore format: a table
    prose`Forgetting one of the ways is the classic mistake of derivatives made by hand. Programs avoid it by adding: every quantity begins
      with an error signal of 0, and every use adds its contribution.`;

    heading("By Gradus");
    const F = (t: Tensor) => {
      const x = t.cos();
      const y = t.square();
      return y.add(x.mul(y).exp());
    };
    const slope = grad(F);
    const computed = slope(tensor(t, f64)).item();
    prose`Gradus adds up the uses in the same way; its account names them one by one:`;
    const account = (t: Tensor) => {
      const x = t.cos();
      const y = t.square();
      const u = x.mul(y).exp();
      const f = y.add(u);
      return f;
    };
    explanation(explain(account, [tensor(t, f64)], { title: "f, explained" }));
    prose`To ten digits $df/dt$ is ${digits(tBar, 10)} by hand and ${digits(computed, 10)} by Gradus.`;
    check("df/dt by hand", 2.410479016248909, tBar, 14);
    check("df/dt by Gradus", 2.410479016248909, computed, 14);
    const formulaAt = (t: number) => {
      const [x, y] = [Math.cos(t), t * t];
      return y * Math.exp(x * y) * -Math.sin(t) + (1 + x * Math.exp(x * y)) * 2 * t;
    };
    const others = [-1, 0, 0.5, 2];
    check(
      "df/dt elsewhere",
      others.map(formulaAt),
      others.map((at) => slope(tensor(at, f64)).item()),
    );
    const ts = Array.from({ length: 161 }, (_, i) => -2 + i / 40);
    plot({
      title: "f, and its slope at t = 1",
      x: "t",
      y: "f",
      curves: [
        { name: "f", colour: 0, points: ts.map((at) => [at, F(tensor(at, f64)).item()] as const) },
        {
          name: "the line with slope df/dt",
          colour: 1,
          dashed: true,
          points: [0.2, 1.8].map((at) => [at, f + tBar * (at - t)] as const),
        },
      ],
      marks: [{ at: [t, f], label: "t = 1", colour: 1 }],
    });

    heading("The recipe");
    prose`Number the quantities $v₁, …, v_N$ so that each is computed from earlier ones only (a topological order; $v_N$ is the result).`;
    formula`forward: for i = 1, …, N compute vᵢ`;
    formula`backward: v̄_N = 1; for i = N − 1, …, 1: v̄ᵢ = Σⱼ v̄ⱼ·∂vⱼ/∂vᵢ over all vⱼ that use vᵢ`;
    prose`Each use is visited once, so that the way back costs about as much as the way forth, however many inputs there are. That is why
      networks with millions of weights can be trained at all.`;
  },
);
