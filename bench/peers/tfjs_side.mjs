// The workloads in TensorFlow.js on its WASM backend. Usage: tfjs_side.mjs THREADS

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const begin = performance.now();
const tf = await import("@tensorflow/tfjs");
const { setThreadsCount, setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
setWasmPaths(`${dirname(fileURLToPath(import.meta.resolve("@tensorflow/tfjs-backend-wasm")))}/`);
setThreadsCount(Number(process.argv[2]));
await tf.setBackend("wasm");
await tf.ready();
const imported = performance.now() - begin;

const { parameters, serve } = await import("./side.mjs");

const placed = ({ data, shape, dtype }) => tf.tensor(data, shape, dtype === "F32" ? "float32" : "int32");

const mlp = (activation) => (p, x) => {
  let h = x;
  for (let i = 0; i < p.length; i += 2) {
    h = tf.add(tf.matMul(h, p[i]), p[i + 1]);
    if (i + 2 < p.length) h = activation(h);
  }
  return h;
};

function cnn(p, x) {
  const layer = (h, i) => tf.maxPool(tf.relu(tf.add(tf.conv2d(h, p[i], 1, "same"), p[i + 1])), 2, 2, "valid");
  return tf.add(tf.matMul(layer(layer(x, 0), 2).reshape([64, 1568]), p[4]), p[5]);
}

/** A GRU as a loop over time that is written out, which is what this library's own layer does too. */
function gru([wi, wh, bi, bh, weight, bias], x) {
  let h = tf.zeros([x.shape[0], wh.shape[0]]);
  for (const slice of tf.unstack(x, 1)) {
    const [xr, xz, xn] = tf.split(tf.add(tf.matMul(slice, wi), bi), 3, 1);
    const [hr, hz, hn] = tf.split(tf.add(tf.matMul(h, wh), bh), 3, 1);
    const [r, z] = [tf.sigmoid(tf.add(xr, hr)), tf.sigmoid(tf.add(xz, hz))];
    const n = tf.tanh(tf.add(xn, tf.mul(r, hn)));
    h = tf.add(n, tf.mul(z, tf.sub(h, n)));
  }
  return tf.add(tf.matMul(h, weight), bias);
}

function training(tensors, loss, optimizer) {
  const p = parameters(tensors).map((t) => tf.variable(placed(t)));
  return () => {
    const value = optimizer.minimize(() => loss(p), true);
    const [number] = value.dataSync();
    value.dispose();
    return number;
  };
}

function classifier(tensors, model, classes, optimizer = tf.train.adam(1e-3)) {
  const x = placed(tensors.x);
  const y = tf.oneHot(placed(tensors.y), classes);
  return training(tensors, (p) => tf.losses.softmaxCrossEntropy(y, model(p, x)), optimizer);
}

const works = {
  xor: (tensors) => {
    const [x, y] = [placed(tensors.x), placed(tensors.y)];
    return training(tensors, (p) => tf.losses.sigmoidCrossEntropy(y, mlp(tf.tanh)(p, x)), tf.train.sgd(0.5));
  },
  spiral: (tensors) => classifier(tensors, mlp(tf.relu), 3),
  mlp128: (tensors) => classifier(tensors, mlp(tf.relu), 10),
  mlp512: (tensors) => classifier(tensors, mlp(tf.relu), 10, tf.train.momentum(0.01, 0.9)),
  cnn: (tensors) => classifier(tensors, cnn, 10),
  gru: (tensors) => classifier(tensors, gru, 4),
  logreg: (tensors) => {
    const [x, y] = [placed(tensors.x), placed(tensors.y)];
    const loss = ([w]) => {
      const z = tf.matMul(x, w.reshape([100, 1])).reshape([10000]);
      return tf.add(tf.losses.sigmoidCrossEntropy(y, z), tf.mul(0.005, tf.sum(tf.square(w))));
    };
    return training(tensors, loss, tf.train.sgd(0.1));
  },
  infer1: (tensors) => {
    const x = placed(tensors.x);
    const p = parameters(tensors).map(placed);
    return () => tf.tidy(() => mlp(tf.relu)(p, x).dataSync()[0]);
  },
};

/** What keeps the other workloads from being written as its users would. */
const lacks = {
  gpt: "on WASM gather has no gradient (UnsortedSegmentSum)",
  hvp: "no gradient of a gradient can be taken of tanh and softmax",
};

await serve({ versions: { "TensorFlow.js": tf.version.tfjs }, import_us: imported * 1000 }, (work, tensors) => {
  tf.disposeVariables();
  if (works[work] === undefined) throw new Error(`not written for TensorFlow.js: ${lacks[work]}`);
  return works[work](tensors);
});
