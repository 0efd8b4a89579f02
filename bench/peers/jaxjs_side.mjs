// The workloads in jax-js on its WASM backend, each step one jitted function. Operations consume their operands: what is used again is
// passed as `.ref`.

const begin = performance.now();
const { defaultDevice, grad, init, jit, jvp, lax, nn, numpy: np, tree, valueAndGrad } = await import("@jax-js/jax");
await init("wasm");
defaultDevice("wasm");
const imported = performance.now() - begin;

const { parameters, serve } = await import("./side.mjs");
const { readFileSync } = await import("node:fs");

const placed = ({ data, shape, dtype }) => np.array(data, { dtype: dtype === "F32" ? np.float32 : np.int32 }).reshape(shape);

/** Class numbers as rows of 0 and 1. */
function oneHot({ data, shape }, classes) {
  const rows = new Float32Array(data.length * classes);
  data.forEach((label, i) => {
    rows[i * classes + label] = 1;
  });
  return np.array(rows).reshape([...shape, classes]);
}

const crossEntropy = (logits, y) => {
  const examples = y.shape.slice(0, -1).reduce((a, b) => a * b, 1);
  return nn
    .logSoftmax(logits)
    .mul(y)
    .sum()
    .mul(-1 / examples);
};
const binaryCrossEntropy = (z, y) => nn.softplus(z.ref).sub(z.mul(y)).mean();

const mlp = (activation) => (p, x) => {
  let h = x;
  for (let i = 0; i < p.length; i += 2) {
    h = np.matmul(h, p[i]).add(p[i + 1]);
    if (i + 2 < p.length) h = activation(h);
  }
  return h;
};

/** Channels first, as this library's convolution has them. */
function cnn(p, x) {
  const layer = (h, i, channels) => {
    const y = lax.convGeneralDilated(h, p[i].transpose([3, 2, 0, 1]), [1, 1], "SAME").add(p[i + 1].reshape([1, channels, 1, 1]));
    return lax.reduceWindow(nn.relu(y), np.max, [1, 1, 2, 2], [1, 1, 2, 2]);
  };
  const h = layer(layer(x.transpose([0, 3, 1, 2]), 0, 16), 2, 32).transpose([0, 2, 3, 1]);
  return np.matmul(h.reshape([64, 1568]), p[4]).add(p[5]);
}

/** A GRU as a loop over time that is written out: the library has no loop of its own. */
function gru([wi, wh, bi, bh, weight, bias], x) {
  const [batch, time] = x.shape;
  const units = wh.shape[0];
  const xs = np.matmul(x, wi).add(bi);
  let h = np.zeros([batch, units]);
  for (let t = 0; t < time; t++) {
    const gx = xs.ref.slice([], t);
    const gh = np.matmul(h.ref, wh.ref).add(bh.ref);
    const gate = (a, i) => a.ref.slice([], [i * units, (i + 1) * units]);
    const r = nn.sigmoid(gate(gx, 0).add(gate(gh, 0)));
    const z = nn.sigmoid(gate(gx, 1).add(gate(gh, 1)));
    const n = np.tanh(gate(gx, 2).add(r.mul(gate(gh, 2))));
    gx.dispose();
    gh.dispose();
    h = n.ref.add(z.mul(h.sub(n)));
  }
  for (const a of [xs, wh, bh]) a.dispose();
  return np.matmul(h, weight).add(bias);
}

function norm(x, scale, shift) {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(1e-5)))
    .mul(scale)
    .add(shift);
}

/** A pre-norm block of four heads with a causal mask. */
function block(x, [scale1, shift1, win, wout, bin, bout, scale2, shift2, w1, b1, w2, b2], mask) {
  const [batch, time, width] = x.shape;
  const qkv = np
    .matmul(norm(x.ref, scale1, shift1), win)
    .add(bin)
    .reshape([batch, time, 3, 4, width / 4])
    .transpose([2, 0, 3, 1, 4]);
  const [q, k, v] = [qkv.ref.slice(0), qkv.ref.slice(1), qkv.slice(2)];
  const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(width / 4));
  const mixed = np
    .matmul(nn.softmax(scores.add(mask)), v)
    .transpose([0, 2, 1, 3])
    .reshape([batch, time, width]);
  const y = x.add(np.matmul(mixed, wout).add(bout));
  const hidden = nn.gelu(np.matmul(norm(y.ref, scale2, shift2), w1).add(b1), { approximate: false });
  return y.add(np.matmul(hidden, w2).add(b2));
}

