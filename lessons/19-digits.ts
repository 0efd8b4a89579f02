// What the first layer of a digit classifier looks for, seen as pictures.

import { fit, losses, nn, optim, type Tensor, tensor } from "gradus";
import { digits } from "gradus/data";
import { imageGallery, lesson } from "gradus/explain";

const side = 28;
const pixels = side * side;

export default lesson(
  {
    number: 19,
    title: "What the first layer sees",
    learn: "to train a classifier of handwritten digits, and to look at the features that it found by itself",
    source: "text 002, feature learning",
    concepts: ["learned first-layer features of digits, seen as images"],
  },
  async ({ prose, heading, formula, numbers, table, plot, picture, code, given, check }) => {
    const counts = given("examples to learn from and to test on", [4000, 500]);
    const { train, test } = digits({ seed: 0, train: counts[0], test: counts[1] });
    const image = (set: typeof train, i: number) => set.inputs.data.subarray(i * pixels, (i + 1) * pixels);
    const show = (title: string, set: typeof train, which: readonly number[], label: (i: number) => string, caption = "") =>
      picture(
        title,
        imageGallery({
          title,
          width: side,
          height: side,
          caption,
          images: which.map((i) => ({ values: image(set, i), label: label(i) })),
        }),
      );
    prose`A picture of a digit has ${side}·${side} grey values, and to a network it is a list of ${pixels} numbers. Nothing tells it which of them are
      neighbours. ${counts[0]} digits are there to learn from and ${counts[1]} others to test on. They are not scanned but made by a program that writes: with
      bent strokes, slanted, thick and thin, no two the same.`;
    numbers`${side}·${side} = ${pixels}`;
    show("Twenty of them", train, Array.from({ length: 20 }, (_, i) => i), (i) => String(train.targets.data[i])); // biome-ignore format: one line

    heading("Ten templates");
    prose`First a linear classifier. It has one weight for each pixel and each digit, and answers with the digit whose sum is largest.
      Being linear, it can do no better than to hold the picture against ten templates.`;
    // Small weights at the start, so that pixels that never see ink stay pale in the pictures.
    const initializer = nn.initializers.normal(0.01);
    const linear = nn.sequential(nn.flatten(), nn.linear(pixels, 10, { initializer }));
    const optimizer = optim.adamW({ learningRate: 0.01, weightDecay: 0.05 });
    const epochs = given("epochs", 10);
    const options = { loss: losses.crossEntropy, optimizer, epochs, batchSize: 50, validation: test, metrics: ["accuracy"], seed: 0 } as const; // biome-ignore format: one line
    const plain = await fit(linear, train, options);
    const templates = weightImages(plain.parameters, 1);
    picture(
      "The ten templates",
      imageGallery({
        title: "The ten templates",
        width: side,
        height: side,
        colours: "signed",
        images: templates.map((values, i) => ({ values, label: String(i) })),
        caption: "blue: ink here speaks for the digit, orange: against it",
      }),
    );
    const ofLinear = plain.metrics.val_accuracy;
    prose`One can recognise them, roughly. After ${epochs} epochs they are right on a share of ${ofLinear} of the test digits. But people write the same digit in several
      ways, and a template can only be the mean of them.`;

    heading("Features");
    const units = given("hidden units", 24);
    prose`Now a hidden layer of ${units} logistic units between the pixels and the answer. Each unit computes`;
    formula`hᵢ = σ(wᵢᵀx + bᵢ)`;
    prose`and is large where the picture has ink on the pixels with positive weights and none on those with negative ones. It is a detector. What it
      detects nobody told it; training decides.`;
    const network = nn.sequential(nn.flatten(), nn.linear(pixels, units, { initializer }), nn.logistic(), nn.linear(units, 10));
    code(`
      const network = nn.sequential(
        nn.flatten(), nn.linear(784, 24), nn.logistic(), nn.linear(24, 10),
      );
      const run = await fit(network, train, {
        loss: losses.crossEntropy,
        optimizer: optim.adamW({ learningRate: 0.01, weightDecay: 0.05 }),
        epochs: 10, batchSize: 50, validation: test, metrics: ["accuracy"],
      });`);
    const run = await fit(network, train, options);
    const weights = pixels * units + units * 10;
    numbers`${pixels}·${units} + ${units}·10 = ${weights}`;
    prose`That are ${weights} weights, and ${units} + ${10} biases.`;
    plot({
      title: "Training",
      x: "epoch",
      y: "cross-entropy",
      logarithmic: true,
      curves: [
        { name: "network, learning", colour: 0, points: lossCurve(run.history, "loss") },
        { name: "network, test", colour: 0, dashed: true, points: lossCurve(run.history, "val_loss") },
        { name: "templates, learning", colour: 1, points: lossCurve(plain.history, "loss") },
        { name: "templates, test", colour: 1, dashed: true, points: lossCurve(plain.history, "val_loss") },
      ],
    });
    const ofNetwork = run.metrics.val_accuracy;
    table(
      "Right on the digits it learned from, and on others",
      ["", "weights", "learning", "test"],
      [
        ["ten templates", pixels * 10, plain.metrics.accuracy, ofLinear],
        [`${units} features`, weights, run.metrics.accuracy, ofNetwork],
      ],
    );
    check("guessing would be right on a tenth; the network is right on more than nine tenths", true, ofNetwork > 0.9);
    check("and on more than the templates", true, ofNetwork > ofLinear);
    check("weights", 19_056, weights);

    heading("Looking at them");
    const features = weightImages(run.parameters, 1);
    prose`The weights of one unit are ${pixels} numbers, one for each pixel. Laid out as the pixels are, they are a picture of what the unit looks for:`;
    picture(
      "What each hidden unit looks for",
      imageGallery({
        title: "What each hidden unit looks for",
        width: side,
        height: side,
        across: 8,
        colours: "signed",
        images: features.map((values, i) => ({ values, label: `unit ${i + 1}` })),
        caption: "blue: ink wanted, orange: no ink wanted",
      }),
    );
    check("pictures", units, features.length);
    const hidden = answersOf(run.parameters, test.inputs.data, counts[1]);
    const spread = Array.from({ length: units }, (_, unit) => deviation(hidden.map((h) => h[unit])));
    const chosen = spread.indexOf(Math.max(...spread));
    const order = Array.from({ length: counts[1] }, (_, i) => i).sort((a, b) => hidden[b][chosen] - hidden[a][chosen] || a - b);
    prose`Take the unit that differs most from one digit to the next, unit ${chosen + 1}, and look at the test digits to which it answers most strongly and
      least. What they have in common is not always a digit. It is a stroke at a certain place, or its absence.`;
    show(`Most for unit ${chosen + 1}`, test, order.slice(0, 10), (i) => hidden[i][chosen].toFixed(3));
    show(`Least for unit ${chosen + 1}`, test, order.slice(-10), (i) => hidden[i][chosen].toFixed(3));
    const [first] = order;
    const sum = features[chosen].reduce((s, w, p) => s + w * image(test, first)[p], biasOf(run.parameters, chosen));
    check("the answer of this unit from its picture of weights", hidden[first][chosen], 1 / (1 + Math.exp(-sum)), 5);
    const vote = votesOf(run.parameters, chosen);
    const [most, least] = [Math.max(...vote), Math.min(...vote)].map((v) => vote.indexOf(v));
    prose`The output layer reads these answers. It takes this unit to speak most for a ${most} (weight ${vote[most]}) and most against a ${least} (weight ${vote[least]}).`;

    heading("Where it fails");
    const guesses = classesOf(network.apply(run.parameters, asTensor(test.inputs.data, counts[1])));
    const wrong = guesses.flatMap((guess, i) => (guess === test.targets.data[i] ? [] : [i]));
    prose`${wrong.length} of the ${counts[1]} test digits are taken for something else. Under each stands what it is and what it was taken for.`;
    show("Ten of the mistakes", test, wrong.slice(0, 10), (i) => `${test.targets.data[i]} as ${guesses[i]}`);
    check("mistakes counted one by one", 1 - ofNetwork, wrong.length / counts[1], 6);
    prose`The features of the first layer are small pieces that occur in many digits, and so they are worth sharing. A second hidden layer would put
      them together into larger ones. A convolution goes one step further: it looks for the same piece at every place, and knows from the
      beginning what this network had to learn, that neighbours belong together.`;
  },
);

