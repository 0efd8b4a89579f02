import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRational } from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { Certificate, JsonData, Proof } from "../certificate.ts";
import { areCover, type Box, isSemidefinite } from "./boxes.ts";
import { certify } from "./certify.ts";
import { jetsOn } from "./interval-jets.ts";
import { type End, signBetween } from "./polynomial-signs.ts";
import { problemOf } from "./problem.ts";
import { subjectOf } from "./subject.ts";
import { verifyCertificate } from "./verify.ts";

const side = (lower: number, upper: number) => ({ lower, upper });

/** What is proved, sent and read again. */
const sent = (f: string, domain: string): Certificate => JSON.parse(JSON.stringify(certify(f, { domain, budget: 8000 })));

/** The certificate with every proof's data changed. */
function changed(certificate: Certificate, change: (proof: Proof) => Proof): Certificate {
  const through = (proof: Proof): Proof => {
    const next = change(proof);
    return { ...next, ...(next.premises && { premises: next.premises.map(through) }) };
  };
  const { convex } = certificate;
  return { ...certificate, convex: { ...convex, ...(convex.proof && { proof: through(convex.proof) }) } };
}

type Data = {
  readonly boxes?: readonly (readonly (readonly [string, string])[])[];
  readonly product?: { readonly nodes: readonly (readonly [string, ...JsonData[]])[]; readonly coefficient: string };
};
const dataOf = (proof: Proof) => proof.data as Data | undefined;

const failures = (certificate: Certificate, f: string, domain: string) =>
  verifyCertificate(certificate, f, { domain, budget: 8000 }).checks.filter((c) => !c.ok);

describe("covers", () => {
  it("are told from lists of boxes that leave something out", () => {
    const whole: Box = [side(Number.NEGATIVE_INFINITY, Infinity), side(0, 1)];
    const list: Box[] = [
      [side(Number.NEGATIVE_INFINITY, 0), side(0, 1)],
      [side(0, Infinity), side(0, 0.25)],
      [side(0, 7), side(0.25, 1)],
      [side(7, Infinity), side(0.25, 1)],
    ];
    expect(areCover(whole, list)).toBe(true);
    list.forEach((_, k) => {
      expect(
        areCover(
          whole,
          list.filter((_b, i) => i !== k),
        ),
      ).toBe(false);
    });
    const thinner = list.map((b, k): Box => (k === 2 ? [side(0, 7), side(0.25 + 2 ** -53, 1)] : b));
    expect(areCover(whole, thinner)).toBe(false);
  });
});

describe("matrices between bounds", () => {
  it("are called semidefinite only where all of them are", () => {
    const entry = fc.integer({ min: -6, max: 6 });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 6, maxLength: 6 }), fc.integer({ min: 0, max: 2 }), (list, radius) => {
        const bounds = list.map((x) => side(x - radius / 4, x + radius / 4));
        if (!isSemidefinite(bounds, 3)) return;
        for (let corner = 0; corner < 64; corner++) {
          const [a, b, c, d, e, f] = bounds.map((x, k) => ((corner >> k) & 1 ? x.upper : x.lower));
          // All principal minors, of small multiples of 1/4: exact.
          const minors = [a, c, f, a * c - b * b, a * f - d * d, c * f - e * e];
          const determinant = a * (c * f - e * e) - b * (b * f - d * e) + d * (b * e - c * d);
          for (const m of [...minors, determinant]) expect(m).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 2000 },
    );
    expect(isSemidefinite([side(2, 3), side(-1, 1), side(2, 2)], 2)).toBe(true);
    expect(isSemidefinite([side(1, 1), side(1, 1), side(1, 1)], 2)).toBe(true);
  });
});

describe("Descartes' rule", () => {
  const sign = (polynomial: readonly string[], from: string, to: string) => {
    const end = (text: string): End => (text === "infinity" || text === "-infinity" ? text : parseRational(text));
    return signBetween(polynomial.map(parseRational), end(from), end(to));
  };

  it("shows the signs of polynomials that have one, and of no others", () => {
    expect(sign(["2", "-6", "12"], "-infinity", "infinity")).toBe(1);
    expect(sign(["-2", "6", "-12"], "-infinity", "infinity")).toBe(-1);
    expect(sign(["2", "-9", "9"], "-infinity", "infinity")).toBeUndefined();
    expect(sign(["2", "-9", "9"], "2/3", "infinity")).toBe(1);
    expect(sign(["2", "-9", "9"], "1/3", "2/3")).toBe(-1);
    expect(sign(["2", "-9", "9"], "0", "1/2")).toBeUndefined();
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: -3, max: 2 }),
        (list, from) => {
          const shown = sign(list.map(String), String(from), String(from + 1));
          if (shown === undefined) return;
          // Eighths and integers are exact.
          for (let k = 1; k < 8; k++) expect(Math.sign(list.reduceRight((s, c) => s * (from + k / 8) + c, 0))).toBe(shown);
        },
      ),
    );
  });
});

