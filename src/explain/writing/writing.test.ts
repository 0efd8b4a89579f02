import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { midpoint, point } from "../../numeric/interval.ts";
import type { Formula } from "../explanation.ts";
import { readBack } from "./check.ts";
import { evaluatePrinted, parsePrinted } from "./evaluate.ts";
import { type FormulaStyle, writeFormula } from "./formula.ts";
import { asFraction, writeNumber } from "./numbers.ts";

const named = (id: string, shape: number[] = [], text = id, tex = id) => [id, { name: { id, text, tex }, shape }] as const;
const quantities = new Map([
  named("a"),
  named("b"),
  named("c"),
  named("x", [2]),
  named("z1", [2], "z₁", "z_1"),
  named("W1", [2, 2], "W₁", "W_1"),
  named("grad_W1", [2, 2], "∂L/∂W₁", String.raw`\frac{\partial L}{\partial W_1}`),
]);
const style = (part: Partial<FormulaStyle> = {}): FormulaStyle => ({
  form: "text",
  reading: "symbols",
  digits: 4,
  quantities,
  ...part,
});

const [a, b, c]: Formula[] = ["a", "b", "c"].map((id) => ({ kind: "quantity", id }));
const whole = (id: string): Formula => ({ kind: "quantity", id });
const number = (value: number): Formula => ({ kind: "number", value });
const apply = (op: string, ...operands: Formula[]): Formula => ({ kind: "apply", op, operands });
const write = (formula: Formula, part: Partial<FormulaStyle> = {}) => writeFormula(formula, style(part));

describe("numbers", () => {
  const text = (value: number, digits: number, rounded = false) => writeNumber(value, { form: "text", digits, rounded });

  it("keep zeros where they were rounded and only there", () => {
    expect(text(1.1, 4)).toBe("1.1");
    expect(text(0.60603, 4)).toBe("0.6060");
    expect(text(0.606, 4, true)).toBe("0.6060");
    expect(text(Math.fround(0.2), 4)).toBe("0.2");
    expect(text(-0.3, 4)).toBe("−0.3");
    expect(text(5, 4)).toBe("5");
  });

  it("never read as zero when they are not, nor as minus zero", () => {
    expect(text(-0, 4)).toBe("0");
    expect(text(-0.00001, 4)).toBe("−1·10⁻⁵");
    expect(text(7.02551234e-5, 4)).toBe("7.0255·10⁻⁵");
    expect(text(0.0001, 4)).toBe("0.0001");
    expect(text(0.0070255, 4)).toBe("0.0070");
    expect(text(1.5e12 + 0.25, 2)).toBe("1.5·10¹²");
    expect(writeNumber(-0.00012345, { form: "tex", digits: 2 })).toBe(String.raw`-1.23 \cdot 10^{-4}`);
    expect([text(Number.NaN, 2), text(-Infinity, 2)]).toEqual(["NaN", "−∞"]);
  });

  it("of formulas are fractions where these are simpler", () => {
    expect(asFraction(1 / 784, 4)).toEqual([1, 784]);
    expect(asFraction(Math.fround(1 / 3), 4)).toEqual([1, 3]);
    expect(asFraction(-2 / 7, 4)).toEqual([-2, 7]);
    expect(asFraction(0.5, 4)).toBeUndefined();
    expect(asFraction(Math.LN2, 4)).toBeUndefined();
    expect(write(apply("mul", number(1 / 3), apply("add", a, b)))).toBe("1/3·(a + b)");
    expect(write(apply("mul", a, number(1 / 3)))).toBe("a·(1/3)");
    expect(write(number(Math.LN2))).toBe("0.6931471806");
  });
});

