"""The workloads in PyTorch, as its users write them. Usage: torch_side.py THREADS [--compile]"""

import sys
import time

begin = time.perf_counter()
import torch
from torch import nn
from torch.nn import functional as F

IMPORT = time.perf_counter() - begin

import side

COMPILED = "--compile" in sys.argv
torch.set_num_threads(int(sys.argv[1]))


def put(target, array):
    with torch.no_grad():
        target.copy_(torch.from_numpy(array))


def dense(weight, bias):
    layer = nn.Linear(*weight.shape)
    put(layer.weight, weight.T.copy())
    put(layer.bias, bias)
    return layer


def norm(scale, shift):
    layer = nn.LayerNorm(len(scale))
    put(layer.weight, scale)
    put(layer.bias, shift)
    return layer


def convolution(kernel, bias):
    layer = nn.Conv2d(kernel.shape[2], kernel.shape[3], 3, padding=1)
    put(layer.weight, kernel.transpose(3, 2, 0, 1).copy())
    put(layer.bias, bias)
    return layer


def mlp(p, activation):
    layers = []
    for i in range(0, len(p), 2):
        layers += [dense(p[i], p[i + 1]), activation()]
    return nn.Sequential(*layers[:-1])


class Recurrent(nn.Module):
    def __init__(self, wi, wh, bi, bh, weight, bias):
        super().__init__()
        self.gru = nn.GRU(wi.shape[0], wh.shape[0], batch_first=True)
        put(self.gru.weight_ih_l0, wi.T.copy())
        put(self.gru.weight_hh_l0, wh.T.copy())
        put(self.gru.bias_ih_l0, bi)
        put(self.gru.bias_hh_l0, bh)
        self.out = dense(weight, bias)

    def forward(self, x):
        return self.out(self.gru(x)[0][:, -1])


class Block(nn.Module):
    HEADS = 4

    def __init__(self, scale1, shift1, win, wout, bin_, bout, scale2, shift2, w1, b1, w2, b2):
        super().__init__()
        self.norm1, self.norm2 = norm(scale1, shift1), norm(scale2, shift2)
        self.qkv, self.project = dense(win, bin_), dense(wout, bout)
        self.up, self.down = dense(w1, b1), dense(w2, b2)

    def forward(self, x):
        batch, length, width = x.shape
        size = width // self.HEADS
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.HEADS, size).permute(2, 0, 3, 1, 4)
        mask = torch.full((length, length), -1e9).triu(1)
        weights = F.softmax(q @ k.transpose(-2, -1) / size**0.5 + mask, -1)
        x = x + self.project((weights @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, table, positions, *rest):
        super().__init__()
        self.embed = nn.Embedding(*table.shape)
        put(self.embed.weight, table)
        self.positions = nn.Parameter(torch.from_numpy(positions))
        self.blocks = nn.Sequential(*[Block(*rest[i : i + 12]) for i in range(0, len(rest) - 2, 12)])
        self.out = dense(*rest[-2:])

    def forward(self, tokens):
        return self.out(self.blocks(self.embed(tokens) + self.positions))


def cnn(p):
    # Channels come first here, and so does the channel when the image is flattened.
    weight = p[4].reshape(7, 7, 32, 10).transpose(2, 0, 1, 3).reshape(1568, 10)
    return nn.Sequential(
        convolution(p[0], p[1]), nn.ReLU(), nn.MaxPool2d(2),
        convolution(p[2], p[3]), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), dense(weight, p[5]),
    )  # fmt: skip


def training(model, x, y, loss, optimizer):
    forward = lambda: loss(model(x), y)
    update = optimizer.step
    if COMPILED:
        forward, update = torch.compile(forward), torch.compile(update)
    last = None

    def step():
        nonlocal last
        optimizer.zero_grad(set_to_none=True)
        last = forward()
        last.backward()
        update()

    return step, lambda: last.item()


def classifier(model, t, optimizer=lambda p: torch.optim.Adam(p, 1e-3)):
    x, y = torch.from_numpy(t["x"]), torch.from_numpy(t["y"]).long()
    return training(model, x, y, F.cross_entropy, optimizer(model.parameters()))


def logreg(t):
    x, y = torch.from_numpy(t["x"]), torch.from_numpy(t["y"])
    w = torch.from_numpy(t["p0"]).requires_grad_()
    last = None

    def step():
        nonlocal last
        last = F.binary_cross_entropy_with_logits(x @ w, y) + 0.005 * (w * w).sum()
        (gradient,) = torch.autograd.grad(last, w)
        with torch.no_grad():
            w.sub_(0.1 * gradient)

    return step, lambda: last.item()


def hessian_vector(t, p):
    model = mlp(p, nn.Tanh)
    x, y = torch.from_numpy(t["x"]), torch.from_numpy(t["y"]).long()
    weights = list(model.parameters())
    direction = [torch.ones_like(w) for w in weights]
    last = None

    def step():
        nonlocal last
        gradient = torch.autograd.grad(F.cross_entropy(model(x), y), weights, create_graph=True)
        last = torch.autograd.grad(sum((g * v).sum() for g, v in zip(gradient, direction)), weights)

    return step, lambda: last[-1][0].item()


def inference(t, p):
    model = mlp(p, nn.ReLU)
    x = torch.from_numpy(t["x"])
    last = None

    def step():
        nonlocal last
        with torch.inference_mode():
            last = model(x)

    return step, lambda: last[0, 0].item()


def start(work, t):
    p = side.parameters(t)
    if work == "xor":
        model = mlp(p, nn.Tanh)
        x, y = torch.from_numpy(t["x"]), torch.from_numpy(t["y"])
        return training(model, x, y, F.binary_cross_entropy_with_logits, torch.optim.SGD(model.parameters(), 0.5))
    if work in ("spiral", "mlp128"):
        return classifier(mlp(p, nn.ReLU), t)
    if work == "mlp512":
        return classifier(mlp(p, nn.ReLU), t, lambda w: torch.optim.SGD(w, 0.01, momentum=0.9))
    if work == "cnn":
        return classifier(cnn(p), {"x": t["x"].transpose(0, 3, 1, 2).copy(), "y": t["y"]})
    if work == "gru":
        return classifier(Recurrent(*p), t)
    if work == "gpt":
        model = Transformer(*p)
        tokens, next_tokens = torch.from_numpy(t["x"]).long(), torch.from_numpy(t["y"]).long().flatten()
        loss = lambda logits, y: F.cross_entropy(logits.flatten(0, 1), y)
        return training(model, tokens, next_tokens, loss, torch.optim.Adam(model.parameters(), 1e-3))
    return {"logreg": logreg, "hvp": lambda t: hessian_vector(t, p), "infer1": lambda t: inference(t, p)}[work](t)


versions = {"PyTorch": torch.__version__, "Python": sys.version.split()[0]}
side.serve({"versions": versions, "import_us": IMPORT * 1e6}, start)