function gpt(p, x) {
  const time = x.shape[1];
  const mask = np.array(Float32Array.from({ length: time * time }, (_, i) => (i % time > Math.floor(i / time) ? -1e9 : 0)));
  const causal = mask.reshape([time, time]);
  let h = np.take(p[0], x, 0).add(p[1]);
  for (let i = 2; i + 2 < p.length; i += 12) h = block(h, p.slice(i, i + 12), causal.ref);
  causal.dispose();
  return np.matmul(h, p[p.length - 2]).add(p[p.length - 1]);
}

const gradientDescent = (rate) => ({
  init: () => [],
  update: (p, g) => [p.map((a, i) => a.sub(g[i].mul(rate))), []],
});

const momentum = (rate, mu) => ({
  init: (p) => p.map((a) => np.zeros(a.shape)),
  update: (p, g, s) => {
    const b = s.map((a, i) => a.mul(mu).add(g[i]));
    return [p.map((a, i) => a.sub(b[i].ref.mul(rate))), b];
  },
});

const adam = (rate) => ({
  init: (p) => [p.map((a) => np.zeros(a.shape)), p.map((a) => np.zeros(a.shape)), [np.array(1), np.array(1)]],
  update: (p, g, [m, v, [b1, b2]]) => {
    const mean = m.map((a, i) => a.mul(0.9).add(g[i].ref.mul(0.1)));
    const square = v.map((a, i) => a.mul(0.999).add(np.square(g[i]).mul(0.001)));
    const [power1, power2] = [b1.mul(0.9), b2.mul(0.999)];
    const next = p.map((a, i) => {
      const scaled = np.sqrt(square[i].ref.div(np.array(1).sub(power2.ref))).add(1e-8);
      return a.sub(mean[i].ref.div(np.array(1).sub(power1.ref)).div(scaled).mul(rate));
    });
    return [next, [mean, square, [power1, power2]]];
  },
});

function training(tensors, x, y, loss, optimizer) {
  let p = parameters(tensors).map(placed);
  let s = optimizer.init(p);
  const advance = jit((p, s, x, y) => {
    const [value, gradient] = valueAndGrad((p) => loss(p, x, y))(tree.ref(p));
    const [next, state] = optimizer.update(p, gradient, s);
    return [value, next, state];
  });
  return () => {
    const [value, next, state] = advance(p, s, x.ref, y.ref);
    [p, s] = [next, state];
    return value.js();
  };
}

const classifier = (tensors, model, classes, optimizer = adam(1e-3)) =>
  training(tensors, placed(tensors.x), oneHot(tensors.y, classes), (p, x, y) => crossEntropy(model(p, x), y), optimizer);

const works = {
  xor: (t) => training(t, placed(t.x), placed(t.y), (p, x, y) => binaryCrossEntropy(mlp(np.tanh)(p, x), y), gradientDescent(0.5)),
  spiral: (t) => classifier(t, mlp(nn.relu), 3),
  mlp128: (t) => classifier(t, mlp(nn.relu), 10),
  mlp512: (t) => classifier(t, mlp(nn.relu), 10, momentum(0.01, 0.9)),
  cnn: (t) => classifier(t, cnn, 10),
  gru: (t) => classifier(t, gru, 4),
  gpt: (t) => classifier(t, gpt, 64),
  logreg: (t) => {
    const loss = ([w], x, y) => binaryCrossEntropy(np.matmul(x, w.ref), y).add(np.square(w).sum().mul(0.005));
    return training(t, placed(t.x), placed(t.y), loss, gradientDescent(0.1));
  },
  hvp: (t) => {
    const p = parameters(t).map(placed);
    const v = p.map((a) => np.ones(a.shape));
    const [x, y] = [placed(t.x), oneHot(t.y, 10)];
    const product = jit((p, v, x, y) => {
      const gradient = grad((q) => crossEntropy(mlp(np.tanh)(q, x), y));
      return jvp(gradient, [p], [v])[1];
    });
    return () => {
      const result = product(tree.ref(p), tree.ref(v), x.ref, y.ref);
      const [number] = result.pop().js();
      for (const a of result) a.dispose();
      return number;
    };
  },
  infer1: (t) => {
    const p = parameters(t).map(placed);
    const x = placed(t.x);
    const run = jit(mlp(nn.relu));
    return () => run(tree.ref(p), x.ref).dataSync()[0];
  },
};

const manifest = new URL("../package.json", import.meta.resolve("@jax-js/jax"));
const versions = { "jax-js": JSON.parse(readFileSync(manifest, "utf8")).version };
await serve({ versions, import_us: imported * 1000 }, (work, tensors) => {
  if (works[work] === undefined) throw new Error("not written for jax-js");
  return works[work](tensors);
});
