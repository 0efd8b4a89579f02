// Work is counted, not timed: the clock here goes forward by a step each time it is looked at, which spend() does after a fixed amount of
// work. What is looked up after the deadline is work beyond the budget.

import { afterEach, describe, expect, it, vi } from "vitest";
import { softplus, type Tensor, tensor } from "../../tensor/index.ts";
import { certify } from "./certify.ts";
import { defaultBudget, problemOf, sizeOfData } from "./problem.ts";
import { smoothness } from "./smoothness.ts";

/** Formulas whose exact forms once ran for seconds or minutes: long rationals in Sturm sequences, large expansions, long eliminations. */
const long: readonly (readonly [string, string])[] = [
  ["(exp(-(((-0.000001*x+0.1))*((0.1*x+4)))^2))*((max(x,x))*(sqrt(abs((-2*x+0.001)))))", "R"],
  ["log(1+(((x+-1*x)+0.001*((3*x+0.5))^4))^2)+y", "R"],
  ["(((4*x+-1))*((x)*((0.001*x+3))))^4", "R"],
  ["((abs(x)^1.5+0.5*log(1+exp(x)))+1e-7*((x+2*(-2*x+3))+1000*abs((-0.000001*x+1))))", "R"],
  ["log(1+exp((sin((-0.000001*x+6)))*(((6*x+3)+0.1*y))))", "0.25<=x<=2.25,0.25<=y<=2.25"],
  ["((x^2+0.1*y)^9+(y^2+0.3*x+1)^11)*exp(x*y)/(1+(x+0.7*y)^8)", "R"],
  ["(x+1e-9)^64+0.1*(0.3*x-1.7)^63+(1.1*x+y)^31", "R"],
  ["1/(1+(1/(1+(1/(1+(x+0.1)^4))^4))^4)", "R"],
];

describe("certify", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  for (const [formula, domain] of long) {
    it(`stops soon after its deadline: ${formula}`, () => {
      let looks = 0;
      vi.spyOn(performance, "now").mockImplementation(() => 0.2 * looks++);
      certify(formula, { domain, budget: 20 });
      // 100 until the deadline, and each part of the work that is still open looks some times before it gives up.
      expect(looks).toBeLessThan(600);
    });
  }

  describe("on more data than can be taken apart", () => {
    const [n, d] = [1100, 100];
    const numbers = Float64Array.from({ length: n * d }, (_, i) => Math.sin(1 + i * i));
    const X = tensor(numbers, { shape: [n, d], dtype: "float64" });
    const loss = (w: Tensor) => softplus(X.matmul(w)).mean();
    const counted = (budget: number) => {
      let looks = 0;
      vi.spyOn(performance, "now").mockImplementation(() => 0.2 * looks++);
      const certificate = certify(loss, { variables: [[d]], budget });
      return { looks, certificate };
    };

    it("stops soon after its deadline", () => {
      const { looks, certificate } = counted(0.2);
      expect(looks).toBeLessThan(60);
      expect(certificate.convex).toMatchObject({ answer: "unknown", reason: expect.stringContaining("data are too many") });
    });

    it("decides curvature before it bounds constants", () => {
      const decided = counted(4).certificate;
      expect(decided.convex.answer).toBe("yes");
      expect(decided.L.upper).toBeNull();
      const { L, verdict } = counted(4000).certificate;
      expect(verdict).toBe("strictly convex");
      expect(L.upper as number).toBeLessThan((L.lower as number) * 1.001);
    });

    it("gives a default budget in proportion", () => {
      const problem = problemOf("certify", loss, { variables: [[d]] });
      expect(sizeOfData(problem)).toBeGreaterThanOrEqual(n * d);
      expect(defaultBudget(problem)).toBeCloseTo(1000 + 0.004 * n * d, 0);
      expect(smoothness(loss, { variables: [[d]] }).status).toBe("proved");
    });
  });
});
