// Convexity of functions of one variable: chords, second derivatives, parabolas, sums.

import { grad, type Tensor, tensor } from "gradus";
import { certify, printCertificate, taylor } from "gradus/analysis";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;
const at = (f: (x: Tensor) => Tensor, x: number) => f(tensor(x, f64)).item();
const curve = (f: (x: Tensor) => Tensor, low: number, high: number) =>
  Array.from({ length: 161 }, (_, i) => low + ((high - low) * i) / 160).map((x) => [x, at(f, x)] as const);

export default lesson(
  {
    number: 2,
    title: "Convex, strictly convex, neither",
    learn: "to tell by its chords, by its second derivative or by a proof whether a function has only one valley",
    source: "text 000, convexity in one dimension",
    concepts: [
      "convex sets, convex / strictly convex / concave functions, chords",
      "Taylor models of order 1 and 2; best parabola",
    ],
  },
  ({ prose, heading, formula, numbers, table, plot, output, given, check, erratum }) => {
    prose`Walking downhill finds the lowest point of a valley. It need not be the lowest point of all: another valley may be deeper.
      A convex function has one valley only, so that whoever can go no further down has arrived. When a program minimizes a function,
      there is hardly anything more useful to know about it.`;

    heading("Chords");
    prose`Take two points $a$ and $b$ and join the two points of the curve above them by a straight line, a chord. A function is convex
      when no chord of it passes below its curve. In symbols: for all $a$ and $b$, and every $t$ from 0 to 1,`;
    formula`f((1 − t)·a + t·b) ≤ (1 − t)·f(a) + t·f(b)`;
    prose`The point $(1 − t)·a + t·b$ wanders from $a$ to $b$ as $t$ goes from 0 to 1. On the left is the height of the curve there,
      on the right the height of the chord. If the chord is strictly above the curve everywhere between its ends, whatever the ends,
      then $f$ is strictly convex. If $−f$ is convex, $f$ is concave.`;

    heading("The absolute value");
    const abs = (x: Tensor) => x.abs();
    const [a, b, c] = [given("left end", -1), given("right end", 2), given("another left end", 1)];
    const [f_a, f_b, f_c] = [at(abs, a), at(abs, b), at(abs, c)];
    const half = given("t", 0.5);
    prose`Let $f(x) = |x|$. The chord from ${a} to ${b} crosses the valley. Half-way, at ${(a + b) / 2}, the curve is at
      ${at(abs, (a + b) / 2)}, and the chord is at`;
    numbers`½·f(a) + ½·f(b) = ½·${f_a} + ½·${f_b} = ${half * f_a + half * f_b}`;
    prose`which is higher, as it should be. The chord from ${c} to ${b} stays on one side of the valley. Half-way the curve is at
      ${at(abs, (c + b) / 2)} and the chord at`;
    const chord = half * f_c + half * f_b;
    numbers`½·f(a) + ½·f(b) = ½·${f_c} + ½·${f_b} = ${chord}`;
    prose`The chord lies on the curve. So the absolute value is convex, but not strictly.`;
    check("|x| half-way between 1 and 2", 1.5, at(abs, (c + b) / 2));
    check("its chord there", 1.5, chord);
    check("half-way between −1 and 2 the chord is higher by", 1, half * f_a + half * f_b - at(abs, (a + b) / 2));
    plot({
      title: "Two chords of |x|",
      x: "x",
      y: "f(x)",
      curves: [
        { name: "|x|", colour: 0, points: curve(abs, -2, 3) },
        {
          name: "chord from −1 to 2",
          colour: 1,
          dots: true,
          points: [
            [a, f_a],
            [b, f_b],
          ],
        },
        {
          name: "chord from 1 to 2: on the curve",
          colour: 2,
          dots: true,
          points: [
            [c, f_c],
            [b, f_b],
          ],
        },
      ],
    });
    prose`Some chords prove nothing about all of them. A proof is short, though: for any two numbers $|u + v| ≤ |u| + |v|$, and with
      $u = (1 − t)·a$ and $v = t·b$ this is the inequality above. Gradus looks for such a proof when it is asked:`;
    const ofAbs = certify("abs(x)");
    output(`> certify("abs(x)")\n${printCertificate(ofAbs)}`);
    check("verdict on |x|", "convex", ofAbs.verdict);

    heading("The second derivative");
    prose`The second derivative says how the slope changes. Where it is positive the slope grows and the curve bends upwards. If a
      function can be differentiated twice, and $f″(x) ≥ 0$ for all $x$, then it is convex; and a convex function that can be
      differentiated twice has no other choice. For $f(x) = x⁴$:`;
    formula`f′(x) = 4·x³`;
    formula`f″(x) = 12·x²`;
    const quartic = (x: Tensor) => x.pow(4);
    const second = grad(grad(quartic));
    const xs = given("points", [-1, 0, 0.5, 2]);
    table(
      "The second derivative, by the formula and by grad(grad(f))",
      ["$x$", "$12·x²$", "grad(grad(f))(x)"],
      xs.map((x) => [x, 12 * x * x, at(second, x)]),
    );
    check(
      "second derivative of x⁴",
      xs.map((x) => 12 * x * x),
      xs.map((x) => at(second, x)),
    );
    const ofQuartic = certify("x^4");
    check("verdict on x⁴", "strictly convex", ofQuartic.verdict);
    check("μ of x⁴", 0, ofQuartic.mu.upper ?? Number.NaN);
    prose`A square is never negative, so that $x⁴$ is convex. It is even strictly convex, although $f″(0) = 0$: one flat point does no
      harm. The converse fails, therefore: strict convexity does not need $f″ > 0$ everywhere.`;
    prose`The absolute value has no second derivative at 0, where it has a kink. There the test has nothing to say, and one is back to
      chords.`;
    output(`> certify("x^4")\n${printCertificate(ofQuartic)}`);

    heading("Parabolas");
    prose`At a point $p$ the straight line that fits a curve best has its height and its slope there. The parabola that fits best has
      the second derivative as well:`;
    formula`h(x) = f(p) + f′(p)·(x − p) + ½·f″(p)·(x − p)²`;
    const p = given("p", 1);
    const [value, slope, bend] = (taylor("x^4", p).coefficients ?? []).map(({ lower }) => lower);
    prose`For $x⁴$ at $p = ${p}$ it is $h(x) = ${value} + ${slope}·(x − 1) + ${bend}·(x − 1)²$. It opens upwards. A smooth function is
      convex exactly when the best parabola opens upwards, or is a straight line, at every point.`;
    check("best parabola of x⁴ at 1", [1, 4, 6], [value, slope, bend]);
    const wavy = (x: Tensor) => x.square().add(x.sin().square().mul(3));
    const q = given("q", 1.5);
    const down = taylor("x^2+3*sin(x)^2", q);
    const [w0, w1, w2] = (down.coefficients ?? []).map(({ lower, upper }) => (lower + upper) / 2);
    prose`Not so for $w(x) = x² + 3·sin(x)²$. Its second derivative is $w″(x) = 2 + 6·cos(2·x)$, which is negative where the cosine
      is near $−1$. At ${q} half of it, the number before the square in the parabola, is`;
    numbers`½·w″(1.5) = ½·(2 + 6·cos(2·${q})) = ${w2}`;
    check("half the second derivative of w at 1.5", 1 + 3 * Math.cos(3), w2);
    plot({
      title: "The best parabolas of x⁴ at 1 and of w at 1.5",
      x: "x",
      y: "height",
      yRange: [-1, 12],
      curves: [
        { name: "x⁴", colour: 0, points: curve(quartic, -2, 3) },
        {
          name: "its parabola at 1",
          colour: 0,
          dashed: true,
          points: curve((x) => x.sub(p).square().mul(bend).add(x.sub(p).mul(slope)).add(value), -2, 3),
        },
        { name: "x² + 3·sin(x)²", colour: 1, points: curve(wavy, -2, 3) },
        {
          name: "its parabola at 1.5",
          colour: 1,
          dashed: true,
          points: curve((x) => x.sub(q).square().mul(w2).add(x.sub(q).mul(w1)).add(w0), -2, 3),
        },
      ],
      marks: [
        { at: [p, value], label: "p", colour: 0 },
        { at: [q, w0], label: "q", colour: 1 },
      ],
    });
    const ofWavy = certify("x^2+3*sin(x)^2");
    const { a: [from] = [], b: [to] = [], t = 0, gap = 0 } = ofWavy.convex.witness ?? { a: [], b: [] };
    check("verdict on w", "neither", ofWavy.verdict);
    const middle = (1 - t) * from + t * to;
    const over = at(wavy, middle) - ((1 - t) * at(wavy, from) + t * at(wavy, to));
    check("the chord is below the curve by at least the proved gap", true, over >= gap && gap > 0);
    prose`One chord below the curve is enough to refute convexity, and anyone can check it. Gradus names one: from ${from} to ${to}.
      Half-way, at ${middle}, the curve is above the chord:`;
    numbers`w(${middle}) − (½·w(${from}) + ½·w(${to})) = ${at(wavy, middle)} − (½·${at(wavy, from)} + ½·${at(wavy, to)}) = ${over}`;
    prose`This function still has one lowest point only, at 0. Convexity is enough for that; it is not needed. Lesson ${15} comes
      back to it.`;

    heading("Sums");
    prose`If no chord of $f$ passes below $f$, and none of $g$ below $g$, then none of $f + g$ passes below $f + g$: add the two
      inequalities. So sums of convex functions are convex, and so are averages of losses over many examples. The sum of our two:`;
    const sum = certify("abs(x) + x^4");
    check("verdict on |x| + x⁴", "strictly convex", sum.verdict);
    prose`$|x| + x⁴$ is ${sum.verdict}: one strictly convex term makes the sum strictly convex.`;
    erratum`The source says of a concave function that the line “lines on or below” the curve; it lies on or below it.`;
  },
);