describe("jets over boxes", () => {
  it("contain the second derivatives at points of the boxes", () => {
    const f = "exp(x*y)/(1+x^2)+sin(x-2*y)*atan(x)+log(2+x*y)^2+sqrt(3+y)*normcdf(x)+max(x+10,y)+erf(y)";
    const problem = problemOf("test", f, { domain: "-1<=x<=1,-1<=y<=1" });
    const subject = subjectOf(problem, performance.now() + 8000);
    if (typeof subject === "string") throw new Error(subject);
    const inside = fc.double({ min: -1, max: 0.9, noNaN: true });
    const width = fc.double({ min: 0, max: 0.1, noNaN: true });
    fc.assert(
      fc.property(inside, inside, width, (x, y, w) => {
        const [jet] = jetsOn([subject.value], [side(x, x + w), side(y, y + w)], 2) ?? [];
        const h = subject.second?.floats([x + w / 2, y + w / 2]) ?? [];
        for (const [k, value] of [h[0], h[2], h[3]].entries()) {
          const { lower, upper } = jet?.curvatures[k] ?? I.empty;
          expect(lower - 1e-11).toBeLessThanOrEqual(value);
          expect(upper + 1e-11).toBeGreaterThanOrEqual(value);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("certificates read from JSON", () => {
  const withBoxes: readonly (readonly [string, string])[] = [
    ["x^2+0.1*sin(3*x)+cos(x)*exp(-x^2)/8", "-4<=x<=4"],
    ["x^2+y^2+0.45*sin(x*y)+0.1*cos(x)", "-1<=x<=1,-1<=y<=1"],
    ["abs(x)+x^2+abs(x-1)*2+0.1*cos(x)", "-3<=x<=3"],
  ];

  it("are confirmed without deciding anew where boxes do it", () => {
    for (const [f, domain] of withBoxes) {
      const certificate = sent(f, domain);
      expect(certificate.convex.answer, f).toBe("yes");
      const { valid, checks } = verifyCertificate(certificate, f, { domain, budget: 8000 });
      expect(
        checks.filter((c) => !c.ok),
        f,
      ).toEqual([]);
      expect(valid).toBe(true);
      const ofProof = checks.filter((c) => c.what.startsWith("convex:"));
      expect(ofProof.length, f).toBeGreaterThan(0);
      expect(
        ofProof.filter((c) => c.how !== "replayed"),
        f,
      ).toEqual([]);
    }
  }, 60_000);

  it("are refuted when a box is taken away", () => {
    for (const [f, domain] of withBoxes.slice(0, 2)) {
      const certificate = sent(f, domain);
      let taken = 0;
      const forged = changed(certificate, (proof) => {
        const boxes = dataOf(proof)?.boxes;
        if (!boxes) return proof;
        taken++;
        return { ...proof, data: { ...dataOf(proof), boxes: boxes.slice(1) } };
      });
      expect(taken, f).toBeGreaterThan(0);
      expect(
        failures(forged, f, domain).map((c) => c.what),
        f,
      ).toContain("convex: boxes cover the domain");
    }
    const [f, domain] = withBoxes[2];
    const pieces = sent(f, domain);
    const { proof } = pieces.convex;
    const fewer = { ...pieces, convex: { ...pieces.convex, proof: { ...proof, premises: proof?.premises?.slice(1) } as Proof } };
    expect(failures(fewer, f, domain).map((c) => c.what)).toContain("convex: boxes cover the domain");
  }, 60_000);

  it("are refuted when a box is claimed on which the curvature is negative", () => {
    // The proof is that of another function, whose text and boxes look alike.
    const domain = "-1<=x<=1,-1<=y<=1";
    const certificate = sent("x^2+y^2+0.45*sin(x*y)", domain);
    expect(certificate.convex.answer).toBe("yes");
    const forged = {
      ...certificate,
      convex: {
        ...certificate.convex,
        method: "interval Hessian",
        proof: {
          rule: "interval Hessian",
          claim: "",
          data: {
            boxes: [
              [
                ["-1", "1"],
                ["-1", "1"],
              ],
            ],
            bound: 0,
          },
        },
      },
    };
    const against = failures(forged, "x^2+y^2-2.5*x*y", domain).find((c) => c.how === "replayed");
    expect(against?.message).toContain("wrong sign");
    const scalar = sent("x^2+0.1*sin(3*x)+cos(x)*exp(-x^2)/8", "-4<=x<=4");
    expect(
      failures(scalar, "x^2+0.4*sin(3*x)+cos(x)*exp(-x^2)/8", "-4<=x<=4").find((c) => c.how === "replayed")?.message,
    ).toContain("not the product");
  }, 60_000);

  it("are refuted when a coefficient of a polynomial is changed", () => {
    const certificate = sent("x^4-x^3+x^2", "R");
    expect(failures(certificate, "x^4-x^3+x^2", "R")).toEqual([]);
    let met = 0;
    const forged = changed(certificate, (proof) => {
      const product = dataOf(proof)?.product;
      if (!product) return proof;
      met++;
      const nodes = product.nodes.map(([kind, ...rest]) => (kind === "sum" ? [kind, "7/3", ...rest.slice(1)] : [kind, ...rest]));
      return { ...proof, data: { ...dataOf(proof), product: { ...product, nodes } } } as Proof;
    });
    expect(met).toBeGreaterThan(0);
    expect(failures(forged, "x^4-x^3+x^2", "R").map((c) => c.message)).toEqual([
      "it is not the product that the proof writes it as",
    ]);
  }, 30_000);
});
