// Which part breaks convexity, which form is convex instead, and quasi-convexity: by closed forms, and against sampled sublevel sets.

import { describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { everywhere } from "../domain.ts";
import { parseExpression } from "../expression/index.ts";
import { certify } from "./certify.ts";
import { printCertificate } from "./print-certificate.ts";
import { samplePoints } from "./search.ts";
import { verifyCertificate } from "./verify.ts";

const about = (text: string, domain?: string) => certify(text, { ...(domain && { domain }), budget: 6000 });

describe("the part that breaks convexity", () => {
  it.each<[string, string, RegExp]>([
    ["x^4 - 2*x^2", "x^2", /convex; it is subtracted/],
    ["2*exp(-x^2) + x^2", "exp(-x^2)", /argument -x\^2 would have to be convex; it is concave/],
    ["x^2 + (x*y - 1)^2", "x*y", /product of factors that both vary/],
    ["3*tanh(2*x) + x^2", "tanh(2*x)", /neither convex nor concave/],
    ["1/(1 + exp(-x))", "1/(1 + exp(-x))", /argument 1 \+ exp\(-x\) would have to be concave; it is convex/],
    ["sqrt(|x|)", "sqrt(|x|)", /sqrt is concave and increasing; convex is needed/],
    ["sum((tanh(X*w) - y)^2), X=[[1,2],[3,4]], y=[1,2]", "tanh(X*w)", /tanh is neither/],
    ["‖u*v' - I‖_F^2, u(2), v(2)", "u*v'", /product of factors/],
    ["log(x) + x^2", "log(x)", /it is concave; a convex sum needs convex terms/],
  ])("of %s is %s", (text, expression, reason) => {
    const { convex } = about(text, text.startsWith("log") ? "x>0" : undefined);
    expect(convex.answer).not.toBe("yes");
    expect(convex.blame?.expression).toBe(expression);
    expect(convex.blame?.reason).toMatch(reason);
  });

  it("is the smallest: parts that are proved by other rules are not blamed", () => {
    // log(1 + 1/x) is convex, which composition does not know.
    expect(about("log(1+1/x) - x^2", "x>0").convex.blame?.expression).toBe("x^2");
  });

  it("is named for functions of tensors as well, and printed", () => {
    const f = (x: Tensor) => x.square().sub(x.mul(2).tanh());
    const certificate = certify(f);
    expect(certificate.convex.blame?.expression).toMatch(/^tanh\(/);
    expect(printCertificate(certificate)).toMatch(/broken by tanh/);
  });

  it("is not asked for where the function is convex, or not defined", () => {
    expect(about("x^2").convex.blame).toBeUndefined();
    expect(about("log(x)").verdict).toBe("strictly concave");
    expect(about("1/x").convex.blame).toBeUndefined();
  });
});

describe("the form that is convex instead", () => {
  it.each<[string, string | undefined, "convex" | "concave", string]>([
    ["log(x)", "x>0", "convex", "-(log(x))"],
    ["x*y", "x>0, y>0", "convex", "exp(log_x)*exp(log_y)"],
    ["x*y", "x>0, y>0", "concave", "log(x*y)"],
    ["2*x*y + sqrt(x)/y + 1/x", "x>0, y>0", "convex", "2*exp(log_x)*exp(log_y) + sqrt(exp(log_x))/exp(log_y) + 1/exp(log_x)"],
    ["log(1+x^2)", undefined, "convex", "exp(log(1+x^2))"],
    ["1-exp(-x^2/2)", undefined, "convex", "-log(1 - (1-exp(-x^2/2)))"],
    ["exp(-x^2)", undefined, "concave", "log(exp(-x^2))"],
    ["-log(sigmoid(x) + 1e-8)", undefined, "convex", "-log(sigmoid(x))"],
    ["-log(max(1e-7, 1/(1+exp(-x))))", undefined, "convex", "-log(1/(1+exp(-x)))"],
    ["-log(clip(sigmoid(x), 1e-7, 0.9999999)) + x^2/100", undefined, "convex", "-log(sigmoid(x)) + x^2/100"],
    ["log(exp(x)+exp(y)) - x", undefined, "convex", "logsumexp([x, y]) - x"],
    ["log(sum(exp(X*w))), X=[[1,2],[3,4]]", undefined, "convex", "logsumexp(X*w)"],
    ["log(1 + exp(-x))", undefined, "convex", "softplus(-x)"],
  ])("of %s on %s (%s) is certified", (text, domain, side, expression) => {
    const found = about(text, domain)[side].equivalent;
    expect(found?.expression).toBe(expression);
    // Again, as the reader would: the form as it is printed has the curvature promised.
    const positive = side === "concave" ? "concave" : "convex";
    const again = certify(parseExpression(text).rewritten(expression, variablesOf(expression, text)), {
      ...(domain && !expression.includes("log_") && { domain }),
      budget: 3000,
    });
    expect(again[positive].answer).toBe("yes");
  });

  it("is not offered where there is none", () => {
    expect(about("sin(x)").convex.equivalent).toBeUndefined();
    expect(about("(x*y-1)^2").convex.equivalent).toBeUndefined();
    expect(about("x*y - x", "x>0, y>0").convex.equivalent).toBeUndefined();
  });
});

/** The variables of a rewritten formula: those of the formula, or their logarithms. */
function variablesOf(expression: string, text: string) {
  return parseExpression(text).variables.map(({ name, shape }) => ({
    name: expression.includes(`log_${name}`) ? `log_${name}` : name,
    shape,
  }));
}

const quasi: readonly [string, string | undefined, "yes" | "no", "yes" | "no"][] = [
  ["x^3", undefined, "yes", "yes"],
  ["tanh(x) + x", undefined, "yes", "yes"],
  ["log(1+x^2)", undefined, "yes", "no"],
  ["1-exp(-x^2/2)", undefined, "yes", "no"],
  ["x*tanh(log(1+exp(x)))", undefined, "yes", "no"],
  ["sqrt(|x - 3|)", undefined, "yes", "no"],
  ["(x^2+1)^(-0.5)", undefined, "no", "yes"],
  ["exp(-(x-0.3)^2)", undefined, "no", "yes"],
  ["x^4-2*x^2", undefined, "no", "no"],
  ["sin(x)", undefined, "no", "no"],
  ["min(x, 2) + max(x, 5)", undefined, "yes", "yes"],
  ["x*y", "x>0, y>0", "no", "yes"],
  ["-x*y", "x>0, y>0", "yes", "no"],
  ["(2*x+y+1)/(x+2*y+3)", "x>0, y>0", "yes", "yes"],
  ["|x|/sqrt(y)", "y>0", "yes", "no"],
  ["sqrt(x+1)/(y^2+1)", "x>0", "no", "yes"],
  ["exp(x)/(exp(x)+exp(y))", undefined, "yes", "yes"],
  ["max(log(1+x^2), |y|^0.5)", undefined, "yes", "no"],
  ["(x*y-1)^2", undefined, "no", "no"],
  ["x^2-y^2", undefined, "no", "no"],
];

describe("quasi-convexity", () => {
  it.each(quasi)("of %s on %s: %s, quasi-concavity: %s", (text, domain, convex, concave) => {
    const found = about(text, domain);
    expect(found.verdict).toBe("neither");
    expect(found.quasiconvex?.answer).toBe(convex);
    expect(found.quasiconcave?.answer).toBe(concave);
  });

  it.each(["log(1+x^2)", "exp(-(x-0.3)^2)", "max(log(1+x^2), |y|^0.5)", "(x*y-1)^2"])("of %s is verified from JSON", (text) => {
    const { valid, checks } = verifyCertificate(JSON.parse(JSON.stringify(about(text))), text);
    expect(checks.filter((c) => !c.ok)).toEqual([]);
    expect(valid).toBe(true);
  });

  it("of rounded functions follows from rules", () => {
    expect(about("ceil(x^2)").quasi).toBe("quasiconvex");
    expect(about("floor(x)").quasi).toBe("quasilinear");
  });

  it("is never claimed against a sampled point between two", () => {
    const parts = ["x", "x^2", "tanh(x)", "log(1+x^2)", "exp(-x^2)", "max(0,x)"];
    const xs = samplePoints(everywhere(1), 120, 3).map(([x]) => x);
    for (const [i, a] of parts.entries()) {
      for (const b of parts.slice(i + 1)) {
        for (const text of [`(${a}) + (${b})`, `(${a}) * (${b})`, `(${a}) - (${b})/2`]) {
          const { quasiconvex, quasiconcave } = certify(text, { budget: 40 });
          const f = parseExpression(text).f;
          const values = xs.map((x) => f({ x: tensor(x, { dtype: "float64" }) }).item());
          const order = xs.map((_, k) => k).sort((p, q) => xs[p] - xs[q]);
          for (const [sign, claim] of [
            [1, quasiconvex],
            [-1, quasiconcave],
          ] as const) {
            if (claim?.answer !== "yes") continue;
            const sorted = order.map((k) => sign * values[k]).filter(Number.isFinite);
            const least = sorted.indexOf(Math.min(...sorted));
            const falls = sorted.slice(0, least).every((v, k) => v >= sorted[k + 1] - 1e-9 * Math.abs(v));
            const rises = sorted.slice(least + 1).every((v, k) => v >= sorted[least + k] - 1e-9 * Math.abs(v));
            expect(falls && rises, text).toBe(true);
          }
        }
      }
    }
  }, 60_000);

  it("cannot be forged", () => {
    const honest = certify("x^4-2*x^2");
    const forged = { ...honest, quasiconvex: { answer: "yes" as const, method: "rules" } };
    expect(verifyCertificate(forged, "x^4-2*x^2").valid).toBe(false);
    const wrong = { answer: "no" as const, method: "point between two", witness: { a: [0], b: [1], t: 0.5, gap: 1 } };
    expect(verifyCertificate({ ...certify("x^3"), quasiconvex: wrong }, "x^3").valid).toBe(false);
  });
});