describe("formulas", () => {
  it("have brackets where precedence asks for them", () => {
    expect(write(apply("mul", apply("add", a, b), c))).toBe("(a + b)·c");
    expect(write(apply("add", a, apply("mul", b, c)))).toBe("a + b·c");
    expect(write(apply("sub", a, apply("sub", b, c)))).toBe("a − (b − c)");
    expect(write(apply("sub", apply("sub", a, b), c))).toBe("a − b − c");
    expect(write(apply("div", a, apply("mul", b, c)))).toBe("a/(b·c)");
    expect(write(apply("mul", a, apply("div", b, c)))).toBe("a·(b/c)");
    expect(write(apply("square", apply("sub", a, number(1))))).toBe("(a − 1)²");
    expect(write(apply("square", apply("square", a)))).toBe("(a²)²");
    expect(write(apply("mul", a, apply("neg", b)))).toBe("a·(−b)");
    expect(write(apply("add", a, apply("neg", b)))).toBe("a − b");
    expect(write(apply("neg", apply("add", a, b)))).toBe("−(a + b)");
    expect(write(apply("neg", apply("square", a)))).toBe("−a²");
    expect(write(apply("square", apply("neg", a)))).toBe("(−a)²");
    expect(write(apply("exp", apply("neg", a)), { form: "tex" })).toBe("e^{-a}");
    expect(write(apply("square", apply("div", a, b)), { form: "tex" })).toBe(String.raw`\left(\frac{a}{b}\right)^{2}`);
  });

  it("put negative numbers in brackets after an operator", () => {
    const at = (id: string, value: number, index?: number[]): Formula => ({
      kind: "quantity",
      id,
      value,
      ...(index ? { index } : {}),
    });
    const products: Formula = {
      kind: "sum",
      terms: [
        apply("mul", at("W1", -0.5, [1, 0]), at("x", 1, [0])),
        apply("mul", at("W1", 0.3, [1, 1]), at("x", -2, [1])),
        at("b", -0.2),
      ],
    };
    expect(write(products)).toBe("W₁[2,1]·x[1] + W₁[2,2]·x[2] + b");
    expect(write(products, { reading: "numbers" })).toBe("−0.5·1 + 0.3·(−2) + (−0.2)");
    expect(write(apply("add", at("a", 1), products), { reading: "numbers" })).toBe("1 + (−0.5·1 + 0.3·(−2) + (−0.2))");
    expect(write(apply("sub", number(1), apply("mul", at("a", -0.3), b)), { reading: "numbers" })).toBe("1 − (−0.3)·b");
    expect(write(apply("logistic", at("a", -0.1)), { reading: "numbers" })).toBe("σ(−0.1)");
    expect(write(apply("square", at("a", -0.1)), { reading: "numbers" })).toBe("(−0.1)²");
  });

  it("tell products of wholes from products of numbers", () => {
    expect(write(apply("add", apply("matmul", whole("W1"), whole("x")), whole("z1")))).toBe("W₁ x + z₁");
    expect(write(apply("mul", whole("z1"), apply("sub", number(1), whole("z1"))))).toBe("z₁ ⊙ (1 − z₁)");
    expect(write(apply("mul", number(2), whole("z1")), { form: "tex" })).toBe(String.raw`2 \cdot z_1`);
    expect(write(apply("matmul", apply("transpose", whole("W1")), whole("z1")), { form: "tex" })).toBe(
      String.raw`W_1^{\top}\,z_1`,
    );
  });

  it("say how many terms are left out, and with numbers what they come to", () => {
    const long: Formula = { kind: "sum", terms: [a, b], omitted: { count: 782, value: -1.5 } };
    expect(write(long)).toBe("a + b + … (782 more)");
    expect(write(long, { reading: "numbers" })).toBe("a + b + … (782 more: −1.5000)");
    expect(write(long, { form: "tex" })).toBe(String.raw`a + b + \underbrace{\cdots}_{782\text{ more}}`);
  });

  it("name functions, those without a notation too", () => {
    expect(write(apply("where", apply("greater", a, number(0)), a, number(0)))).toBe("if(a > 0, a, 0)");
    expect(write({ kind: "apply", op: "leakyRelu", operands: [a], attributes: { slope: 0.01 } })).toBe("leakyReLU(a, 0.01)");
    expect(write(apply("logistic'", a))).toBe("σ′(a)");
    expect(write(apply("myLayer", a, b), { form: "tex" })).toBe(String.raw`\operatorname{myLayer}(a, b)`);
    expect(write({ kind: "quantity", id: "grad_W1", index: [0, 1] })).toBe("∂L/∂W₁[1,2]");
    expect(write({ kind: "quantity", id: "grad_W1", index: [0, 1] }, { form: "tex" })).toBe(
      String.raw`\frac{\partial L}{\partial W_1[1{,}2]}`,
    );
  });

  it("mean, as printed, what they are", () => {
    const leaf = fc.oneof(
      fc.double({ min: -9, max: 9, noNaN: true }).map((x): Formula => number(Math.round(x * 100) / 100)),
      fc.constantFrom("a", "b").map((id): Formula => ({ kind: "quantity", id, value: id === "a" ? -1.25 : 0.75 })),
    );
    const { tree } = fc.letrec<{ tree: Formula }>((tie) => ({
      tree: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        leaf,
        fc.tuple(fc.constantFrom("add", "sub", "mul", "div"), tie("tree"), tie("tree")).map(([op, l, r]) => apply(op, l, r)),
        fc.tuple(fc.constantFrom("neg", "square", "logistic", "abs", "relu"), tie("tree")).map(([op, x]) => apply(op, x)),
        fc.array(tie("tree"), { minLength: 1, maxLength: 3 }).map((terms): Formula => ({ kind: "sum", terms })),
      ),
    }));
    fc.assert(
      fc.property(tree, (formula) => {
        const expected = valueOf(formula);
        fc.pre(Number.isFinite(expected) && Math.abs(expected) < 1e6);
        const written = write(formula, { reading: "numbers" });
        const printed = parsePrinted(written);
        const got = printed && evaluatePrinted(printed, { literal: (text) => point(Number(text)), name: () => undefined });
        expect(got && midpoint(got), written).toBeCloseTo(expected, 5);
      }),
      { numRuns: 300 },
    );
  });
});

