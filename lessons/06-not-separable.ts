// What no straight line can part, and how to be sure of it.

import { tensor } from "gradus";
import { separability } from "gradus/analysis";
import { imageGallery, lesson, surfaceFigure } from "gradus/explain";

const f64 = { dtype: "float64" } as const;

export default lesson(
  {
    number: 6,
    title: "What no straight line can part",
    learn: "to prove that two classes are not linearly separable by a point that would have to belong to both",
    source: "text 002, linear separability",
    concepts: ["XOR and translated patterns are not linearly separable", "convex sets"],
  },
  ({ prose, heading, formula, numbers, table, picture, code, output, given, check, erratum }) => {
    prose`To show that two classes can be parted by a straight line, one shows the line. How does one show that no line does it? There
      are infinitely many to try. One idea settles it.`;

    heading("Convex sets");
    prose`A set of points is convex when it contains, with any two of its points, the whole segment between them. It then contains all
      their weighted averages`;
    formula`λ₁·x₁ + … + λ_N·x_N with λᵢ ≥ 0 and λ₁ + … + λ_N = 1`;
    prose`Each side of a straight line is convex: a half-plane. So if a line had all the ones on its positive side, all averages of ones
      would be there too; and all averages of noughts on the other. A point that is an average of ones and an average of noughts as
      well would have to be on both sides. If there is such a point, there is no such line.`;

    heading("Exclusive or");
    const x = given("x", tensor([[0, 0], [0, 1], [1, 0], [1, 1]], f64)); // biome-ignore format: a table
    const t = given("t", [0, 1, 1, 0]);
    const xor = separability(x, t);
    code("separability(tensor([[0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0])");
    if (xor.separable) throw new Error("exclusive or was separated");
    const rows = x.toArray() as number[][];
    const named = (parts: typeof xor.positive) =>
      parts.map(({ index, exact }) => `${exact === "1/2" ? "½" : exact}·(${rows[index].join(", ")})`).join(" + ");
    output(
      `{ separable: false,\n  positive: ${named(xor.positive)},\n  negative: ${named(xor.negative)},\n  point: (${xor.point.join(", ")}) }`,
    );
    prose`The certificate is one line of arithmetic. Half-way between the two ones lies the same point as half-way between the two noughts:`;
    numbers`½·(0, 1) + ½·(1, 0) = ½·(0, 0) + ½·(1, 1) = (${xor.point[0]}, ${xor.point[1]})`;
    check("the point", [0.5, 0.5], [...xor.point]);
    check(
      "weights of the ones",
      [0.5, 0.5],
      xor.positive.map(({ weight }) => weight),
    );
    check(
      "weights of the noughts",
      [0.5, 0.5],
      xor.negative.map(({ weight }) => weight),
    );
    check("XOR is separable", false, xor.separable);
    prose`Nobody has to trust the program that found it. Such a pair of averages exists exactly when no line does, so that the question is
      always settled, one way or the other.`;

    heading("Patterns that move");
    prose`A less tidy case: pictures of 16 pixels in a row, each black (1) or white (0). Pattern A and pattern B have four black
      pixels each. We want to tell A from B wherever they stand, shifted by any number of places; what leaves at one end comes back at the
      other.`;
    const A = given("pattern A", [1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const B = given("pattern B", [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const shifts = (pattern: readonly number[]) => pattern.map((_, by) => pattern.map((_, i) => pattern[(i - by + 16) % 16]));
    const [ofA, ofB] = [shifts(A), shifts(B)];
    const gallery = "Both patterns, and all their shifts one above the other";
    picture(
      gallery,
      imageGallery({
        title: gallery,
        width: 16,
        height: 16,
        images: [
          { values: ofA.flat(), label: "A shifted" },
          { values: ofB.flat(), label: "B shifted" },
        ],
      }),
    );
    const mean = (all: readonly (readonly number[])[]) =>
      all[0].map((_, i) => all.reduce((sum, row) => sum + row[i], 0) / all.length);
    const [meanA, meanB] = [mean(ofA), mean(ofB)];
    prose`Average the 16 shifts of A. Each pixel is black in four of them, so that the average is ${meanA[0]} everywhere:
      (${meanA[0]}, …, ${meanA[15]}). The same holds for B:`;
    numbers`(1 + 1 + 1 + 1)/16 = 4/16 = ${meanB[0]}`;
    prose`Again one point belongs to both classes, and no linear predictor on the pixels can tell A from B, however it was trained. It does
      not matter which patterns they are, as long as they have equally many black pixels.`;
    check("average of A", Array<number>(16).fill(0.25), meanA);
    check("average of B", Array<number>(16).fill(0.25), meanB);
    const moving = separability(tensor([...ofA, ...ofB], f64), [...ofA.map(() => 1), ...ofB.map(() => 0)]);
    check("shifted patterns are separable", false, moving.separable);
    check("patterns shown", 32, ofA.length + ofB.length);
    check("pixels", 16, A.length);
    table(
      "What separability says",
      ["question", "points", "separable"],
      [
        ["exclusive or", 4, xor.separable ? "yes" : "no"],
        ["A or B, all shifts", ofA.length + ofB.length, moving.separable ? "yes" : "no"],
        ["A or B, not shifted", 2, separability(tensor([A, B], f64), [1, 0]).separable ? "yes" : "no"],
      ],
    );

    heading("A way out");
    prose`What is not separable in the given coordinates may be so in others. Add a third feature to the inputs of exclusive or, their
      product: $ψ(x) = (x₁, x₂, x₁·x₂)$.`;
    const psi = rows.map(([a, b]) => [a, b, a * b]);
    const lifted = separability(tensor(psi, f64), t);
    if (!lifted.separable) throw new Error("the lifted points were not separated");
    const { weights, bias, margin } = lifted;
    const side = psi.map((row) => row.reduce((sum, v, i) => sum + v * weights[i], bias));
    const [w1, w2, w3] = weights;
    formula`z = w₁·x₁ + w₂·x₂ + w₃·x₁·x₂ + b`;
    prose`The program finds $w = ${[...weights]}$ and $b = ${bias}$. For the last case it gives`;
    numbers`z = ${w1}·1 + ${w2}·1 + ${w3}·1·1 + ${bias} = ${side[3]}`;
    table(
      "On which side of the plane",
      ["$x₁$", "$x₂$", "$x₁·x₂$", "$z$", "class"],
      psi.map((row, i) => [...row, side[i], t[i]]),
    );
    check("sign of z", [-1, 1, 1, -1], side.map(Math.sign));
    check("separable with the product", true, lifted.separable);
    prose`No point comes nearer to the plane than ${margin}. Seen in the plane of $x₁$ and $x₂$, the border between the two answers is not straight any more:`;
    const size = 61;
    const grid = Array.from({ length: size }, (_, i) => -0.5 + (2 * i) / (size - 1));
    const title = "z over the plane: the border is a hyperbola";
    picture(
      title,
      surfaceFigure({
        title,
        x: { name: "x₁", low: -0.5, high: 1.5 },
        y: { name: "x₂", low: -0.5, high: 1.5 },
        size,
        values: grid.flatMap((a) => grid.map((b) => w1 * a + w2 * b + w3 * a * b + bias)),
        points: psi.map(([a, b], i) => ({ at: [a, b] as const, above: t[i] === 1 })),
      }),
    );
    prose`Here a good feature was easy to guess. In general it is not, and instead of guessing one learns the features too. That is a neural
      network: lesson ${4} did it with two of them.`;
    erratum`The source writes the condition on the weights of an average as “$λ₁ + … + λ_N·x_N = 1$”; it is $λ₁ + … + λ_N = 1$.`;
  },
);
