// Training a network with hidden units is not convex: exchange two of them, and walk half-way.

import { compile, losses, mapTree, nn, optim, random, type Tensor, tensor, valueAndGrad } from "gradus";
import { certifyObjective } from "gradus/analysis";
import { lesson } from "gradus/explain";

type Weights = { readonly W1: Tensor; readonly b1: Tensor; readonly w2: Tensor; readonly b2: Tensor };

export default lesson(
  {
    number: 12,
    title: "Exchange two hidden units",
    learn: "why the loss of a network with hidden units is never convex, and how two equally good networks prove it",
    source: "text 002, local minima",
    concepts: ["which losses are convex, in what"],
  },
  ({ prose, heading, formula, numbers, table, plot, contours, code, given, check, erratum }) => {
    const double = { dtype: "float64" } as const;
    const x = given("x", tensor([[0, 0], [0, 1], [1, 0], [1, 1]], double)); // biome-ignore format: a table
    const t = given("t", tensor([[0], [1], [1], [0]], double));
    const K = given("K", 3);
    const network = ({ W1, b1, w2, b2 }: Weights) => x.matmul(W1).add(b1).tanh().matmul(w2).add(b2);
    const J = compile((theta: Weights) => losses.halfSquaredError(network(theta), t));
    const lossOf = (theta: Weights) => J(theta).item();

    prose`A convex function is pleasant to minimise: it has no local minimum that is not a global one, and walking downhill leads there.
      The loss of a linear model is convex in its weights. Is that of a network? We train a small one and look. Its task is exclusive or,
      and it has ${K} hidden units:`;
    formula`hᵢ = tanh(w₁ᵢ·x₁ + w₂ᵢ·x₂ + bᵢ)`;
    formula`y = v₁·h₁ + v₂·h₂ + v₃·h₃ + c`;
    prose`The objective $J(θ)$ is the sum of $½(y − t)²$ over the four patterns, averaged; $θ$ stands for all ${4 * K + 1} numbers.`;
    const theta = train(J);
    table("The network after training", ["hidden unit", "$w₁ᵢ$", "$w₂ᵢ$", "$bᵢ$", "$vᵢ$"], unitsOf(theta));
    const outputs = network(theta).data();
    prose`It answers ${Array.from(outputs, (y) => Math.round(y))} to the four patterns, with the loss $J(θ) = ${lossOf(theta)}$.`;
    check(
      "outputs, rounded",
      [0, 1, 1, 0],
      Array.from(outputs, (y) => Math.round(y) + 0),
    );

    heading("The same network twice");
    prose`The hidden units have no names. Exchange the first two, that is exchange two rows of the table above, and the sum for $y$ has
      the same terms in another order. Call the new parameters $θ′$.`;
    const exchanged = permuted(theta, [1, 0, 2]);
    table("The network with two units exchanged", ["hidden unit", "$w₁ᵢ$", "$w₂ᵢ$", "$bᵢ$", "$vᵢ$"], unitsOf(exchanged));
    const [loss, lossExchanged] = [lossOf(theta), lossOf(exchanged)];
    prose`As a function it is the same network; as a point in the space of parameters it is another one. Both have the same loss:
      ${loss} and ${lossExchanged}, equal but for the rounding of a sum taken in another order.`;
    check("J(θ) − J(θ′)", 0, loss - lossExchanged, 12);

    heading("Half-way between");
    prose`If $J$ were convex, its graph would lie on or below the chord between any two of its points. Half-way this says`;
    formula`J(½·θ + ½·θ′) ≤ ½·J(θ) + ½·J(θ′)`;
    const middle = mix(theta, exchanged, 0.5);
    const lossMiddle = lossOf(middle);
    table("Half-way between the two", ["hidden unit", "$w₁ᵢ$", "$w₂ᵢ$", "$bᵢ$", "$vᵢ$"], unitsOf(middle));
    prose`Half-way the first two units are alike, each the mean of what the two had learned, and the network is as good as one with a unit
      less. Its loss is $J(½·θ + ½·θ′) = ${lossMiddle}$, and the chord has ${(loss + lossExchanged) / 2} there. The graph lies above the
      chord. So $J$ is not convex, and the three points are the proof, which anybody can check again.`;
    check("the graph lies above the chord", true, lossMiddle > 0.1 + (loss + lossExchanged) / 2);
    const orders = permutations(K);
    const fractions = Array.from({ length: 41 }, (_, i) => i / 40);
    plot({
      title: "From the network to each of its copies, along straight lines",
      x: "way, from 0 (θ) to 1 (the copy)",
      y: "J",
      curves: [
        ...orders.slice(1).map((order, i) => ({
          name: `units in the order ${order.map((k) => k + 1).join(" ")}`,
          colour: i,
          points: fractions.map((f) => [f, lossOf(mix(theta, permuted(theta, order), f))] as const),
        })),
        { name: "the chord", colour: 4, dashed: true, points: [[0, loss], [1, lossExchanged]] as const }, // biome-ignore format: one line
      ],
    });
    code(`certifyObjective(network, losses.halfSquaredError, { inputs: x, targets: t })`);
    const model = nn.sequential(nn.linear(2, 3), nn.tanh(), nn.linear(3, 1));
    const parameters = { layers: [{ weight: theta.W1, bias: theta.b1 }, {}, { weight: theta.w2, bias: theta.b2 }] };
    const objective = certifyObjective(model, losses.halfSquaredError, { inputs: x, targets: t }, { parameters });
    const { convex } = objective.all;
    const witness = convex.witness;
    prose`${"certifyObjective"} looks for such a pair and measures the gap with outward rounding, so that its answer is proved and not only
      computed. Convex? Its answer is “${convex.answer}”, by ${convex.method}, and the loss half-way is above the chord by at least
      ${witness?.gap ?? 0}.`;
    check("convex?", "no", convex.answer);
    check("method", "permutation of hidden units", convex.method);
    check(
      "the gap that is proved is not above the one measured",
      true,
      witness !== undefined && gapAt(witness.a, witness.b) >= witness.gap,
    );

    heading("All permutations at once");
    const count = orders.length;
    prose`$K$ hidden units can be put in $K!$ orders. With ${K} units there are ${count}, so ${count} sets of parameters
      compute this function. Average all of them. In the mean each unit has been everywhere, and so all units are the same:`;
    numbers`K! = 3·2·1 = ${count}`;
    const copies = orders.map((order) => permuted(theta, order));
    const average = copies.slice(1).reduce<Weights>((mean, copy, i) => mix(mean, copy, 1 / (i + 2)), theta);
    table("The mean of all copies", ["hidden unit", "$w₁ᵢ$", "$w₂ᵢ$", "$bᵢ$", "$vᵢ$"], unitsOf(average));
    const [first, ...rest] = unitsOf(average);
    const apart = Math.max(...rest.flatMap((row) => row.slice(1).map((v, i) => Math.abs(v - first[i + 1]))));
    check("number of permutations", 6, count);
    check("how far the units of the mean are apart", 0, apart, 12);
    const averages = { of: lossOf(average), mean: copies.reduce((sum, copy) => sum + lossOf(copy), 0) / count };
    check("the losses of the copies, apart", 0, Math.max(...copies.map(lossOf)) - Math.min(...copies.map(lossOf)), 12);
    formula`J(λ₁·θ₁ + … + λₙ·θₙ) ≤ λ₁·J(θ₁) + … + λₙ·J(θₙ)`;
    prose`For a convex $J$ this holds for all weights $λᵢ ≥ 0$ that sum to 1. With all $λᵢ$ equal it says that a network whose units are all
      alike, which can do no more than one with a single unit, is at least as good as the trained one. It is not: its loss is
      ${averages.of}, the mean of the losses is ${averages.mean}. The argument needs no numbers. Wherever different units are worth
      having, training is not convex.`;
    check("the mean network is worse", true, averages.of > averages.mean + 0.1);
    erratum`The source says that the averaged network would have to be “better” than the original. The inequality says “at least as good”,
      and that is enough: it is worse. And where the source defines convex combinations it prints the condition
      $λ₁ + … + λₙ·xₙ = 1$; the $xₙ$ does not belong there.`;

    heading("How bad is it?");
    const [swapped, shifted] = [permuted(theta, [1, 0, 2]), permuted(theta, [0, 2, 1])];
    const places = Array.from({ length: 51 }, (_, i) => -0.5 + i / 25);
    const plane = (a: number, b: number) => mapTree((p, q, r) => p.mul(1 - a - b).add(q.mul(a)).add(r.mul(b)), theta, swapped, shifted); // biome-ignore format: one line
    contours({
      title: "The plane through three of the copies: logarithm of the loss",
      x: "towards the copy with units 1 and 2 exchanged",
      y: "towards the copy with units 2 and 3 exchanged",
      xs: places,
      ys: places,
      values: places.flatMap((a) => places.map((b) => Math.log10(lossOf(plane(a, b)) + 1e-4))),
      marks: [
        { at: [0, 0], label: "θ", colour: 4 },
        { at: [1, 0], label: "1 ↔ 2", colour: 4 },
        { at: [0, 1], label: "2 ↔ 3", colour: 4 },
      ],
    });
    prose`Not convex does not mean hopeless. The valleys around the copies are all equally deep, and it does not matter into which one
      the training falls. What is lost is the guarantee that walking downhill must end in one of them.`;
    const { lastLayer } = objective;
    prose`Part of the problem stays convex. Hold the hidden units fixed and train only the last layer, $v$ and $c$: then $y$ is linear in
      what is trained, and the certificate for these parameters says convex: “${lastLayer?.convex?.answer ?? "unknown"}”. The basis functions of
      lesson ${17} are this case.`;
    check("convex in the last layer?", "yes", lastLayer?.convex?.answer ?? "unknown");
    const linear = certifyObjective(nn.linear(2, 1), losses.halfSquaredError, { inputs: x, targets: t });
    prose`And a model without hidden units, on the same data: “${linear.all.convex.answer}”, with smoothness constant
      ${linear.all.L?.upper ?? 0} and strong convexity ${linear.all.mu?.lower ?? 0}. There is one best line, and gradient descent finds it. It is
      only not good enough for exclusive or.`;
    check("is the linear model convex?", "yes", linear.all.convex.answer);

    /** How far the loss half-way is above the mean of the losses, of two rows of all parameters. */
    function gapAt(a: readonly number[], b: readonly number[]): number {
      const at = (flat: readonly number[]) => lossOf(fromRow(flat));
      return at(a.map((v, i) => (v + b[i]) / 2)) - (at(a) + at(b)) / 2;
    }
  },
);

