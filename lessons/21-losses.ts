// Loss functions: what a wrong answer costs, from predictions, from probabilities and from scores.

import { grad, losses, type Tensor, tensor } from "gradus";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;

export default lesson(
  {
    number: 21,
    title: "What a wrong answer costs",
    learn: "the losses for numbers and for classes, and why a classifier is trained on scores and not on probabilities",
    source: "text 003, loss functions",
    concepts: ["losses"],
  },
  ({ prose, heading, formula, numbers, table, plot, given, check }) => {
    prose`A loss says how bad a prediction is: 0 when it is right, more the further it is off. Training makes the average loss over the
      examples small. Which loss one takes decides what the network will strive for.`;

    heading("Numbers");
    const y = given("y", [2.5, 0, 2]);
    const t = given("t", [3, -0.5, 2]);
    const n = y.length;
    prose`Three predictions $y = ${y}$ for the targets $t = ${t}$. The mean squared error is the mean of the squared differences, and its
      half is common too, because the 2 of the derivative cancels:`;
    formula`MSE = (1/n)·Σᵢ (yᵢ − tᵢ)²`;
    const [Y, T] = [tensor(y, f64), tensor(t, f64)];
    const mse = losses.meanSquaredError(Y, T).item();
    numbers`MSE = ((${y[0]} − ${t[0]})² + (${y[1]} − (${t[1]}))² + (${y[2]} − ${t[2]})²)/${n} = ${mse}`;
    check("mean squared error", 0.5 / 3, mse);
    const half = losses.halfSquaredError(Y, T).item();
    check("half of it", 0.25 / 3, half);
    prose`With one half it is ${half}. Beware: some texts call one of them by the name of the other. The place of the least loss is the same, but the
      gradient is twice as long, so that the step size means something else.`;
    const mae = losses.meanAbsoluteError(Y, T).item();
    prose`Squares make much of large errors. The mean absolute error, here ${mae}, does not; it is less disturbed by a few wrong targets,
      but has a kink where the prediction is right. The Huber loss is a square near 0 and a straight line further off.`;
    check("mean absolute error", 1 / 3, mae);
    const errors = Array.from({ length: 121 }, (_, i) => -3 + i / 20);
    const charge = (loss: (y: Tensor, t: Tensor) => Tensor, error: number) => loss(tensor([error], f64), tensor([0], f64)).item();
    plot({
      title: "What an error costs",
      x: "error y − t",
      y: "loss",
      yRange: [0, 4],
      curves: [
        { name: "half squared", colour: 0, points: errors.map((e) => [e, charge(losses.halfSquaredError, e)] as const) },
        { name: "absolute", colour: 1, points: errors.map((e) => [e, charge(losses.meanAbsoluteError, e)] as const) },
        {
          name: "Huber",
          colour: 2,
          dashed: true,
          points: errors.map((e) => [e, charge((a, b) => losses.huber(a, b), e)] as const),
        },
      ],
    });

    heading("Two classes");
    prose`A classifier answers with a probability $p$ for the class 1. If the class is 1, its loss is $−log(p)$; if it is 0, $−log(1 − p)$.
      With a target $t$ that is 0 or 1 both are one formula, the binary cross-entropy:`;
    formula`ℒ = −(t·log(p) + (1 − t)·log(1 − p))`;
    const p = given("p", [0.9, 0.5, 0.1]);
    const costs = p.map((value) => losses.binaryCrossEntropyFromProbabilities(tensor([value], f64), tensor([1], f64)).item());
    for (const [i, value] of p.entries()) numbers`−log(${value}) = ${costs[i]}`;
    prose`for the target 1. Sure and right costs little, undecided costs $log(2)$, sure and wrong costs much, without limit as $p$ goes to
      0.`;
    check(
      "binary cross-entropy",
      p.map((value) => -Math.log(value)),
      costs,
    );

    heading("Scores, not probabilities");
    prose`The probability comes out of a logistic unit, $p = σ(z)$, and the number $z$ before it is called score, or logit. One can take
      the loss from the probability or straight from the score. On paper it is the same:`;
    formula`ℒ = log(1 + e^{−z}) if t = 1`;
    formula`ℒ = log(1 + e^z) if t = 0`;
    const z = given("z", 2);
    const fromScore = losses.binaryCrossEntropy(tensor([z], f64), tensor([0], f64)).item();
    const fromProbability = losses.binaryCrossEntropyFromProbabilities(tensor([z], f64).sigmoid(), tensor([0], f64)).item();
    numbers`log(1 + exp(${z})) = ${fromScore}`;
    numbers`−log(1 − σ(${z})) = ${fromProbability}`;
    check("from the score", Math.log1p(Math.exp(z)), fromScore);
    check("from the probability", fromScore, fromProbability, 12);
    const big = given("a large score", 40);
    const far = losses.binaryCrossEntropy(tensor([big], f64), tensor([0], f64)).item();
    const lost = losses.binaryCrossEntropyFromProbabilities(tensor([big], f64).sigmoid(), tensor([0], f64)).item();
    const slopeOf = (loss: (score: Tensor) => Tensor) => grad(loss)(tensor([big], f64)).item();
    const [kept, gone] = [
      slopeOf((score) => losses.binaryCrossEntropy(score, tensor([0], f64))),
      slopeOf((score) => losses.binaryCrossEntropyFromProbabilities(score.sigmoid(), tensor([0], f64))),
    ];
    prose`In a computer it is not. A classifier that is very sure and wrong has, say, the score ${big} for the target 0. Its loss is ${far}. But
      σ(${big}) is so near to 1 that it is rounded to 1, what is left is 0, and from the probability one gets ${lost}: a number that has
      nothing to do with the score. Worse, its slope is ${gone}, although it should be ${kept}: the example that is most wrong would teach
      nothing.`;
    check("loss of a large score", 40, far);
    check("slope from the score", 1, kept);
    check("slope from the probability", 0, gone);
    prose`From the score the slope has the simplest form that there is, prediction minus target:`;
    formula`dℒ/dz = σ(z) − t`;
    const slope = grad((score: Tensor) => losses.binaryCrossEntropy(score, tensor([0], f64)))(tensor([z], f64)).item();
    numbers`σ(${z}) − 0 = ${slope}`;
    check("slope of the loss by the score", 1 / (1 + Math.exp(-z)), slope);

    heading("Many classes");
    prose`With $K$ classes there are $K$ scores, softmax turns them into probabilities, and the loss is again minus the logarithm of the
      probability of the right class $c$:`;
    formula`ℒ = −log(exp(z_c)/Σₖ exp(zₖ)) = −z_c + log(Σₖ exp(zₖ))`;
    const scores = given("scores", [1, 2, 0]);
    const right = given("right class, counted from 0", 1);
    const label = tensor([right], { dtype: "int32" });
    const loss = losses.crossEntropy(tensor([scores], f64), label).item();
    numbers`−2 + log(exp(1) + exp(2) + exp(0)) = ${loss}`;
    const probabilities = tensor([scores], f64).softmax();
    const other = losses.crossEntropyFromProbabilities(probabilities, label).item();
    check("cross-entropy from scores", Math.log(Math.exp(1) + Math.exp(2) + 1) - 2, loss);
    check("cross-entropy from probabilities", loss, other, 12);
    const gradient = grad((s: Tensor) => losses.crossEntropy(s, label))(tensor([scores], f64)).data();
    table(
      "The slope is again prediction minus target",
      ["class", "probability", "target", "slope"],
      [...gradient].map((value, k) => [k + 1, probabilities.data()[k], k === right ? 1 : 0, value]),
    );
    check(
      "slopes by the scores",
      [...probabilities.data()].map((q, k) => q - (k === right ? 1 : 0)),
      [...gradient],
    );

    heading("Margins");
    prose`The hinge loss counts classes as −1 and 1 and asks for more than the right side: it wants $t·z$ to be at least 1, and charges
      what is missing. Examples that are right with room to spare cost nothing and have no influence.`;
    formula`ℒ = max(0, 1 − t·z)`;
    const margins = given("scores for the class 1", [2, 0.5, -1]);
    const hinges = margins.map((score) => losses.hinge(tensor([score], f64), tensor([1], f64)).item());
    for (const [i, score] of margins.entries()) numbers`max(0, 1 − (${score})) = ${hinges[i]}`;
    check("hinge", [0, 0.5, 2], hinges);
    const grid = Array.from({ length: 121 }, (_, i) => -3 + i / 20);
    const one = tensor([1], f64);
    plot({
      title: "Losses of a score for the class 1",
      x: "score z",
      y: "loss",
      yRange: [0, 4],
      curves: [
        { name: "wrong or right", colour: 4, points: grid.map((s) => [s, s > 0 ? 0 : 1] as const) },
        {
          name: "cross-entropy",
          colour: 0,
          points: grid.map((s) => [s, losses.binaryCrossEntropy(tensor([s], f64), one).item()] as const),
        },
        { name: "hinge", colour: 1, points: grid.map((s) => [s, losses.hinge(tensor([s], f64), one).item()] as const) },
        {
          name: "half squared, after the logistic unit",
          colour: 2,
          points: grid.map((s) => [s, losses.halfSquaredError(tensor([s], f64).sigmoid(), one).item()] as const),
        },
      ],
    });
    prose`What one really wants is to be wrong seldom: the grey staircase. It is flat, so that gradient descent finds nothing in it. The
      others are its stand-ins. Cross-entropy and hinge are convex in the score; the squared error after a logistic unit is not, and is
      nearly flat where the answer is most wrong (lesson ${25}).`;
    prose`Two further kinds of objective have lessons of their own. An autoencoder's target is its own input, and in a min-max game, as
      between a generator and a discriminator, one network lowers what the other raises. Both are in lesson ${18}.`;
  },
);
