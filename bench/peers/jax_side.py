"""The workloads in JAX, each step one jitted function. Usage: jax_side.py. The processors it may use are its threads."""

import sys
import time

begin = time.perf_counter()
import jax
import jax.numpy as jnp
import optax

IMPORT = time.perf_counter() - begin

import side

cross_entropy = lambda logits, y: optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


def mlp(p, x, activation):
    for i in range(0, len(p), 2):
        x = x @ p[i] + p[i + 1]
        if i + 2 < len(p):
            x = activation(x)
    return x


def convolve(x, kernel, bias):
    y = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return jax.nn.relu(y + bias)


def halve(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def cnn(p, x):
    x = halve(convolve(halve(convolve(x, p[0], p[1])), p[2], p[3]))
    return x.reshape(x.shape[0], -1) @ p[4] + p[5]


def gru(p, x):
    wi, wh, bi, bh, weight, bias = p
    hidden = wh.shape[0]
    gate = lambda a, k: a[:, k * hidden : (k + 1) * hidden]

    def cell(h, given):
        back = h @ wh + bh
        r = jax.nn.sigmoid(gate(given, 0) + gate(back, 0))
        z = jax.nn.sigmoid(gate(given, 1) + gate(back, 1))
        n = jnp.tanh(gate(given, 2) + r * gate(back, 2))
        return (1 - z) * n + z * h, None

    h, _ = jax.lax.scan(cell, jnp.zeros((x.shape[0], hidden)), (x @ wi + bi).transpose(1, 0, 2))
    return h @ weight + bias


def layer_norm(x, scale, shift):
    return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5) * scale + shift


def block(x, scale1, shift1, win, wout, bin_, bout, scale2, shift2, w1, b1, w2, b2, heads=4):
    batch, length, width = x.shape
    size = width // heads
    q, k, v = (layer_norm(x, scale1, shift1) @ win + bin_).reshape(batch, length, 3, heads, size).transpose(2, 0, 3, 1, 4)
    mask = jnp.triu(jnp.full((length, length), -1e9), 1)
    weights = jax.nn.softmax(q @ k.swapaxes(-1, -2) / size**0.5 + mask, -1)
    x = x + (weights @ v).transpose(0, 2, 1, 3).reshape(batch, length, width) @ wout + bout
    return x + jax.nn.gelu(layer_norm(x, scale2, shift2) @ w1 + b1, approximate=False) @ w2 + b2


def transformer(p, tokens):
    x = p[0][tokens] + p[1]
    for i in range(2, len(p) - 2, 12):
        x = block(x, *p[i : i + 12])
    return x @ p[-2] + p[-1]


def training(p, loss, optimizer):
    state = {"p": p, "s": optimizer.init(p), "loss": None}

    @jax.jit
    def advance(p, s):
        value, gradient = jax.value_and_grad(loss)(p)
        updates, s = optimizer.update(gradient, s, p)
        return value, optax.apply_updates(p, updates), s

    def step():
        state["loss"], state["p"], state["s"] = advance(state["p"], state["s"])
        state["loss"].block_until_ready()

    return step, lambda: float(state["loss"])


def calling(function, *arguments):
    """A jitted function called for its result, of which `value` reads the first number."""
    last = [None]

    def step():
        last[0] = jax.block_until_ready(function(*arguments))

    return step, lambda: float(jnp.ravel(jax.tree_util.tree_leaves(last[0])[-1])[0])


def start(work, t):
    p = [jnp.asarray(a) for a in side.parameters(t)]
    x, y = jnp.asarray(t["x"]), jnp.asarray(t["y"]) if "y" in t else None
    relu = lambda p, x: mlp(p, x, jax.nn.relu)
    if work == "xor":
        loss = lambda p: optax.sigmoid_binary_cross_entropy(mlp(p, x, jnp.tanh), y).mean()
        return training(p, loss, optax.sgd(0.5))
    if work == "logreg":
        loss = lambda w: optax.sigmoid_binary_cross_entropy(x @ w, y).mean() + 0.005 * (w * w).sum()
        return training(p[0], loss, optax.sgd(0.1))
    if work == "hvp":
        gradient = jax.grad(lambda p: cross_entropy(mlp(p, x, jnp.tanh), y))
        product = jax.jit(lambda p, v: jax.jvp(gradient, (p,), (v,))[1])
        return calling(product, p, [jnp.ones_like(a) for a in p])
    if work == "infer1":
        return calling(jax.jit(relu), p, x)
    model = {"spiral": relu, "mlp128": relu, "mlp512": relu, "cnn": cnn, "gru": gru, "gpt": transformer}[work]
    optimizer = optax.sgd(0.01, momentum=0.9) if work == "mlp512" else optax.adam(1e-3)
    return training(p, lambda p: cross_entropy(model(p, x), y), optimizer)


versions = {"JAX": jax.__version__, "Python": sys.version.split()[0]}
side.serve({"versions": versions, "import_us": IMPORT * 1e6}, start)