function valueOf(formula: Formula): number {
  if (formula.kind === "number") return formula.value;
  if (formula.kind === "quantity") return formula.value ?? Number.NaN;
  if (formula.kind === "sum") return formula.terms.map(valueOf).reduce((x, y) => x + y);
  const [x, y] = formula.operands.map(valueOf);
  const values: Record<string, number> = {
    add: x + y,
    sub: x - y,
    mul: x * y,
    div: Math.abs(y) < 1e-3 ? Number.NaN : x / y,
    neg: -x,
    square: x * x,
    logistic: 1 / (1 + Math.exp(-x)),
    abs: Math.abs(x),
    relu: Math.max(x, 0),
  };
  return values[formula.op];
}

describe("reading back", () => {
  const exact = { digits: 4, rounding: "exact" } as const;
  const byHand = { digits: 4, rounding: "by hand" } as const;

  it("computes printed lines again, with names and with numbers", () => {
    const text = `
      x = (1, 2)
      W₁ = ⎡  0.2  0.4 ⎤
           ⎣ −0.5  0.3 ⎦
      b = 0.1
      z₁ = W₁ x + b
      z₁[1] = W₁[1,1]·x[1] + W₁[1,2]·x[2] + b
            = 0.2·1 + 0.4·2 + 0.1
            = 1.1
      h = σ(z₁[1]) = σ(1.1) ≈ 0.7503
      g = (h − 1)² = (0.7503 − 1)² ≈ 0.0624`;
    expect(readBack(text, byHand)).toEqual({ numeric: 3, symbolic: 3, faults: [] });
    expect(readBack(text, exact)).toEqual({ numeric: 3, symbolic: 3, faults: [] });
  });

  it.each([
    ["a wrong last digit", "z = 0.2·1 + 0.4·2 + 0.1 = 1.1001", byHand, "1.1001 is printed"],
    ["a wrong sign", "z = 0.7·(−0.3) ≈ 0.2100", exact, "0.2100 is printed"],
    ["names that do not give the number", "w = 2\n z = w² = 4\n y = w·z ≈ 8.0010", byHand, "8.0010 is printed"],
    ["a number rounded behind an equals sign", "z = 0.7503·0.7503 = 0.5630", byHand, 'should be "≈"'],
    ["terms left out that come to something else", "z = 0.2·1 + … (3 more: 0.5000) = 0.8", exact, "0.8 is printed"],
    ["something that cannot be computed", "z = wrong(1.5) = 1.5", exact, "no formula that can be computed again"],
  ])("finds %s", (_, text, options, message) => {
    const { faults } = readBack(text, options);
    expect(faults.map((fault) => fault.message)).toEqual([expect.stringContaining(message)]);
  });

  it("allows a rounded number to stand for what it was rounded from, when only shown rounded", () => {
    const text = "L = 0.5·(0.6060 − 1)² ≈ 0.0777";
    expect(readBack(text.replace("0.0777", "0.0776"), byHand).faults).toEqual([]);
    expect(readBack(text, byHand).faults).toHaveLength(1);
    expect(readBack("L = 100·0.6060 ≈ 60.6040", exact).faults).toEqual([]);
    expect(readBack("L = 100·0.6060 ≈ 60.6040", byHand).faults).toHaveLength(1);
    expect(readBack("L = 100·0.6060 ≈ 60.6070", exact).faults).toHaveLength(1);
  });

  it("forgets entries that are no longer what was printed", () => {
    expect(readBack("w = (1, 2)\nv = w[2]·3 = 2·3 = 6\nw = (5, 7)\nv = w[2]·3 = 7·3 = 21", byHand)).toMatchObject({
      symbolic: 2,
      faults: [],
    });
  });
});
