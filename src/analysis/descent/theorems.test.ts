import { describe, expect, it } from "vitest";
import { descentPlanner, methodPlanner, type StepChoice } from "./gradient-descent.ts";
import { type MethodName, methods, polyakParameters } from "./methods.ts";
import { newtonStepper } from "./newton.ts";
import type { Objective } from "./objective.ts";
import { type Outcome, type Planner, type RunOptions, runPlan } from "./run.ts";
import { generator, type Instance, randomConvex, randomQuadratic, randomVector } from "./test-support.ts";
import { fistaBound, quadraticBound } from "./theorems.ts";
import { dot } from "./vectors.ts";

const instances = 1000;

const stopAfter = (N: number) => ({ stop: { iterations: N, gradientNorm: 0 } });

function held(outcome: Outcome, ids: readonly string[]): void {
  for (const id of ids) {
    const report = outcome.theorems.find((t) => t.id === id);
    if (!report) throw new Error(`${id} does not apply: ${outcome.inapplicable.find((t) => t.id === id)?.reason}`);
    if (!report.held) {
      const k = report.failedAt!;
      throw new Error(
        `${id} failed at ${k}: ${report.measured[k]} against ${report.bounds[k]}; ${JSON.stringify(outcome.facts)}`,
      );
    }
    if (!(report.tightness <= 1.01)) throw new Error(`${id} has tightness ${report.tightness}`);
  }
}

/** Runs on every instance of a class; `ids` must apply and hold. */
function onAll(
  make: (random: () => number, i: number) => Instance,
  plan: (i: Instance, run: RunOptions, random: () => number) => Planner,
  ids: readonly string[],
) {
  const random = generator(ids.join("").length + 17);
  let done = 0;
  for (let i = 0; i < instances; i++) {
    const instance = make(random, i);
    const { objective, minimizer, minimum, constants } = instance;
    const N = 1 + Math.floor(9 * random());
    const run: RunOptions = { constants, minimizer, minimum, ...stopAfter(N) };
    const start = randomVector(random, objective.dimension, 6);
    held(runPlan("test", objective, start, plan(instance, run, random), false, run), ids);
    done++;
  }
  expect(done).toBe(instances);
}

const convex = (random: () => number, i: number) => randomConvex(random, 1 + (i % 3), 0);
const strong = (random: () => number, i: number) => randomConvex(random, 1 + (i % 3), 0.05 + random());
const quadratic = (random: () => number, i: number): Instance => {
  const [mu, L] = [0.05 + random(), 1.1 + 3 * random()];
  const minimizer = randomVector(random, 1 + (i % 3));
  const objective = randomQuadratic(random, minimizer, mu, L);
  return { objective, minimizer, minimum: 0, constants: { L, mu, convex: true, quadratic: true } };
};

/** Σ c_j h(b_j(x_j − x*_j)), h(t) = t² + 3 sin² t: smooth with L = 8cb², Polyak–Łojasiewicz with 0.17553cb², not convex. */
const bumpy = (random: () => number, i: number): Instance => {
  const minimizer = randomVector(random, 1 + (i % 3), 2);
  const terms = Array.from(minimizer, () => ({ c: 0.2 + random(), b: 0.3 + random() }));
  return {
    objective: {
      dimension: minimizer.length,
      evaluate: (x) => {
        const ts = terms.map(({ b }, j) => b * (x[j] - minimizer[j]));
        return {
          value: terms.reduce((sum, { c }, j) => sum + c * (ts[j] ** 2 + 3 * Math.sin(ts[j]) ** 2), 0),
          gradient: Float64Array.from(terms, ({ c, b }, j) => c * b * (2 * ts[j] + 3 * Math.sin(2 * ts[j]))),
        };
      },
    },
    minimizer,
    minimum: 0,
    constants: {
      L: Math.max(...terms.map(({ c, b }) => 8 * c * b * b)),
      pl: Math.min(...terms.map(({ c, b }) => 0.17553 * c * b * b)),
    },
  };
};

const descent =
  (choose: (L: number, mu: number, random: () => number) => StepChoice) =>
  ({ constants }: Instance, run: RunOptions, random: () => number): Planner =>
    descentPlanner(choose(constants.L as number, (constants.mu as number | undefined) ?? 0, random), run);
const named = (name: MethodName) => (_i: Instance, run: RunOptions) => methodPlanner(name, methods[name].needs, run);

