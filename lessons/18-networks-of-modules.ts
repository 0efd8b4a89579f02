// Networks as graphs of modules: perceptrons, convolution, recurrence, residual steps, dropout and batch normalisation, an
// autoencoder, and two networks that play against each other.

import {
  compile,
  fit,
  grad,
  leavesWithPaths,
  losses,
  nn,
  ones,
  optim,
  random,
  stack,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "gradus";
import { column, dataset, digits } from "gradus/data";
import { imageGallery, lesson, type Pen } from "gradus/explain";

export default lesson(
  {
    number: 18,
    title: "Built from modules",
    learn: "how networks of every kind are put together from the same few parts",
    source: "text 004, networks as graphs of modules",
    concepts: [
      "a network is a function f(x; w); composition of layers; modules in any acyclic graph",
      "modules: fully connected, convolution, pooling, dropout, batch normalisation, residual, recurrent",
      "losses: squared",
    ],
  },
  async (pen) => {
    const { prose, formula } = pen;
    prose`A module is a small function with parameters of its own: it takes an input and gives an output, it can be differentiated, and it knows
      nothing of its neighbours. A network is modules put together, one after the other or in any graph without circles. What they compute
      is known when it is known what each computes, and so are the derivatives, by the chain rule.`;
    formula`f(x; w) = φ₃(φ₂(φ₁(x; w₁); w₂); w₃)`;
    await perceptrons(pen);
    const data = digits({ seed: 0, train: 1000, test: 300 });
    await convolution(pen, data);
    await recurrence(pen);
    residualSteps(pen);
    noiseAndNormalisation(pen);
    await autoencoder(pen, data);
    adversaries(pen);
  },
);

async function perceptrons({ heading, prose, formula, numbers, table, plot, code, given, check, erratum }: Pen): Promise<void> {
  heading("A multilayer perceptron, in two ways");
  prose`The plainest network: linear layers with a logistic function $σ$ after each but the last, and at the end $softmax$, which makes
    probabilities of any numbers.`;
  formula`ŷ = softmax(W₂·σ(W₁·x))`;
  prose`The source writes it so in its drawing, and in its formulas with one more $σ$:`;
  formula`ŷ = softmax(σ(W₂·σ(W₁·x)))`;
  const classes = given("classes", 3);
  const cloud = clouds(classes, 60);
  const usual = nn.sequential(nn.linear(2, 16), nn.logistic(), nn.linear(16, classes));
  const squeezed = nn.sequential(nn.linear(2, 16), nn.logistic(), nn.linear(16, classes), nn.logistic());
  code(`
    const usual = nn.sequential(
      nn.linear(2, 16), nn.logistic(), nn.linear(16, 3));
    const squeezed = nn.sequential(
      nn.linear(2, 16), nn.logistic(), nn.linear(16, 3), nn.logistic());`);
  const options = { loss: losses.crossEntropy, optimizer: optim.adam({ learningRate: 0.02 }), epochs: 100, metrics: ["accuracy"] } as const; // biome-ignore format: one line
  const [a, b] = [await fit(usual, cloud, options), await fit(squeezed, cloud, options)];
  const most = Math.E / (Math.E + classes - 1);
  const floor = -Math.log(most);
  prose`Does it matter? The numbers that come out of $σ$ lie between 0 and 1, and $softmax$ can make no more of them than of 1 and 0: the largest
    probability there can be for one of ${classes} classes is $e/(e + 2)$, and the cross-entropy of an example cannot fall below its negative logarithm.`;
  numbers`e/(e + ${classes - 1}) = ${most}`;
  numbers`−log(${most}) = ${floor}`;
  plot({
    title: "Three clouds of points: cross-entropy while learning",
    x: "epoch",
    y: "loss",
    logarithmic: true,
    curves: [
      { name: "usual", colour: 0, points: curve(a.history) },
      { name: "with the inner σ", colour: 1, points: curve(b.history) },
      { name: "bound", colour: 4, dashed: true, points: [1, 100].map((k) => [k, floor] as const) },
    ],
  });
  table(
    "After training",
    ["network", "loss", "right"],
    [
      ["usual", a.metrics.loss, a.metrics.accuracy],
      ["with the inner σ", b.metrics.loss, b.metrics.accuracy],
    ],
  );
  prose`Both learn to choose, but the second may never be sure, and its gradient pushes on for ever against a wall. Leave the inner $σ$ out.`;
  check("the bound holds", true, b.metrics.loss > floor);
  check("the usual network falls below it", true, a.metrics.loss < floor);
  check("both choose rightly, at least", true, Math.min(a.metrics.accuracy, b.metrics.accuracy) > 0.9);
  erratum`Where the source lists the modules it has $φ₂ = σ(W₂·φ₂(…))$, a module defined by itself; it must be $φ₁$ inside. And its last line says
    “backpropagation = gradient descent”. Backpropagation computes the gradient; what is done with it is another matter, and may be gradient
    descent.`;
}

async function convolution(
  { code, heading, prose, numbers, table, given, check }: Pen,
  data: ReturnType<typeof digits>,
): Promise<void> {
  heading("Convolution and pooling");
  const [kernel, channels] = [given("side of the kernel", 5), given("channels", 8)];
  prose`In a picture the same things occur at every place. A convolution looks through a small window, ${kernel}·${kernel} pixels, with the same
    weights wherever the window stands; pooling keeps only the strongest answer of each neighbourhood.`;
  code(`
    nn.sequential(
      nn.reshape([28, 28, 1]), nn.conv2d(1, 8, 5, { strides: 2 }), nn.relu(), nn.maxPool2d(2),
      nn.flatten(), nn.linear(288, 10));`);
  const convolutional = nn.sequential(
    nn.reshape([28, 28, 1]),
    nn.conv2d(1, channels, kernel, { strides: 2 }),
    nn.relu(),
    nn.maxPool2d(2),
    nn.flatten(),
    nn.linear(36 * channels, 10),
  );
  const [own, all] = [kernel * kernel * channels + channels, 36 * channels * 10 + 10];
  const hidden = given("hidden units of the other network", 4);
  const connected = nn.sequential(nn.flatten(), nn.linear(784, hidden), nn.tanh(), nn.linear(hidden, 10));
  const others = 784 * hidden + hidden + hidden * 10 + 10;
  const options = { loss: losses.crossEntropy, optimizer: optim.adam({ learningRate: 0.005 }), epochs: 10, batchSize: 50, validation: data.test, metrics: ["accuracy"] } as const; // biome-ignore format: one line
  const [c, f] = [await fit(convolutional, data.train, options), await fit(connected, data.train, options)];
  const features = 36 * channels;
  prose`The convolution has ${own} parameters, and makes ${features} features with them, the ${channels} answers of its ${channels} kernels at each of ${36}
    places. A fully connected layer with as many features would have ${784 * features + features}.`;
  numbers`${kernel}·${kernel}·${channels} + ${channels} = ${own}`;
  numbers`784·${features} + ${features} = ${784 * features + features}`;
  check("parameters of the convolution", 208, own);
  check("parameters of the layer in its place", 226_080, 784 * features + features);
  table(
    "A thousand digits to learn from, three hundred to test on",
    ["network", "parameters in all", "right on the tests"],
    [
      ["convolutional", own + all, c.metrics.val_accuracy],
      [`fully connected, ${hidden} hidden units`, others, f.metrics.val_accuracy],
    ],
  );
  prose`With about as many parameters in all, a fully connected network can afford ${hidden} hidden units, and does worse.`;
  check("the convolutional network is better", true, c.metrics.val_accuracy > f.metrics.val_accuracy + 0.05);
  check("and right on more than eight tenths", true, c.metrics.val_accuracy > 0.8);
}

async function recurrence({ heading, prose, formula, code, table, given, check }: Pen): Promise<void> {
  heading("Recurrence");
  prose`A sequence is read step by step. The module keeps a state $h$, and the same weights lead from each state to the next:`;
  formula`hₜ = tanh(W·xₜ + U·hₜ₋₁ + b)`;
  const steps = given("steps", 12);
  prose`Unrolled over time this is an ordinary deep network whose layers share their weights. The task here: is the sum of
    ${steps} random numbers positive? The network sees one of them at a time and has to carry the sum along in its state.`;
  code(`nn.sequential(nn.rnn(1, 16), nn.linear(16, 2))`);
  const network = nn.sequential(nn.rnn(1, 16), nn.linear(16, 2));
  const run = await fit(network, sequences(256, steps, 5), {
    loss: losses.crossEntropy,
    optimizer: optim.adam({ learningRate: 0.01 }),
    epochs: 30,
    metrics: ["accuracy"],
  });
  const lengths = [6, steps, 18];
  const results = await Promise.all(lengths.map(async (n) => (await run.evaluate(sequences(500, n, 6 + n))).accuracy));
  table("Right on new sequences", ["length", "share"], lengths.map((n, i) => [n, results[i]])); // biome-ignore format: one line
  prose`Since the weights are the same at every step, the network can be asked about sequences of any length, also of lengths that it has never
    seen.`;
  check("right on the length that it learned", true, results[1] > 0.9);
  check("and nearly so on others", true, Math.min(...results) > 0.85);
}

function residualSteps({ heading, prose, formula, code, plot, given, check }: Pen): void {
  heading("Residual steps");
  const depth = given("layers", 20);
  prose`Behind many layers the error signal has been multiplied by many slopes. With logistic units each of them is at most ¼, and in the
    first layers little is left. A residual step adds its input to its output, so that the signal has a way past every layer:`;
  formula`y = x + φ(x; w)`;
  code(`nn.residual(nn.sequential(nn.linear(8, 8), nn.logistic()))`);
  const norms = (residual: boolean): number[] => {
    const block = () => nn.sequential(nn.linear(8, 8), nn.logistic());
    const layers = Array.from({ length: depth }, (): nn.Module => (residual ? nn.residual(block()) : block()));
    const network: nn.Module = nn.sequential(...layers);
    const x = random.normal(random.key(1), [32, 8], { dtype: "float64" });
    const objective = (w: nn.Parameters) => network.apply(w, x).square().mean();
    const gradient = grad(objective)(network.init(random.key(2), "float64").parameters);
    return leavesWithPaths(gradient).flatMap(([path, g]) => (path.endsWith("weight") ? [g.norm().item()] : []));
  };
  const [plain, residual] = [norms(false), norms(true)];
  plot({
    title: "Size of the gradient of each layer's weights, before any training",
    x: "layer",
    y: "norm",
    logarithmic: true,
    curves: [
      { name: "one after the other", colour: 1, dots: true, points: plain.map((v, i) => [i + 1, v] as const) },
      { name: "residual", colour: 0, dots: true, points: residual.map((v, i) => [i + 1, v] as const) },
    ],
  });
  const [shrunk, kept] = [plain[0] / plain[depth - 1], residual[0] / residual[depth - 1]];
  prose`From the last layer to the first the gradient becomes ${shrunk} times as large in the plain network, and ${kept} times in the residual one.`;
  check("the plain gradient vanishes", true, shrunk < 1e-6);
  check("the residual one does not", true, kept > 0.01);
}

function noiseAndNormalisation({ heading, prose, formula, table, given, check }: Pen): void {
  heading("Dropout and batch normalisation");
  prose`Two modules behave differently while training and afterwards. Dropout sets each number to 0 with the probability $p$, and divides
    the others by $1 − p$, so that the mean stays what it was; afterwards it does nothing.`;
  const p = given("p", 0.25);
  const dropout = nn.dropout(p);
  const input = ones([20_000], "float64");
  const dropped = dropout.apply({}, input, nn.training({ key: random.key(3) })).data();
  const left = dropped.filter((v) => v !== 0);
  const mean = average(Array.from(dropped));
  prose`Of ${dropped.length} ones with $p = ${p}$, a share of ${1 - left.length / dropped.length} became 0, the others ${left[0]}, and the mean is ${mean}.`;
  check("what is left is divided by 1 − p", 1 / (1 - p), left[0]);
  check("share that was dropped, to two digits", p, 1 - left.length / dropped.length, 2);
  check("afterwards it does nothing", 0, dropout.apply({}, input).sub(input).abs().max().item());
  prose`Batch normalisation brings each feature to mean 0 and variance 1, over the examples of the batch, and then lets the network choose
    another mean $β$ and scale $γ$. It remembers running means, and these are what it uses afterwards, when there may be no batch.`;
  formula`y = γ·(x − mean)/√(variance + ε) + β`;
  const norm = nn.batchNorm(2, { momentum: 0.1 });
  const { parameters, state } = norm.init(random.key(4), "float64");
  const batch = random
    .normal(random.key(5), [64, 2], { dtype: "float64" })
    .mul(tensor([3, 0.5]))
    .add(tensor([10, -1]));
  const context = nn.training({ state });
  const out = norm.apply(parameters, batch, context);
  const [remembered] = leavesWithPaths(context.updatedState()).flatMap(([path, x]) => (path === "mean" ? [x] : []));
  const moments = (x: Tensor) => {
    const m = x.mean(0);
    return [m.data(), x.sub(m).square().mean(0).data()] as const;
  };
  const [before, after] = [moments(batch), moments(out)];
  table(
    "One batch of 64 examples with two features",
    ["", "mean", "variance"],
    [
      ["before", Array.from(before[0]), Array.from(before[1])],
      ["after", Array.from(after[0], (v) => Math.round(v * 1e9) / 1e9 + 0), Array.from(after[1])],
    ],
  );
  check("means after", [0, 0], Array.from(after[0]));
  check("variances after", [1, 1], Array.from(after[1]), 3);
  prose`The running mean starts at 0 and moves a tenth of the way with every batch: after this one it is ${remembered}.`;
  check(
    "running mean",
    Array.from(before[0], (m) => 0.1 * m),
    Array.from(remembered.data()),
    9,
  );
}

async function autoencoder(
  { heading, prose, formula, picture, numbers, given, check }: Pen,
  data: ReturnType<typeof digits>,
): Promise<void> {
  heading("An autoencoder");
  prose`Without labels a network can still learn something: to give back what it got, through a narrow place. The encoder $E$ makes a few
    numbers of a picture, the decoder $D$ a picture of these numbers, and the loss is how much of the picture got lost.`;
  formula`min mean ‖x − D(E(x))‖²`;
  const narrow = given("numbers in the narrow place", 12);
  const pixels = 784;
  const encoder = nn.sequential(nn.flatten(), nn.linear(pixels, 64), nn.relu(), nn.linear(64, narrow));
  const decoder = nn.sequential(nn.linear(narrow, 64), nn.relu(), nn.linear(64, pixels), nn.logistic());
  const both = nn.sequential(encoder, decoder);
  const pictures = dataset({ inputs: data.train.inputs, targets: column(data.train.inputs.data, [pixels]) });
  const run = await fit(both, pictures, {
    loss: losses.meanSquaredError,
    optimizer: optim.adam({ learningRate: 0.004 }),
    epochs: 12,
    batchSize: 50,
  });
  const shown = 10;
  const some = tensor(Float32Array.from(data.test.inputs.data.subarray(0, shown * pixels)), { shape: [shown, 28, 28] });
  const back = both.apply(run.parameters, some).data();
  const row = (from: ArrayLike<number>, i: number) => Array.from(from).slice(i * pixels, (i + 1) * pixels);
  picture(
    "Test digits, and what comes back",
    imageGallery({
      title: `Ten test digits, and what comes back through ${narrow} numbers`,
      width: 28,
      height: 28,
      images: [some.data(), back].flatMap((from) => Array.from({ length: shown }, (_, i) => ({ values: row(from, i) }))),
    }),
  );
  const all = tensor(data.test.inputs.data, { shape: [data.test.size, pixels] }).cast("float64");
  const typical = tensor(data.train.inputs.data, { shape: [data.train.size, pixels] })
    .cast("float64")
    .mean(0);
  const answered = both.apply(run.parameters, all.cast("float32")).cast("float64");
  const [lost, baseline] = [answered, typical].map((guess) => all.sub(guess).square().mean().item());
  prose`${pixels} numbers became ${narrow}, and of the test pictures, which it had never seen, the mean square that is lost is ${lost}. Whoever always
    gave back the mean of all pictures would lose ${baseline}.`;
  numbers`${lost}/${baseline} = ${lost / baseline}`;
  check("less than half of what the mean picture loses", true, lost < baseline / 2);
}

interface Players {
  readonly forger: nn.Parameters;
  readonly judge: nn.Parameters;
  readonly forgerState: optim.OptimizerState[];
  readonly judgeState: optim.OptimizerState[];
}

function adversaries({ heading, prose, formula, table, plot, numbers, given, check }: Pen): void {
  heading("Two that play against each other");
  prose`A generator $G$ makes points out of noise $z$. A discriminator $D$ sees points and says how likely they are real. $D$ wants to tell true from
    forged, $G$ wants to be believed: the one minimises what the other maximises.`;
  formula`min_G max_D mean log D(x) + mean log(1 − D(G(z)))`;
  prose`The real points lie around a circle of radius 1. Both players are small networks, and each in turn takes a step against its own loss. Left to
    themselves the two chase each other round and round; what calms them is a price on the slope of $D$ at the real points, a derivative that
    is itself differentiated.`;
  const [batch, rounds] = [given("points in a batch", 64), given("rounds", 1500)];
  const forger = nn.sequential(nn.linear(2, 32), nn.tanh(), nn.linear(32, 32), nn.tanh(), nn.linear(32, 2));
  const judge = nn.sequential(nn.linear(2, 32), nn.leakyRelu(0.2), nn.linear(32, 32), nn.leakyRelu(0.2), nn.linear(32, 1));
  const optimizer = optim.adam({ learningRate: 0.003, beta1: 0 });
  const [yes, no] = [ones([batch, 1]), zeros([batch, 1])];
  const noise = (key: Tensor, count: number) => random.normal(key, [count, 2]);
  const round = compile(
    ({ forger: g, judge: d, forgerState, judgeState }: Players, key: Tensor) => {
      const [forReal, forJudge, forForger] = random.split(key, 3);
      const real = ring(forReal, batch);
      const forged = forger.apply(g, noise(forJudge, batch));
      const judged = valueAndGrad((p: nn.Parameters) => {
        const slope = grad((x: Tensor) => judge.apply(p, x).sum())(real);
        const mistakes = losses
          .binaryCrossEntropy(judge.apply(p, real), yes)
          .add(losses.binaryCrossEntropy(judge.apply(p, forged), no));
        return mistakes.add(
          slope
            .square()
            .sum()
            .mul(0.05 / batch),
        );
      })(d);
      const ofJudge = optimizer.update(judged.gradient, judgeState, d);
      const better = optim.applyUpdates(d, ofJudge.updates);
      const believed = valueAndGrad((p: nn.Parameters) =>
        losses.binaryCrossEntropy(judge.apply(better, forger.apply(p, noise(forForger, batch))), yes),
      )(g);
      const ofForger = optimizer.update(believed.gradient, forgerState, g);
      const players: Players = {
        forger: optim.applyUpdates(g, ofForger.updates),
        judge: better,
        forgerState: ofForger.state,
        judgeState: ofJudge.state,
      };
      return { players, judged: judged.value, believed: believed.value };
    },
    { donate: [0] },
  );
  const [g, d] = [forger.init(random.key(18)).parameters, judge.init(random.key(19)).parameters];
  let players: Players = { forger: g, judge: d, forgerState: optimizer.init(g), judgeState: optimizer.init(d) };
  const samples = () => forger.apply(players.forger, noise(random.key(20), 800)).toArray() as [number, number][];
  const first = samples();
  const course: { judged: number; believed: number }[] = [];
  for (let k = 0; k < rounds; k++) {
    const { players: next, judged, believed } = round(players, random.foldIn(random.key(21), k));
    players = next;
    course.push({ judged: judged.item(), believed: believed.item() });
  }
  const last = samples();
  const real = ring(random.key(22), 800).toArray() as [number, number][];
  plot({
    title: "Points: real, forged at first, forged in the end",
    x: "x₁",
    y: "x₂",
    curves: [
      { name: "real", colour: 4, dots: "only", points: real.slice(0, 400) },
      { name: "forged at first", colour: 1, dots: "only", points: first.slice(0, 400) },
      { name: "forged in the end", colour: 0, dots: "only", points: last.slice(0, 400) },
    ],
  });
  const smooth = (pick: (step: { judged: number; believed: number }) => number) =>
    Array.from({ length: rounds / 25 }, (_, i) => [25 * i, average(course.slice(25 * i, 25 * (i + 1)).map(pick))] as const);
  plot({
    title: "Their losses, averaged over 25 rounds",
    x: "round",
    y: "loss",
    curves: [
      { name: "discriminator", colour: 1, points: smooth(({ judged }) => judged) },
      { name: "generator", colour: 0, points: smooth(({ believed }) => believed) },
      { name: "2·log 2 and log 2", colour: 4, dashed: true, points: [[0, 2 * Math.LN2], [rounds, 2 * Math.LN2], [rounds, Number.NaN], [0, Math.LN2], [rounds, Math.LN2]] }, // biome-ignore format: one line
    ],
  });
  const end = course.slice(-200);
  const [judged, believed] = [average(end.map((c) => c.judged)), average(end.map((c) => c.believed))];
  prose`When the forgeries cannot be told from the real points, the best that $D$ can say is always ½. Then its loss is $−2·log(½) = ${2 * Math.LN2}$, and that of
    $G$ is $−log(½) = ${Math.LN2}$. In the last ${end.length} rounds they are ${judged} and ${believed} on average.`;
  numbers`−2·log(0.5) = ${2 * Math.LN2}`;
  const [ofReal, ofFirst, ofLast] = [real, first, last].map(circleStatistics);
  table(
    "800 points each",
    ["", "mean radius", "deviation of the radius", "least share in an eighth of the circle"],
    [
      ["real", ofReal.radius, ofReal.deviation, ofReal.least],
      ["forged at first", ofFirst.radius, ofFirst.deviation, ofFirst.least],
      ["forged in the end", ofLast.radius, ofLast.deviation, ofLast.least],
    ],
  );
  check("the discriminator's loss is near 2·log 2", true, Math.abs(judged - 2 * Math.LN2) < 0.05);
  check("the generator's loss is near log 2", true, Math.abs(believed - Math.LN2) < 0.05);
  check("mean radius in the end", 1, ofLast.radius, 0.7);
  check("the ring is thin", true, ofLast.deviation < 0.15);
  check("no eighth of the circle is left out", true, ofLast.least > 0.06);
  check("at first it was none of that", true, Math.abs(ofFirst.radius - 1) > 0.3);
}

/** Points [count, 2] around the circle of radius 1. */
function ring(key: Tensor, count: number): Tensor {
  const [forAngle, forRadius] = random.split(key);
  const angle = random.uniform(forAngle, [count], { high: 2 * Math.PI });
  const radius = random.normal(forRadius, [count], { mean: 1, deviation: 0.05 });
  return stack([radius.mul(angle.cos()), radius.mul(angle.sin())], 1);
}

function circleStatistics(points: readonly (readonly [number, number])[]) {
  const radii = points.map(([a, b]) => Math.hypot(a, b));
  const radius = average(radii);
  const eighths = new Array<number>(8).fill(0);
  for (const [a, b] of points) eighths[Math.floor(((Math.atan2(b, a) / (2 * Math.PI) + 1) % 1) * 8)]++;
  return {
    radius,
    deviation: Math.sqrt(average(radii.map((r) => (r - radius) ** 2))),
    least: Math.min(...eighths) / points.length,
  };
}

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

const curve = (history: readonly { readonly metrics: Readonly<Record<string, number>> }[]) =>
  history.map(({ metrics }, i) => [i + 1, metrics.loss] as const);

/** Clouds of points around the corners of a triangle, one for each class. */
function clouds(classes: number, each: number) {
  const spread = random.normal(random.key(7), [classes * each, 2], { deviation: 0.35, dtype: "float64" }).data();
  const targets = Array.from({ length: classes * each }, (_, i) => i % classes);
  const points = targets.flatMap((c, i) => {
    const angle = (2 * Math.PI * c) / classes;
    return [Math.cos(angle) + spread[2 * i], Math.sin(angle) + spread[2 * i + 1]];
  });
  return dataset({ inputs: column(points, [2]), targets, classes });
}

/** Sequences of random numbers, and whether their sum is positive. */
function sequences(count: number, steps: number, seed: number) {
  const values = random.normal(random.key(seed), [count, steps, 1]).data();
  const targets = Array.from({ length: count }, (_, i) =>
    Number(average(Array.from(values.subarray(i * steps, (i + 1) * steps))) > 0),
  );
  return dataset({ inputs: column(values, [steps, 1]), targets, classes: 2 });
}
