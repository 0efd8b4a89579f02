// Which training objectives are convex, and in which of their variables.

import { losses, nn, tensor } from "gradus";
import { certify, certifyObjective } from "gradus/analysis";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;

export default lesson(
  {
    number: 25,
    title: "Convex in what?",
    learn:
      "to say of a training objective in which variables it is convex: in the prediction, in the weights of one layer, or in all of them",
    source: "texts 002 and 003, convexity of losses",
    concepts: ["which losses are convex, in what"],
  },
  ({ prose, heading, formula, numbers, table, plot, given, check }) => {
    prose`“The cross-entropy is convex” is half a sentence. A loss is a function of the prediction, the prediction a function of the weights,
      and one may be convex where the other is not.`;

    heading("In the prediction");
    const scalar = [
      { name: "half squared error", text: "0.5*(y-1)^2", shown: "½·(y − 1)²", expected: "strongly convex" },
      { name: "absolute error", text: "abs(y-1)", shown: "|y − 1|", expected: "convex" },
      { name: "hinge", text: "max(0, 1-z)", shown: "max(0, 1 − z)", expected: "convex" },
      { name: "cross-entropy of a probability", text: "-log(p)", shown: "−log(p)", domain: "p>0", expected: "strictly convex" },
      { name: "cross-entropy of a score", text: "log(1+exp(-z))", shown: "log(1 + e^{−z})", expected: "strictly convex" },
      {
        name: "squared error after a logistic unit",
        text: "0.5*(1/(1+exp(-z))-1)^2",
        shown: "½·(σ(z) − 1)²",
        expected: "neither",
      },
    ];
    const verdicts = scalar.map(({ text, domain }) => certify(text, domain === undefined ? {} : { domain }));
    prose`Losses as functions of one number, for the target 1: of a prediction $y$, a probability $p$ or a score $z$.`;
    table(
      "Verdicts",
      ["loss", "formula", "verdict"],
      scalar.map(({ name, shown }, i) => [name, `$${shown}$`, verdicts[i].verdict]),
    );
    check(
      "verdicts",
      scalar.map(({ expected }) => expected),
      verdicts.map(({ verdict }) => verdict),
    );
    const { a = [], b = [], t = 0 } = verdicts[5].convex.witness ?? {};
    const loss = (z: number) => 0.5 * (1 / (1 + Math.exp(-z)) - 1) ** 2;
    const middle = (1 - t) * a[0] + t * b[0];
    prose`All but the last are convex. The last one is refuted by the chord from ${a[0]} to ${b[0]}: at ${middle} the function is`;
    numbers`½·(σ(${middle}) − 1)² = ${loss(middle)} > ${(1 - t) * loss(a[0]) + t * loss(b[0])}`;
    prose`and so lies above its chord.`;
    check("the curve is above the chord", true, loss(middle) > (1 - t) * loss(a[0]) + t * loss(b[0]));
    const grid = Array.from({ length: 141 }, (_, i) => -7 + i / 10);
    plot({
      title: "Cross-entropy and squared error of a logistic unit",
      x: "score z",
      y: "loss",
      yRange: [0, 3],
      curves: [
        { name: "log(1 + e^−z)", colour: 0, points: grid.map((z) => [z, Math.log1p(Math.exp(-z))] as const) },
        { name: "½(σ(z) − 1)²", colour: 1, points: grid.map((z) => [z, loss(z)] as const) },
      ],
    });

    heading("In the weights of a linear model");
    prose`A linear model $z = w·x + b$ is a linear function of its weights. Put a linear function into a convex one and the result is convex:
      a chord in the weights becomes a chord in $z$.`;
    formula`ℒ(z((1 − t)·u + t·v)) = ℒ((1 − t)·z(u) + t·z(v)) ≤ (1 − t)·ℒ(z(u)) + t·ℒ(z(v))`;
    prose`So with a convex loss the objective of a linear model is convex in all weights, for whatever data. Gradus proves it for the data at hand:`;
    const x = given("x", tensor([[0, 0], [0, 1], [1, 0], [1, 1], [2, 1]], f64)); // biome-ignore format: a table
    const bits = given("t", tensor([[0], [1], [1], [0], [1]], f64));
    const signs = bits.mul(2).sub(1);
    const linear = nn.linear(2, 1);
    const unit = nn.sequential(nn.linear(2, 1), nn.logistic());
    const hidden = nn.sequential(nn.linear(2, 3), nn.tanh(), nn.linear(3, 1));
    const cases = [
      { model: "linear", net: linear, loss: "half squared error", of: losses.halfSquaredError, t: bits, expected: "yes" },
      {
        model: "linear",
        net: linear,
        loss: "cross-entropy of the score",
        of: losses.binaryCrossEntropy,
        t: bits,
        expected: "yes",
      },
      { model: "linear", net: linear, loss: "hinge", of: losses.hinge, t: signs, expected: "yes" },
      {
        model: "linear, then logistic",
        net: unit,
        loss: "half squared error",
        of: losses.halfSquaredError,
        t: bits,
        expected: "no",
      },
      {
        model: "one hidden layer",
        net: hidden,
        loss: "half squared error",
        of: losses.halfSquaredError,
        t: bits,
        expected: "no",
      },
      {
        model: "one hidden layer",
        net: hidden,
        loss: "cross-entropy of the score",
        of: losses.binaryCrossEntropy,
        t: bits,
        expected: "no",
      },
    ];
    const found = cases.map(({ net, of, t }) => {
      // From weights that are wrong for sure: there the logistic unit is in its flat part.
      const parameters =
        net === unit ? { layers: [{ weight: tensor([[-3], [-3]], f64), bias: tensor([1], f64) }, {}] } : undefined;
      return certifyObjective(net, of, { inputs: x, targets: t }, { seed: 0, ...(parameters && { parameters, steps: 1 }) });
    });
    table(
      "Convex in the weights?",
      ["model", "loss", "in all weights", "in the last layer's"],
      cases.map(({ model, loss }, i) => [model, loss, found[i].all.convex.answer, found[i].lastLayer?.convex?.answer ?? "–"]),
    );
    check(
      "convex in all weights",
      cases.map(({ expected }) => expected),
      found.map(({ all }) => all.convex.answer),
    );

    heading("In the last layer");
    prose`With a hidden layer the objective is not convex in all weights: exchange two hidden units and the midpoint is worse (lesson
      ${12}). But hold everything before the last layer fixed, and what remains is a linear model on the features that the hidden layer
      computes. In the last layer's weights alone the objective is convex again, as the table's last column says. That is why fixed, even
      random, features with a trained output layer are so easy to fit (lesson ${17}).`;
    check(
      "convex in the last layer",
      ["yes", "yes"],
      found.slice(4).map(({ lastLayer }) => lastLayer?.convex?.answer ?? "–"),
    );
    prose`Sums and positive multiples of convex functions are convex, so that a penalty on the squared weights does no harm; it even makes a
      convex objective strongly convex.`;
    const penalised = certify("log(1+exp(-w)) + 0.05*w^2");
    check("with a penalty", "strongly convex", penalised.verdict);
  },
);
