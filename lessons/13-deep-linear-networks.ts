// Layers without activation functions collapse into one matrix; yet training them is not convex.

import { compile, linalg, losses, mapTree, nn, random, type Tensor, tensor, valueAndGrad } from "gradus";
import { certify, certifyObjective, classifyStationaryPoint, gradientDescent } from "gradus/analysis";
import { lesson } from "gradus/explain";

type Layers = { readonly W1: Tensor; readonly W2: Tensor; readonly W3: Tensor };

export default lesson(
  {
    number: 13,
    title: "Deep and linear",
    learn: "why layers need activation functions between them, and how layers alone make a simple loss hard to walk on",
    source: "text 002, expressive power",
    concepts: [
      "universality: 2^D threshold units; logistic approximates threshold; Boolean circuits as networks; deep linear networks collapse",
    ],
  },
  ({ prose, heading, formula, numbers, table, plot, contours, code, given, check }) => {
    const double = { dtype: "float64" } as const;
    prose`Can many layers do more than one? Not if they are linear. A linear layer multiplies by a matrix, and a product of matrices is a
      matrix:`;
    formula`y = W⁽³⁾·W⁽²⁾·W⁽¹⁾·x = W′·x`;
    prose`Whatever the three layers compute, one layer with the weights $W′ = W⁽³⁾·W⁽²⁾·W⁽¹⁾$ computes too.`;

    heading("Three layers and one");
    const sizes = given("units", [3, 4, 4, 2]);
    const [forX, forNoise, ...forW] = random.split(random.key(13), 6);
    const X = random.normal(forX, [3, 40], double);
    const truth = given("A", tensor([[1, -2, 0.5], [0.5, 1, -1]], double)); // biome-ignore format: a matrix
    const T = truth.matmul(X).add(random.normal(forNoise, [2, 40], { deviation: 0.1, ...double }));
    const predict = ({ W1, W2, W3 }: Layers) => W3.matmul(W2.matmul(W1.matmul(X)));
    const loss = (w: Layers) => predict(w).sub(T).square().mean().mul(0.5);
    const start = (k: number): Tensor => random.normal(forW[k], [sizes[k + 1], sizes[k]], { deviation: 0.1, ...double });
    const steps = given("steps", 1500);
    const rate = given("step size", 0.1);
    const deep = descend(loss, { W1: start(0), W2: start(1), W3: start(2) }, rate, steps);
    const { W1, W2, W3 } = deep.weights;
    prose`Take ${sizes.length - 1} layers with ${sizes} units, and train them on ${X.shape[1]} examples. The targets were made by the matrix
      $A = ${truth}$ with a little noise added. ${steps} steps of size ${rate} on the mean of $½·(y − t)²$ bring the loss from
      ${deep.losses[0]} to ${deep.losses[steps]}. Then multiply the three matrices:`;
    const collapsed = W3.matmul(W2).matmul(W1);
    table("W′, the product", ["", "$x₁$", "$x₂$", "$x₃$"], rows(collapsed));
    const difference = collapsed.matmul(X).sub(predict(deep.weights)).abs().max().item();
    prose`The predictions of $W′$ and of the three layers differ by at most ${difference}, which is rounding: the same products, added in
      another order.`;
    check("largest difference of the predictions", 0, difference, 13);
    const best = linalg.leastSquares(X.transpose(), T.transpose()).transpose();
    const toBest = best.sub(collapsed).abs().max().item();
    prose`One layer alone needs no descent: the best matrix solves the normal equations. The three layers have found that same matrix, to
      ${toBest}. They had ${W1.size + W2.size + W3.size} weights to choose, and no more functions to choose from than the one
      layer with ${collapsed.size}.`;
    check("the best matrix and the product agree", 0, toBest, 5);
    numbers`${sizes[0]}·${sizes[1]} + ${sizes[1]}·${sizes[2]} + ${sizes[2]}·${sizes[3]} = ${W1.size + W2.size + W3.size}`;
    check("weights of three layers", 36, W1.size + W2.size + W3.size);

    heading("Exclusive or, again");
    const xorX = tensor([[0, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1]], double); // biome-ignore format: a matrix
    const xorT = tensor([[0, 1, 1, 0]], double);
    const line = linalg.leastSquares(xorX.transpose(), xorT.transpose());
    const answers = xorX.transpose().matmul(line);
    const xorLoss = answers.sub(xorT.transpose()).square().mean().mul(0.5).item();
    prose`So depth without activation functions does not help with exclusive or. The best that any linear network can do, however
      deep, is the best of one layer (with a constant input for the bias): it answers ${answers.reshape([4])} to the four patterns, a half to each, with the loss
      ${xorLoss}.`;
    check("best linear answers to exclusive or", [0.5, 0.5, 0.5, 0.5], answers.reshape([4]));
    check("their loss", 0.125, xorLoss);

    heading("Not convex");
    prose`The function is as simple as before, but the way to it is not. Take the smallest deep linear network there is: three layers with
      one weight each, one example with $x = 1$ and $t = 1$.`;
    formula`J(u, v, w) = ½·(u·v·w − 1)²`;
    const J = (u: number, v: number, w: number) => 0.5 * (u * v * w - 1) ** 2;
    prose`Two points where it is zero, and the point half-way between them:`;
    numbers`J(1, 1, 1) = ½·(1·1·1 − 1)² = ${J(1, 1, 1)}`;
    numbers`J(−1, −1, 1) = ½·((−1)·(−1)·1 − 1)² = ${J(-1, -1, 1)}`;
    numbers`J(0, 0, 1) = ½·(0·0·1 − 1)² = ${J(0, 0, 1)}`;
    prose`The chord between the two lies at the height 0, the graph half-way at ${J(0, 0, 1)}. So $J$ is not convex. The reason is the same as with
      permuted hidden units: there are many ways to write one function, here by turning two signs, and the ways between them are worse.`;
    check("J half-way", 0.5, J(0, 0, 1));
    const certificate = certify("(u*v*w-1)^2/2");
    code(`certify("(u*v*w-1)^2/2")`);
    prose`Its verdict is “${certificate.verdict}”: neither convex nor concave. The same with the three matrices above, where it exchanges two
      hidden units and proves the gap:`;
    check("verdict", "neither", certificate.verdict);
    const model = nn.sequential(
      nn.linear(3, 4, { bias: false }),
      nn.linear(4, 4, { bias: false }),
      nn.linear(4, 2, { bias: false }),
    );
    const parameters = { layers: [W1, W2, W3].map((W) => ({ weight: W.transpose() })) };
    const data = { inputs: X.transpose(), targets: T.transpose() };
    const objective = certifyObjective(model, losses.halfSquaredError, data, { parameters });
    const shallow = certifyObjective(nn.linear(3, 2, { bias: false }), losses.halfSquaredError, data);
    table(
      "certifyObjective on the 40 examples",
      ["model", "convex?", "by"],
      [
        ["one layer", shallow.all.convex.answer, shallow.all.convex.method],
        ["three layers", objective.all.convex.answer, objective.all.convex.method],
      ],
    );
    given("examples", 40);
    check("is one layer convex?", "yes", shallow.all.convex.answer);
    check("are three layers?", "no", objective.all.convex.answer);
    check("the gap is positive", true, (objective.all.convex.witness?.gap ?? 0) > 0);

    heading("The saddle in the middle");
    prose`With two layers the picture is flat enough to be drawn: $½·(u·v − 1)²$. All points with $u·v = 1$ are equally good. They lie on two
      curves, and between them, at zero, is a point where the slope is zero too.`;
    const two = (p: { readonly u: Tensor; readonly v: Tensor }) => p.u.mul(p.v).sub(1).square().mul(0.5);
    const walk = gradientDescent(
      two,
      { u: tensor(0.02, double), v: tensor(-0.01, double) },
      { step: 0.2, stop: { iterations: 60 } },
    );
    const places = Array.from({ length: 61 }, (_, i) => -2 + i / 15);
    contours({
      title: "½(uv − 1)², and a walk that starts near zero",
      x: "u",
      y: "v",
      xs: places,
      ys: places,
      values: places.flatMap((u) => places.map((v) => 0.5 * (u * v - 1) ** 2)),
      paths: [{ name: "gradient descent", colour: 1, points: walk.path.points.map(([u, v]) => [u, v] as const) }],
      marks: [
        { at: [1, 1], label: "minimum", colour: 2 },
        { at: [-1, -1], label: "minimum", colour: 2 },
        { at: [0, 0], label: "saddle", colour: 3 },
      ],
    });
    const saddle = classifyStationaryPoint("(u*v-1)^2/2", [0, 0]);
    const eigenvalues = saddle.eigenvalues.map(({ lower, upper }) => (lower + upper) / 2);
    prose`The second derivatives at zero have the eigenvalues ${eigenvalues}: uphill in one direction, downhill in the other. It is a
      ${saddle.kind}, not a minimum.`;
    check("kind of the point", "saddle", saddle.kind);
    check("eigenvalues there", [-1, 1], eigenvalues);
    const shallowLoss = (W: Tensor) => W.matmul(X).sub(T).square().mean().mul(0.5);
    const flat = descend(shallowLoss, random.normal(forW[3], [2, 3], { deviation: 0.1, ...double }), rate, steps);
    plot({
      title: "Learning with three layers and with one",
      x: "step",
      y: "loss",
      logarithmic: true,
      curves: [
        { name: "one layer", colour: 0, points: flat.losses.slice(0, 401).map((v, k) => [k, v] as const) },
        { name: "three layers", colour: 1, points: deep.losses.slice(0, 401).map((v, k) => [k, v] as const) },
      ],
    });
    const half = (curve: readonly number[]) => curve.findIndex((v) => v < curve[0] / 2);
    prose`Small weights start near such a saddle, and the deep network pays for it. Its loss stands still, falls, and stands still again,
      for it learns the two directions of $W′$ one after the other, the stronger first. It is halved after ${half(deep.losses)} steps, that of one layer
      after ${half(flat.losses)}. In the end they are equally good. Depth pays only with something between the layers that is not
      linear.`;
    check("three layers take longer", true, half(deep.losses) > 5 * half(flat.losses));
    check("and end equally good", 0, deep.losses[steps] - flat.losses[steps], 6);
  },
);

const rows = (W: Tensor) => (W.toArray() as number[][]).map((row, i) => [`$y${"₁₂"[i]}$`, ...row]);

/** Gradient descent with a fixed step: the last weights, and the loss before each step and at the end. */
function descend<W>(loss: (w: W) => Tensor, start: W, rate: number, steps: number) {
  const step = compile((w: W) => {
    const { value, gradient } = valueAndGrad(loss)(w);
    return { value, next: mapTree((p, g) => p.sub(g.mul(rate)), w, gradient) };
  });
  let weights = start;
  const losses = Array.from({ length: steps }, () => {
    const { value, next } = step(weights);
    weights = next;
    return value.item();
  });
  return { weights, losses: [...losses, loss(weights).item()] };
}