type Layers = { readonly layers: readonly { readonly weight: Tensor; readonly bias: Tensor }[] };
const layersOf = (parameters: unknown) => (parameters as Layers).layers;

/** The weights of each unit of a layer, pixel by pixel. */
function weightImages(parameters: unknown, layer: number): number[][] {
  return layersOf(parameters)[layer].weight.transpose().toArray() as number[][];
}

const biasOf = (parameters: unknown, unit: number) => layersOf(parameters)[1].bias.data()[unit];
const votesOf = (parameters: unknown, unit: number) => (layersOf(parameters)[3].weight.toArray() as number[][])[unit];
const asTensor = (data: ArrayLike<number>, count: number) => tensor(Float32Array.from(data), { shape: [count, side, side] });
const classesOf = (logits: Tensor) => Array.from(logits.argmax(-1).data());

/** What the hidden units answer to each digit. */
function answersOf(parameters: unknown, data: ArrayLike<number>, count: number): number[][] {
  const { weight, bias } = layersOf(parameters)[1];
  return asTensor(data, count).reshape([count, pixels]).matmul(weight).add(bias).logistic().toArray() as number[][];
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length);
}

const lossCurve = (history: readonly { readonly metrics: Readonly<Record<string, number>> }[], name: string) =>
  history.map(({ metrics }, i) => [i + 1, metrics[name]] as const);