/** Adam from a fixed start, until the loss is all but zero. */
function train(J: (theta: Weights) => Tensor): Weights {
  const keys = random.split(random.key(0), 2);
  const start = (key: Tensor, shape: readonly number[]) => random.normal(key, shape, { dtype: "float64" });
  const optimizer = optim.adam({ learningRate: 0.05 });
  const step = compile((theta: Weights, state: optim.OptimizerState[]) => {
    const { gradient } = valueAndGrad(J)(theta);
    const { updates, state: next } = optimizer.update(gradient, state, theta);
    return { theta: optim.applyUpdates(theta, updates), state: next };
  });
  let theta: Weights = {
    W1: start(keys[0], [2, 3]),
    b1: tensor([0, 0, 0], { dtype: "float64" }),
    w2: start(keys[1], [3, 1]),
    b2: tensor([0], { dtype: "float64" }),
  };
  let state = optimizer.init(theta);
  for (let k = 0; k < 400; k++) ({ theta, state } = step(theta, state));
  return theta;
}

/** One row a hidden unit: its number, weights, bias, and weight in the output. */
function unitsOf({ W1, b1, w2 }: Weights): number[][] {
  const [a, b, v] = [W1.data(), b1.data(), w2.data()];
  return Array.from(b, (bias, i) => [i + 1, a[i], a[b.length + i], bias, v[i]]);
}

/** The parameters with unit order[i] in the place of unit i. */
function permuted({ W1, b1, w2, b2 }: Weights, order: readonly number[]): Weights {
  const places = tensor(order, { dtype: "int32" });
  return { W1: W1.gather(places, 1), b1: b1.gather(places), w2: w2.gather(places), b2 };
}

const mix = (a: Weights, b: Weights, share: number): Weights => mapTree((p, q) => p.mul(1 - share).add(q.mul(share)), a, b);

function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1)
    .flatMap((rest) => Array.from({ length: n }, (_, place) => [...rest.slice(0, place), n - 1, ...rest.slice(place)]))
    .sort((a, b) => Number(a.join("")) - Number(b.join("")));
}

/** The parameters from a row of all numbers, in the order of a witness. */
function fromRow(row: readonly number[]): Weights {
  const part = (from: number, shape: readonly number[]) =>
    tensor(Float64Array.from(row.slice(from, from + shape.reduce((a, b) => a * b, 1))), { shape });
  return { W1: part(0, [2, 3]), b1: part(6, [3]), w2: part(9, [3, 1]), b2: part(12, [1]) };
}