describe(`every bound holds on ${instances} random functions of its class`, () => {
  it("T1 to T3, T7 and T8: smooth, Polyak–Łojasiewicz, not convex, step 1/L", () => {
    onAll(
      bumpy,
      descent(() => "1/L"),
      ["T1", "T2", "T3", "T7", "T8"],
    );
  });

  it("T1 and T3 with steps that change, T7 with any constant step below 2/L", () => {
    onAll(
      bumpy,
      descent((L, _mu, random) => {
        const sizes = [random(), random(), random()];
        return (k) => (1.7 * sizes[k % 3] + 0.01) / L;
      }),
      ["T1", "T3"],
    );
    onAll(
      bumpy,
      descent((L, _mu, random) => (0.01 + 1.98 * random()) / L),
      ["T1", "T7"],
    );
  });

  it("T4 and T5: convex, steps up to 1/L", () => {
    onAll(
      convex,
      descent((L, _mu, random) => (random() < 0.5 ? "1/L" : (0.01 + 0.99 * random()) / L)),
      ["T1", "T4", "T5"],
    );
  });

  it("T6: strongly convex, any step below 2/L", () => {
    onAll(
      strong,
      descent((L, _mu, random) => (random() < 0.3 ? "2/(L+mu)" : (0.01 + 1.98 * random()) / L)),
      ["T1", "T6", "T7"],
    );
  });

  it("T9: quadratics, any step below 2/L", () => {
    onAll(
      quadratic,
      descent((L, _mu, random) => (0.01 + 1.98 * random()) / L),
      ["T6", "T9"],
    );
  });

  it("T10: exact line search", () => {
    onAll(
      strong,
      descent(() => "exact"),
      ["T10"],
    );
  });

  it("T11 and T12: accelerated, convex", () => {
    onAll(convex, named("nesterov"), ["T11"]);
    onAll(convex, named("fista"), ["T12"]);
  });

  it("T13 and T18: accelerated, strongly convex", () => {
    onAll(strong, named("nesterov strongly convex"), ["T13"]);
    onAll(strong, named("triple momentum"), ["T18"]);
  });

  it("T14 to T16: optimized steps", () => {
    onAll(convex, named("ogm"), ["T14"]);
    onAll(convex, named("ogm-g"), ["T15"]);
    onAll(convex, named("silver"), ["T16"]);
  });

  it("T17: heavy ball on quadratics", () => {
    onAll(
      quadratic,
      ({ constants }) =>
        (objective, _facts, { start }) => {
          const [L, mu] = [constants.L as number, constants.mu as number];
          const parameters = { L, mu, N: 0, ...polyakParameters(L, mu) };
          return {
            method: "heavy ball",
            rule: { kind: "polyak parameters" },
            stepper: methods["heavy ball"].start(objective, start, parameters),
          };
        },
      ["T17"],
    );
  });

  it("T19: Polyak's step", () => {
    onAll(
      strong,
      descent(() => "polyak"),
      ["T19"],
    );
  });

  it("T20: subgradients of convex functions with kinks", () => {
    onAll(
      (random, i) => {
        const n = 1 + (i % 3);
        const minimizer = randomVector(random, n);
        const directions = Array.from({ length: 1 + Math.floor(4 * random()) }, () => randomVector(random, n));
        const objective: Objective = {
          dimension: n,
          evaluate: (x) => {
            const ts = directions.map((d) => dot(d, x) - dot(d, minimizer));
            const gradient = Float64Array.from({ length: n }, (_, j) =>
              directions.reduce((sum, d, q) => sum + Math.sign(ts[q]) * d[j], 0),
            );
            return { value: ts.reduce((sum, t) => sum + Math.abs(t), 0), gradient };
          },
        };
        const lipschitz = directions.reduce((sum, d) => sum + Math.sqrt(dot(d, d)), 0);
        return { objective, minimizer, minimum: 0, constants: { lipschitz, convex: true } };
      },
      ({ constants }, run, random) =>
        (objective, _facts, { start }) => {
          const size = (0.1 + 3 * random()) / ((constants.lipschitz as number) * Math.sqrt((run.stop?.iterations ?? 0) + 1));
          const stepper = methods["gradient descent"].start(objective, start, { L: 0, mu: 0, N: 0, step: size });
          return { method: "subgradient", rule: { kind: "constant", size }, step: size, smooth: false, stepper };
        },
      ["T20"],
    );
  });

  it("T26: Newton's method near the minimizer", () => {
    const random = generator(26);
    let claims = 0;
    for (let i = 0; i < instances; i++) {
      // Σ a_j cosh(x_j): Hessian above a_j; its Lipschitz constant on |x| ≤ ½ is a_j·sinh ½.
      const a = Array.from({ length: 1 + (i % 3) }, () => 0.5 + random());
      const objective: Required<Objective> = {
        dimension: a.length,
        evaluate: (x) => ({
          value: a.reduce((sum, c, j) => sum + c * Math.cosh(x[j]), 0),
          gradient: x.map((v, j) => a[j] * Math.sinh(v)),
        }),
        hessian: (x) =>
          Float64Array.from({ length: a.length ** 2 }, (_, at) =>
            at % (a.length + 1) === 0 ? a[at % a.length] * Math.cosh(x[at % a.length]) : 0,
          ),
      };
      const minimizer = new Float64Array(a.length);
      const constants = { mu: Math.min(...a), hessianLipschitz: Math.max(...a) * Math.sinh(0.5) };
      const run: RunOptions = { constants, minimizer, ...stopAfter(6) };
      const outcome = runPlan(
        "test",
        objective,
        randomVector(random, a.length, 0.28),
        () => ({ method: "newton", rule: { kind: "full" }, stepper: newtonStepper(objective, "full") }),
        false,
        run,
      );
      held(outcome, ["T26"]);
      claims += outcome.theorems[0].bounds.filter((b) => b > 0).length;
    }
    expect(claims).toBeGreaterThan(instances);
  });
});

