// From the import of the built library to the first training step, on data that are there. Usage: start.mjs LIBRARY ENGINE

import { pathToFileURL } from "node:url";

const [library, engine] = process.argv.slice(2);
const pixels = Float32Array.from({ length: 64 * 784 }, (_, i) => Math.sin(i * i));
const classes = Int32Array.from({ length: 64 }, (_, i) => i % 10);

const begin = performance.now();
const { compile, losses, nn, optim, random, tensor, valueAndGrad } = await import(pathToFileURL(library).href);
const imported = performance.now();

const model = nn.sequential(nn.linear(784, 128), nn.relu(), nn.linear(128, 10));
const optimizer = optim.adam({ learningRate: 1e-3 });
const { parameters } = model.init(random.key(1));
const step = compile(
  (state, x, y) => {
    const { value, gradient } = valueAndGrad((p) => losses.crossEntropy(model.apply(p, x, nn.inference()), y))(state.p);
    const { updates, state: o } = optimizer.update(gradient, state.o, state.p);
    return [{ p: optim.applyUpdates(state.p, updates), o }, value];
  },
  { engine, donate: [0] },
);
const x = tensor(pixels, { shape: [64, 784] });
const y = tensor(classes);
step({ p: parameters, o: optimizer.init(parameters) }, x, y)[1].item();
const done = performance.now();
console.log(JSON.stringify({ importMs: imported - begin, firstStepMs: done - imported }));
process.exit(0);
