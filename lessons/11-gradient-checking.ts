// Are the derivatives right? Differences of the function itself tell, and say whose fault it is.

import { checkGradients, compile, customDerivative, grad, random, type Tensor, tensor, valueAndGrad } from "gradus";
import { lesson } from "gradus/explain";

type Weights = { readonly W1: Tensor; readonly W2: Tensor; readonly W3: Tensor };
type Layer = keyof Weights;
const layers: readonly Layer[] = ["W1", "W2", "W3"];
const names = { W1: "$W₁$", W2: "$W₂$", W3: "$W₃$" };

export default lesson(
  {
    number: 11,
    title: "Is the gradient right?",
    learn: "how to test derivatives against differences, which step to take, and how to find the one operation that is wrong",
    source: "text 002, gradient checking",
    concepts: ["gradient checking"],
  },
  ({ prose, heading, formula, numbers, table, plot, code, output, given, check }) => {
    const double = { dtype: "float64" } as const;
    const [forX, forT, ...forW] = random.split(random.key(11), 5);
    const x = random.uniform(forX, [5, 3], { low: -1, high: 1, ...double });
    const t = random.uniform(forT, [5, 2], { low: -1, high: 1, ...double });
    const start = (key: Tensor, inputs: number, outputs: number) =>
      random.normal(key, [inputs, outputs], { deviation: 0.7, ...double });
    const w: Weights = { W1: start(forW[0], 3, 4), W2: start(forW[1], 4, 4), W3: start(forW[2], 4, 2) };
    const lossWith =
      (activation: (z: Tensor) => Tensor, inputs = x, targets = t) =>
      ({ W1, W2, W3 }: Weights): Tensor => {
        const h1 = activation(inputs.matmul(W1));
        const h2 = activation(h1.matmul(W2));
        return h2.matmul(W3).sub(targets).square().sum().mul(0.5);
      };
    const loss = lossWith((z) => z.tanh());

    prose`Whoever writes derivatives by hand makes mistakes, and a network with a wrong derivative often seems to learn all the same,
      only worse. So derivatives are tested. The test uses nothing but the definition: a partial derivative says how much the loss
      changes when one weight is moved a little and all others stay. We can move that weight and look.`;
    heading("Differences");
    formula`∂f/∂wᵢ ≈ (f(w + h·eᵢ) − f(w))/h`;
    formula`∂f/∂wᵢ ≈ (f(w + h·eᵢ) − f(w − h·eᵢ))/(2·h)`;
    prose`The first difference looks to one side, the second to both. ($eᵢ$ is the direction in which only the weight $i$ moves.) Taylor's formula says how
      good they are: over a short way the curve is its tangent, plus a parabola, plus smaller things. The
      one-sided difference keeps the parabola as its error, which shrinks like $h$. In the two-sided one both parabolas are the same and
      cancel, and the error shrinks like $h²$.`;
    prose`Our example is a network with three layers of weights, ${[3, 4, 4, 2]} units wide from input to output, with $tanh$ after the first two layers, half the squared error as
      loss, and ${5} examples. Take one of its weights, the first of $W₁$, and try every $h$ from ${1e-1} down to ${1e-12}.`;
    const exact = grad(loss)(w);
    const along = (h: number, layer: Layer, k: number, f = loss, from = w) => {
      const data = from[layer].data();
      data[k] += h;
      return f({ ...from, [layer]: tensor(data, { shape: from[layer].shape }) }).item();
    };
    const relative = (a: number, b: number) => (a === b ? 0 : Math.abs(a - b) / (Math.abs(a) + Math.abs(b)));
    const derivative = exact.W1.data()[0];
    const oneSided = (h: number) => (along(h, "W1", 0) - along(0, "W1", 0)) / h;
    const twoSided = (h: number) => (along(h, "W1", 0) - along(-h, "W1", 0)) / (2 * h);
    const powers = Array.from({ length: 45 }, (_, i) => -1 - i / 4);
    const errors = powers.map((p) => {
      const h = 10 ** p;
      return { p, one: relative(oneSided(h), derivative), two: relative(twoSided(h), derivative) };
    });
    plot({
      title: "How far the differences are off",
      x: "log₁₀ h",
      y: "relative error",
      logarithmic: true,
      curves: [
        { name: "one-sided", colour: 1, dots: true, points: errors.map(({ p, one }) => [p, one] as const) },
        { name: "two-sided", colour: 0, dots: true, points: errors.map(({ p, two }) => [p, two] as const) },
      ],
    });
    const best = (side: "one" | "two") => errors.reduce((least, e) => (e[side] < least[side] ? e : least));
    const [bestOne, bestTwo] = [best("one"), best("two")];
    prose`Both curves fall, and then they rise again. With ever smaller $h$ the two values of $f$ come to agree in all their leading
      digits, and what is left of their difference is rounding: ${2 ** -53} of $f$, divided by a tiny $h$. The one-sided
      difference is best near $h = ${10 ** bestOne.p}$ and reaches ${bestOne.one}; the two-sided one is best near $h = ${10 ** bestTwo.p}$
      and reaches ${bestTwo.two}. Smaller is not better: at the $h = ${1e-10}$ that the source proposes, the one-sided difference is
      off by ${relative(oneSided(1e-10), derivative)}.`;
    check("the two-sided difference comes nearer than the one-sided", true, bestTwo.two < bestOne.one);
    check("the best two-sided step is longer than the best one-sided", true, bestTwo.p > bestOne.p);
    check("a one-sided step of 1e-10 is worse than the best", true, relative(oneSided(1e-10), derivative) > 10 * bestOne.one);

    heading("When two numbers agree");
    const a = derivative;
    const b = twoSided(1e-5);
    prose`Whether a difference of ${1e-8} is large depends on how large the derivatives are. One compares relative to both:`;
    formula`|a − b|/(|a| + |b|)`;
    prose`For our weight backpropagation gives $a = ${a}$, and the two-sided difference with $h = ${1e-5}$ has
      $|a − b| = ${Math.abs(a - b)}$, so that the relative error is ${relative(a, b)}. In double precision an error of at most ${1e-6} is taken for
      agreement; a derivative that is wrong is off by far more.`;
    given("tolerance", 1e-6);
    const worst = (h: number, f = loss, from = w, by: Weights = exact) =>
      layers.map((layer) => {
        const slopes = by[layer].data();
        return Math.max(
          ...Array.from(slopes, (slope, k) =>
            relative((along(h, layer, k, f, from) - along(-h, layer, k, f, from)) / (2 * h), slope),
          ),
        );
      });
    const right = worst(1e-5);
    prose`Now all ${layers.reduce((n, layer) => n + w[layer].size, 0)} weights, the worst of each matrix:`;
    table(
      "Two-sided differences with the step 10⁻⁵ against backpropagation",
      ["weights", "how many", "worst relative error"],
      layers.map((layer, i) => [names[layer], w[layer].size, right[i]]),
      2,
    );
    check("every weight agrees within 1e-6", true, Math.max(...right) <= 1e-6);

    heading("A slip of the pen");
    prose`The derivative of $h = tanh(z)$ is $1 − h²$. Suppose that somebody wrote $1 − h$. In Gradus an operation may be given a
      derivative of its own, so that we can make the mistake on purpose:`;
    code(`
      const slip = customDerivative((z) => z.tanh(), {
        name: "tanh with a slip",
        vjp: ([z], h, error) => [error.mul(h.mul(-1).add(1))], // not 1 − h²
      });`);
    const slip = customDerivative((z: Tensor) => z.tanh(), {
      name: "tanh with a slip",
      vjp: (_args, h, error) => [error.mul(h.mul(-1).add(1))],
    });
    const wrongLoss = lossWith(slip);
    const wrong = grad(wrongLoss)(w);
    const off = worst(1e-5, loss, w, wrong);
    table(
      "The same table for the network with the slip",
      ["weights", "worst relative error"],
      layers.map((layer, i) => [names[layer], off[i]]),
      2,
    );
    prose`$W₃$ is still right, $W₂$ and $W₁$ are not. That is a clue already. Backpropagation comes from the loss, and on its way to
      $W₃$ it meets no $tanh$; on its way to $W₂$ it meets one, and to $W₁$ two. The fault lies between $W₃$ and $W₂$.`;
    check("W₃ agrees although tanh is wrong", true, off[2] <= 1e-6);
    check("W₂ and W₁ disagree", true, off[0] > 1e-3 && off[1] > 1e-3);
    const descend = (f: (w: Weights) => Tensor) => {
      const step = compile((v: Weights) => {
        const { value, gradient } = valueAndGrad(f)(v);
        const move = (layer: Layer) => v[layer].sub(gradient[layer].mul(0.02));
        return { value, next: { W1: move("W1"), W2: move("W2"), W3: move("W3") } };
      });
      let at = w;
      return Array.from({ length: 200 }, () => {
        const { value, next } = step(at);
        at = next;
        return value.item();
      });
    };
    const [learned, mislearned] = [descend(loss), descend(wrongLoss)];
    const last = learned.length - 1;
    plot({
      title: "Two hundred steps of gradient descent",
      x: "step",
      y: "loss",
      logarithmic: true,
      curves: [
        { name: "right derivative", colour: 0, points: learned.map((v, k) => [k, v] as const) },
        { name: "with the slip", colour: 1, points: mislearned.map((v, k) => [k, v] as const) },
      ],
    });
    prose`Would one have noticed without the test? The network with the slip learns: its loss falls from ${mislearned[0]} to
      ${mislearned[last]}. Only whoever knows that the right one reaches ${learned[last]} sees that something is missing.`;
    check("the loss falls even so", true, mislearned[last] < 0.8 * mislearned[0]);
    check("the right derivative gets further", true, learned[last] < mislearned[last]);

    heading("Who is it?");
    prose`${"checkGradients"} does all of this, with a step chosen for each weight, to second order, and where something disagrees it goes on:
      it tests every operation of the network by itself, at the very values it met, and names the first whose rule is wrong.`;
    code(`checkGradients(loss, [w])`);
    const good = checkGradients(loss, [w], { order: 1 });
    output(String(good));
    const bad = checkGradients(wrongLoss, [w], { order: 1 });
    output(String(bad));
    const culprit = bad.culprit;
    check("the right network passes", true, good.ok);
    check("the wrong one does not", false, bad.ok);
    check("the operation that is named", "tanh with a slip", culprit?.op ?? "none");
    const largest = Math.max(...good.tensors.map(({ worst: own }) => own?.relativeError ?? 1));
    check("no relative error above 1e-6", true, largest <= 1e-6);

    heading("Why double precision");
    prose`Single precision keeps ${24} binary digits of a number, double precision ${53}. In single precision the rounding of $f$ is
      ${2 ** 29} times as large, and it stands above the same small $h$. The test that passed easily cannot be passed any more, whatever the step:`;
    const single = (v: Weights): Weights => ({
      W1: v.W1.cast("float32"),
      W2: v.W2.cast("float32"),
      W3: v.W3.cast("float32"),
    });
    const loss32 = lossWith((z) => z.tanh(), x.cast("float32"), t.cast("float32"));
    const coarse = single(w);
    const slopes32 = grad(loss32)(coarse);
    const steps = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];
    const worst64 = steps.map((h) => Math.max(...worst(h)));
    const worst32 = steps.map((h) => Math.max(...worst(h, loss32, coarse, slopes32)));
    table(
      "The worst of all weights",
      ["$h$", "double precision", "single precision"],
      steps.map((h, i) => [h, worst64[i], worst32[i]]),
      2,
    );
    check("single precision never reaches 1e-6", true, Math.min(...worst32) > 1e-6);
    check("double precision does", true, Math.min(...worst64) <= 1e-6);
    const ratio = 2 ** -24 / 2 ** -53;
    numbers`2^(−24)/2^(−53) = ${ratio}`;
    prose`So a gradient is checked in double precision, on a small network with few and random inputs, and trained in single precision
      afterwards.`;
  },
);
