// The multilayer perceptron, unit by unit and in matrices: both backward passes agree, and what they cost.

import { nn, random, type Tensor, tensor, valueAndGrad } from "gradus";
import { cost, formatCost, lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

type Weights = { readonly W1: Tensor; readonly b1: Tensor; readonly W2: Tensor; readonly b2: Tensor };

export default lesson(
  {
    number: 9,
    title: "The multilayer perceptron, unit by unit and at once",
    learn: "to write the backward pass of a network as five lines of matrices, and what it costs",
    source: "text 002, multilayer perceptron and computational cost",
    concepts: [
      "cost: one multiply-add per weight forward, two backward",
      "backpropagation on a graph",
      "modules: fully connected",
    ],
  },
  ({ prose, heading, formula, numbers, table, code, output, given, check, erratum }) => {
    const [x, t] = [given("x", [1, 2]), given("t", [1, 0])];
    const W1 = given("W₁", [[0.5, -0.25], [-1, 0.75], [0.25, 0.5]]); // biome-ignore format: a matrix
    const b1 = given("b₁", [0.25, -0.5, 0]);
    const W2 = given("W₂", [[1, -0.5, 0.75], [-0.25, 0.5, 1]]); // biome-ignore format: a matrix
    const b2 = given("b₂", [0.5, -0.25]);
    const [D, H, K] = [x.length, b1.length, b2.length];

    prose`A layer in which every input is joined to every unit is called fully connected; several of them in a row, with a bend in
      between, are a multilayer perceptron. Ours has ${D} inputs, ${H} logistic hidden units and ${K} linear outputs, and is charged half
      the squared distance to a target. Unit by unit:`;
    formula`zᵢ = Σⱼ w¹ᵢⱼ·xⱼ + b¹ᵢ`;
    formula`hᵢ = σ(zᵢ)`;
    formula`yₖ = Σᵢ w²ₖᵢ·hᵢ + b²ₖ`;
    formula`ℒ = ½·Σₖ (yₖ − tₖ)²`;
    prose`The numbers: input $x = ${x}$, target $t = ${t}$, $W₁ = ${W1}$, $b₁ = ${b1}$, $W₂ = ${W2}$, $b₂ = ${b2}$.`;

    heading("Unit by unit, forward");
    let multiplyAdds = 0;
    const times = (a: number, b: number) => {
      multiplyAdds++;
      return a * b;
    };
    const z = W1.map((row, i) => row.reduce((sum, w, j) => sum + times(w, x[j]), b1[i]));
    const h = z.map(sigmoid);
    const y = W2.map((row, k) => row.reduce((sum, w, i) => sum + times(w, h[i]), b2[k]));
    const loss = y.reduce((sum, yk, k) => sum + 0.5 * (yk - t[k]) ** 2, 0);
    const forward = multiplyAdds;
    for (let i = 0; i < H; i++) {
      const name = ["z₁", "z₂", "z₃"][i];
      numbers`${name} = ${W1[i][0]}·${x[0]} + ${W1[i][1]}·${x[1]} + ${b1[i]} = ${z[i]}`;
    }
    for (let i = 0; i < H; i++) numbers`${["h₁", "h₂", "h₃"][i]} = σ(${z[i]}) = ${h[i]}`;
    for (let k = 0; k < K; k++) {
      const [a, b, c] = W2[k];
      numbers`${["y₁", "y₂"][k]} = ${a}·${h[0]} + ${b}·${h[1]} + ${c}·${h[2]} + ${b2[k]} = ${y[k]}`;
    }
    numbers`ℒ = ½·((${y[0]} − ${t[0]})² + (${y[1]} − ${t[1]})²) = ${loss}`;

    heading("Unit by unit, backward");
    prose`Outputs first. Each hidden unit feeds both outputs, so that two contributions arrive at it and are added:`;
    multiplyAdds = 0;
    const yBar = y.map((yk, k) => yk - t[k]);
    const W2Bar = yBar.map((d) => h.map((hi) => times(d, hi)));
    const hBar = h.map((_, i) => yBar.reduce((sum, d, k) => sum + times(d, W2[k][i]), 0));
    const zBar = hBar.map((d, i) => d * h[i] * (1 - h[i]));
    const W1Bar = zBar.map((d) => x.map((xj) => times(d, xj)));
    const backward = multiplyAdds;
    for (let k = 0; k < K; k++) numbers`${["ȳ₁", "ȳ₂"][k]} = ${y[k]} − ${t[k]} = ${yBar[k]}`;
    for (let i = 0; i < H; i++) numbers`${["h̄₁", "h̄₂", "h̄₃"][i]} = ${yBar[0]}·${W2[0][i]} + ${yBar[1]}·${W2[1][i]} = ${hBar[i]}`;
    for (let i = 0; i < H; i++) numbers`${["z̄₁", "z̄₂", "z̄₃"][i]} = ${hBar[i]}·${h[i]}·(1 − ${h[i]}) = ${zBar[i]}`;
    prose`The derivative by a weight is the error signal at its upper end times the value at its lower end:`;
    formula`w̄²ₖᵢ = ȳₖ·hᵢ`;
    formula`w̄¹ᵢⱼ = z̄ᵢ·xⱼ`;
    numbers`w̄²₁₁ = ȳ₁·h₁ = ${yBar[0]}·${h[0]} = ${W2Bar[0][0]}`;
    numbers`w̄¹₁₂ = z̄₁·x₂ = ${zBar[0]}·${x[1]} = ${W1Bar[0][1]}`;
    prose`and the derivatives by the biases are the error signals themselves, $b̄¹ = z̄$ and $b̄² = ȳ$.`;

    heading("At once");
    prose`The sums over units are products with matrices. Forward $z = W₁·x + b₁$, $h = σ(z)$, $y = W₂·h + b₂$; and backward, with ∘
      for the product entry by entry and ᵀ for a matrix turned over,`;
    formula`ȳ = y − t`;
    formula`W̄₂ = ȳ·hᵀ`;
    formula`h̄ = W₂ᵀ·ȳ`;
    formula`z̄ = h̄ ∘ σ′(z)`;
    formula`W̄₁ = z̄·xᵀ`;
    prose`The line $h̄ = W₂ᵀ·ȳ$ is the pattern of all backward passes: the Jacobian of the step, turned over, times the error signal. Here
      the Jacobian is $W₂$ itself. For the bend it would be a ${H} × ${H} matrix with the slopes on its diagonal and noughts elsewhere;
      nobody builds it, one multiplies entry by entry. What a step must know is how to multiply by its Jacobian, not the Jacobian.`;
    code(`
      const net = ({ W1, b1, W2, b2 }, x) => W2.matmul(W1.matmul(x).add(b1).sigmoid()).add(b2);
      const loss = (weights) => net(weights, x).sub(t).square().sum().mul(0.5);
      const { value, gradient } = valueAndGrad(loss)(weights);`);
    const net = ({ W1, b1, W2, b2 }: Weights, x: Tensor) => W2.matmul(W1.matmul(x).add(b1).sigmoid()).add(b2);
    const objective = (x: Tensor, t: Tensor) => (weights: Weights) => net(weights, x).sub(t).square().sum().mul(0.5);
    const weights = { W1: tensor(W1, f64), b1: tensor(b1, f64), W2: tensor(W2, f64), b2: tensor(b2, f64) };
    const { value, gradient } = valueAndGrad(objective(tensor(x, f64), tensor(t, f64)))(weights);
    table(
      "Derivatives by the first weights, both ways",
      ["unit", "$w̄¹ᵢ₁$ by hand", "by Gradus", "$w̄¹ᵢ₂$ by hand", "by Gradus"],
      (gradient.W1.toArray() as number[][]).map((row, i) => [i + 1, W1Bar[i][0], row[0], W1Bar[i][1], row[1]]),
      10,
    );
    check("ℒ", loss, value);
    check("W̄₁", W1Bar, gradient.W1);
    check("b̄₁", zBar, gradient.b1);
    check("W̄₂", W2Bar, gradient.W2);
    check("b̄₂", yBar, gradient.b2);

    heading("What it costs");
    const count = D * H + H * K;
    prose`The work is nearly all in the products. Forward, each weight is multiplied once and the result added to a sum: one multiply-add
      for each weight. There are`;
    numbers`${D}·${H} + ${H}·${K} = ${count}`;
    prose`weights, and the program above, which counts its products as it goes, counted ${forward}. Backward each weight is needed
      twice: for its own derivative, and to hand the error signal down to the layer below. That makes two for each weight, with one
      exception: nobody asks for an error signal of the input, so that the lowest layer hands nothing down.`;
    numbers`2·${count} − ${D}·${H} = ${2 * count - D * H}`;
    prose`The program counted ${backward}. Gradus counts on its graph, without computing anything, and says of every parameter why the rule
      holds or does not:`;
    const report = cost(objective(tensor(x, f64), tensor(t, f64)), [weights]);
    output(formatCost(report));
    check("multiply-adds forward by cost", count, report.forward.multiplyAdds);
    check("multiply-adds backward by cost", 2 * count - D * H, report.backward.multiplyAdds);
    const deep = (layers: number, units: number) => {
      const stack = Array.from({ length: layers }, () => [nn.linear(units, units), nn.tanh()]).flat();
      const { forward, backward } = cost(nn.sequential(...stack), [1, units]);
      return { layers, units, forward: forward.multiplyAdds, backward: backward.multiplyAdds };
    };
    const sizesTried = [deep(2, 50), deep(10, 50), deep(20, 50), deep(10, 100)];
    table(
      "Larger networks, one example",
      ["layers", "units in each", "forward", "backward", "backward/forward"],
      sizesTried.map(({ layers, units, forward, backward }) => [layers, units, forward, backward, backward / forward]),
    );
    prose`In a deep network the exception hardly shows, and one says: the way back costs as much as two ways forth. Doubling the layers doubles
      the cost, doubling the units of every layer makes it four times as large.`;
    check(
      "forward is the number of weights",
      sizesTried.map(({ layers, units }) => layers * units ** 2),
      sizesTried.map((n) => n.forward),
    );
    check("twice the layers, twice the cost", 2, sizesTried[2].forward / sizesTried[1].forward);
    check("twice the units, four times the cost", 4, sizesTried[3].forward / sizesTried[1].forward);
    check("backward/forward, ten layers", 1.9, sizesTried[1].backward / sizesTried[1].forward);
    check("multiply-adds forward: one for each weight", count, forward);
    check("weights", 12, count);
    check("multiply-adds backward: two, but for the input", 2 * count - D * H, backward);
    check("with the input's error signal: two for each weight", 2 * count, backward + D * H);

    heading("Not by accident");
    const sizes = given("sizes", [4, 6, 3]);
    const keys = random.split(random.key(given("seed", 0)), 6);
    const [d, m, o] = sizes;
    const bigger = {
      W1: random.normal(keys[0], [m, d], f64),
      b1: random.normal(keys[1], [m], f64),
      W2: random.normal(keys[2], [o, m], f64),
      b2: random.normal(keys[3], [o], f64),
    };
    const [input, target] = [random.normal(keys[4], [d], f64), random.normal(keys[5], [o], f64)];
    const automatic = valueAndGrad(objective(input, target))(bigger).gradient;
    const column = (v: Tensor) => v.reshape([v.size, 1]);
    const zs = bigger.W1.matmul(input).add(bigger.b1);
    const hs = zs.sigmoid();
    const ys = bigger.W2.matmul(hs).add(bigger.b2).sub(target);
    const hsBar = bigger.W2.transpose().matmul(ys);
    const zsBar = hsBar.mul(hs).mul(hs.neg().add(1));
    const byHand = {
      W1: column(zsBar).matmul(input.reshape([1, d])),
      W2: column(ys).matmul(hs.reshape([1, m])),
    };
    const apart = (a: Tensor, b: Tensor) => a.sub(b).abs().max().item();
    const gap = Math.max(apart(byHand.W1, automatic.W1), apart(byHand.W2, automatic.W2), apart(zsBar, automatic.b1));
    check("the five lines and grad agree on a network of random weights", 0, gap, 12);
    prose`The same five lines on a network of ${d} inputs, ${m} hidden units and ${o} outputs with random weights: by matrices and by
      Gradus the derivatives differ by less than ${1e-12}.`;
    erratum`In the source the loss of this network is summed over $i$, $½·Σᵢ (yₖ − tₖ)²$; the sum goes over the outputs, that is over $k$.`;
  },
);
