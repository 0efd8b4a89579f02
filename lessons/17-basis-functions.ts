// Basis functions chosen first and weights second, against a network that learns both at once.

import { concat, fit, linalg, losses, nn, ones, optim, random, type Tensor, tensor } from "gradus";
import { certifyObjective } from "gradus/analysis";
import { column, dataset, kMeans, radialBasis } from "gradus/data";
import { lesson, surfaceFigure } from "gradus/explain";

export default lesson(
  {
    number: 17,
    title: "Chosen first, or learned together",
    learn: "how a linear predictor on fixed basis functions is solved in one stroke, and what a network does differently",
    source: "text 001, basis functions",
    concepts: [
      "linear predictor; normal equations; basis functions fixed first (by hand, RBF at k-means centres), weights second",
    ],
  },
  async ({ prose, heading, formula, table, plot, picture, code, given, check }) => {
    const double = { dtype: "float64" } as const;
    const [trainKey, testKey] = random.split(random.key(17), 2);
    const x = random.uniform(trainKey, [200, 2], { low: -1, high: 1, ...double });
    const xTest = random.uniform(testKey, [1000, 2], { low: -1, high: 1, ...double });
    const y = answers(x);
    const yTest = answers(xTest);
    const right = (predicted: Tensor, wanted: Tensor) =>
      predicted.cast("float64").mul(wanted).greater(0).cast("float64").mean().item();
    const meanSquare = (predicted: Tensor, wanted: Tensor) => predicted.cast("float64").sub(wanted).square().mean().item();
    const withOne = (features: Tensor) => concat([ones([features.shape[0], 1], "float64"), features], 1);

    prose`Two numbers $x₁$ and $x₂$ between −1 and 1 are given, and the answer is 1 where their signs differ and −1 where they agree: exclusive or, with
      whole quadrants in the place of four points. There are ${x.shape[0]} examples to learn from, and ${xTest.shape[0]} others to test on.`;

    heading("A line");
    prose`A linear predictor adds up its inputs, each times a weight, and a constant.`;
    formula`y = w₀ + w₁·x₁ + w₂·x₂`;
    prose`For the squared error there is no need to walk downhill. Where the mean of the squares is least, its gradient is zero, and that is a
      linear system of equations for $w$, the normal equations. $X$ has a row for each example, with a 1 in front:`;
    formula`XᵀX·w = Xᵀt`;
    const X = withOne(x);
    const gram = X.transpose().matmul(X) as Tensor;
    const w = linalg.solve(gram, X.transpose().matmul(y) as Tensor);
    const line = { train: X.matmul(w), test: withOne(xTest).matmul(w) };
    const gradient = X.transpose().matmul(line.train.sub(y)).abs().max().item();
    prose`They give $w = ${w.reshape([3])}$. The gradient there is ${gradient}, zero but for rounding. And yet the line is of no use: it gets
      ${right(line.test, yTest)} of the tests right, where guessing would get a half. No straight line can divide quadrants.`;
    check("gradient at the solution", 0, gradient, 11);
    check("the line is hardly better than guessing", true, right(line.test, yTest) < 0.72);

    heading("Features first");
    prose`So let the predictor be linear in something else: in basis functions $φ₁ … φₖ$ of the inputs, chosen before anything is learned.`;
    formula`y = w₀ + w₁·φ₁(x) + … + wₖ·φₖ(x)`;
    prose`By hand one would choose $φ(x) = x₁·x₂$, and be done. Without such an idea, one puts bumps where the data are:`;
    formula`φⱼ(x) = exp(−‖x − cⱼ‖²/(2·s²))`;
    prose`The centres $cⱼ$ come from the k-means algorithm. It begins with $k$ of the points, assigns every point to the centre nearest to it,
      moves each centre to the mean of its points, and repeats both until nothing changes. The sum of squared distances never rises on the
      way.`;
    const product = (at: Tensor) => at.slice([0, 0], [at.shape[0], 1]).mul(at.slice([0, 1], [at.shape[0], 2]));
    const byHand = linalg.leastSquares(product(x), y);
    const handRight = right(product(xTest).matmul(byHand), yTest);
    const k = given("k", 16);
    const width = given("s", 0.5);
    code(`
      const { centres } = kMeans(x, 16);
      const features = radialBasis(centres, 0.5);`);
    const clusters = kMeans(x, k);
    const steps = clusters.inertia.length - 1;
    prose`Here it settles after ${steps} passes, which bring the sum from ${clusters.inertia[0]} to ${clusters.inertia[steps]}.`;
    check("k-means settled", true, clusters.settled);
    check(
      "the sum never rose",
      true,
      clusters.inertia.every((v, i) => i === 0 || v <= clusters.inertia[i - 1] + 1e-12),
    );
    const points = x.toArray() as number[][];
    const centres = clusters.centres.toArray() as number[][];
    plot({
      title: "The examples, and the centres that k-means found",
      x: "x₁",
      y: "x₂",
      curves: [
        {
          name: "answer 1",
          colour: 0,
          dots: "only",
          points: points.filter(([a, b]) => a * b < 0).map(([a, b]) => [a, b] as const),
        },
        {
          name: "answer −1",
          colour: 1,
          dots: "only",
          points: points.filter(([a, b]) => a * b >= 0).map(([a, b]) => [a, b] as const),
        },
      ],
      marks: centres.map(([a, b], i) => ({ at: [a, b] as const, label: `c${i + 1}`, colour: 2 })),
    });
    const basis = radialBasis(clusters.centres, width);
    const features = (inputs: Tensor) => withOne(basis.apply({}, inputs));
    const weights = linalg.leastSquares(features(x), y);
    const bumps = { train: features(x).matmul(weights), test: features(xTest).matmul(weights) };
    const grid = range(-1, 1, 60);
    const plane = tensor(
      grid.flatMap((a) => grid.map((b) => [a, b])),
      double,
    );
    const slice = grid.map((b) => [0.5, b]);
    const along = basis.apply({}, tensor(slice, double)).toArray() as number[][];
    const strongest = along[0]
      .map((_, j) => ({ j, peak: Math.max(...along.map((row) => row[j])) }))
      .sort((p, q) => q.peak - p.peak);
    plot({
      title: "Four of the basis functions along the line x₁ = ½",
      x: "x₂",
      y: "φ",
      curves: strongest.slice(0, 4).map(({ j }, colour) => ({
        name: `φ${j + 1}`,
        colour,
        points: grid.map((b, i) => [b, along[i][j]] as const),
      })),
    });
    prose`With the features fixed, the weights are again the solution of a linear system with ${k + 1} unknowns. The loss is convex in them, and there is nothing
      to adjust, no step size and no starting point.`;
    const data = { inputs: x, targets: y };
    const fixed = certifyObjective(nn.sequential(basis, nn.linear(k, 1)), losses.meanSquaredError, data);
    check("convex in the weights?", "yes", fixed.all.convex.answer);
    const surface = (title: string, values: Tensor) =>
      picture(
        title,
        surfaceFigure({
          title,
          x: { name: "x₁", low: -1, high: 1 },
          y: { name: "x₂", low: -1, high: 1 },
          size: grid.length,
          values: values.data(),
        }),
      );
    surface("What the predictor on basis functions answers", features(plane).matmul(weights));

    heading("Learned together");
    prose`A network with one hidden layer has the same form. Its basis functions are $tanh$ of a linear function of the inputs, and it is they
      that are learned, at the same time as the weights of the output:`;
    formula`φⱼ(x) = tanh(W_{0j} + W_{1j}·x₁ + W_{2j}·x₂)`;
    const hidden = given("hidden units", 8);
    const network = nn.sequential(nn.linear(2, hidden), nn.tanh(), nn.linear(hidden, 1));
    const epochs = given("epochs", 200);
    const inputs = column(Float32Array.from(x.data()), [2]);
    const trained = await fit(network, dataset({ inputs, targets: column(Float32Array.from(y.data()), [1]) }), {
      loss: losses.meanSquaredError,
      optimizer: optim.adam({ learningRate: 0.01 }),
      epochs,
      batchSize: 50,
    });
    const predict = (at: Tensor): Tensor => network.apply(trained.parameters, at.cast("float32"));
    const learned = { train: predict(x), test: predict(xTest) };
    plot({
      title: "The network's loss, and where the basis functions were at once",
      x: "epoch",
      y: "mean squared error",
      logarithmic: true,
      curves: [
        { name: "network", colour: 0, points: trained.history.map(({ metrics }, i) => [i + 1, metrics.loss] as const) },
        {
          name: "basis functions",
          colour: 1,
          dashed: true,
          points: [1, epochs].map((e) => [e, meanSquare(bumps.train, y)] as const),
        },
      ],
    });
    surface("What the network answers", predict(plane));
    const open = certifyObjective(network, losses.meanSquaredError, data, { parameters: trained.parameters });
    prose`There are no normal equations for this, because the answer is not linear in what is learned. There is gradient descent, ${epochs} times
      through the examples. And the loss is not convex; the certificate exchanges two hidden units.`;
    check("is the network's loss convex?", "no", open.all.convex.answer);

    heading("Side by side");
    const results = [
      ["a line", 3, line, "solved"],
      [`${k} bumps at k-means centres`, k + 1, bumps, "solved"],
      [`network with ${hidden} hidden units`, 4 * hidden + 1, learned, "walked"],
    ] as const;
    table(
      "The same data for all",
      ["predictor", "weights", "mean square", "right: examples", "tests", "minimum"],
      results.map(([name, size, { train, test }, how]) => [
        name,
        size,
        meanSquare(train, y),
        right(train, y),
        right(test, yTest),
        how,
      ]),
    );
    prose`With $φ(x) = x₁·x₂$ chosen by hand, a single weight, ${byHand.item()}, gets all the tests right. Whoever knows what to look for needs no network. With bumps
      one needs many, and the more the more inputs there are, for they have to be everywhere. The network needs few units, since it turns and
      places them itself, and pays for it with a minimum that has to be searched for.`;
    check("right on the tests with the feature chosen by hand", 1, handRight);
    check("both learn what the line cannot", true, right(bumps.test, yTest) > 0.9 && right(learned.test, yTest) > 0.9);
    check("bumps: right on the tests, at least", true, right(bumps.test, yTest) > right(line.test, yTest) + 0.2);
  },
);

/** 1 where the signs differ, −1 where they agree; [N, 1]. */
function answers(x: Tensor): Tensor {
  const product = x.slice([0, 0], [x.shape[0], 1]).mul(x.slice([0, 1], [x.shape[0], 2]));
  return product.less(0).cast("float64").mul(2).sub(1);
}

const range = (low: number, high: number, steps: number): number[] =>
  Array.from({ length: steps + 1 }, (_, i) => low + ((high - low) * i) / steps);
