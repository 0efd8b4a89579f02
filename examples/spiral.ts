// Two spirals wound around each other, made by code: gradus train examples/spiral.ts
// No line divides them. Try --set 'hidden=[4]' for a network that is too small, --set optimizer.learningRate=1 for steps that are too
// long, or --set radius=0.5 for inputs so small that training hardly gets under way.

import { defineConfig, earlyStopping, losses, nn, optim } from "gradus";
import { column, dataset } from "gradus/data";

type Shape = { readonly turns: number; readonly radius: number };

/** Points (x, y) on two arms that wind around the origin, alternately of one arm and of the other. */
function spiral(count: number, offset: number, { turns, radius }: Shape) {
  const points = Array.from({ length: count }, (_, i) => {
    const t = (i + offset) / count;
    const angle = 2 * Math.PI * turns * t + (i % 2) * Math.PI;
    return [radius * t * Math.cos(angle), radius * t * Math.sin(angle)];
  });
  return dataset({
    name: "spiral",
    inputs: column(points.flat(), [2]),
    targets: points.map((_, i) => i % 2),
    classes: ["first arm", "second arm"],
    features: ["x", "y"],
  });
}

export default defineConfig({
  name: "spiral",
  settings: {
    epochs: 200,
    batchSize: 20,
    hidden: [32, 32],
    turns: 1.5,
    radius: 4,
    optimizer: { learningRate: 0.01, weightDecay: 0.001 },
  },
  data: ({ settings }) => ({ train: spiral(400, 0.5, settings), validation: spiral(200, 0, settings) }),
  model: ({ hidden }) =>
    nn.sequential(
      ...hidden.flatMap((width, i) => [nn.linear(i === 0 ? 2 : hidden[i - 1], width), nn.tanh()]),
      nn.linear(hidden.at(-1) ?? 2, 2),
    ),
  loss: losses.crossEntropy,
  optimizer: ({ optimizer }) => optim.adamW(optimizer),
  metrics: ["accuracy"],
  callbacks: () => [earlyStopping({ monitor: "val_loss", patience: 30 })],
});