describe("a false hypothesis", () => {
  it("shows as a bound that fails: a constant L that is too small", () => {
    const random = generator(5);
    const minimizer = new Float64Array(1);
    const objective = randomQuadratic(random, minimizer, 3, 3);
    const run: RunOptions = { constants: { L: 1, mu: 1, quadratic: true }, minimizer, ...stopAfter(5) };
    const outcome = runPlan("test", objective, Float64Array.of(1), descentPlanner("1/L", run), false, run);
    for (const id of ["T1", "T2", "T3", "T5", "T6", "T9"]) expect(outcome.theorems.find((t) => t.id === id)!.held).toBe(false);
  });
});

describe("figures of the formulas", () => {
  it("T9 and T12 are as the reference prints them", () => {
    expect(quadraticBound(3, 0.3, 1 / 3, 4)).toBeCloseTo(0.0649574, 7);
    expect(quadraticBound(1, 0, 1, 10)).toBeCloseTo(0.00897356, 8);
    expect(fistaBound(1, 10)).toBeCloseTo(0.0141608, 7);
  });

  it("T8's factor is .727273 and T7's .8 for L = 1, μ = .2; T13's .4675 after two steps with μ = .1", () => {
    const objective = randomQuadratic(generator(1), new Float64Array(1), 1, 1);
    const at = (constants: RunOptions["constants"], name: MethodName, id: string, N = 2) => {
      const run: RunOptions = { ...(constants && { constants }), minimizer: new Float64Array(1), ...stopAfter(N) };
      const plan = name === "gradient descent" ? descentPlanner("1/L", run) : methodPlanner(name, methods[name].needs, run);
      const start = Float64Array.of(2);
      const { bounds } = runPlan(
        "test",
        { ...objective, evaluate: (x) => ({ value: 0.45 * x[0] ** 2, gradient: x.map((v) => 0.9 * v) }) },
        start,
        plan,
        false,
        run,
      ).theorems.find((t) => t.id === id)!;
      return bounds;
    };
    const t8 = at({ L: 1, pl: 0.2 }, "gradient descent", "T8");
    expect(t8[1] / t8[0]).toBeCloseTo(0.727273, 6);
    const t7 = at({ L: 1, pl: 0.2 }, "gradient descent", "T7");
    expect(t7[1] / t7[0]).toBeCloseTo(0.8, 14);
    const t13 = at({ L: 1, mu: 0.1 }, "nesterov strongly convex", "T13");
    expect(t13[2] / t13[0]).toBeCloseTo(0.4675, 4);
    // PEPit's value of T18 for L = 1, μ = .1, N = 4, from distance 2 here.
    expect(at({ L: 1, mu: 0.1 }, "triple momentum", "T18", 4)[4] / 4).toBeCloseTo(0.238925, 6);
  });
});
