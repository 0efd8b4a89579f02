// gradus minimize: the path of a method, every theorem that applies with its bound beside the measurement, and the verdict.

import { fail } from "../../graph/errors.ts";
import { didYouMean } from "../../graph/suggest.ts";
import type { Tensor } from "../../tensor/index.ts";
import { cholesky } from "../../tensor/linalg.ts";
import type { Answer, JsonValue } from "../../train/command.ts";
import { columns } from "../../train/format.ts";
import { grad } from "../../transforms/index.ts";
import type { Certificate } from "../certificate.ts";
import { certify } from "../convexity/certify.ts";
import { problemOf } from "../convexity/problem.ts";
import {
  type Descent,
  type DescentOptions,
  firstOrder,
  gradientDescent,
  heavyBall,
  isQuadratic,
  lbfgs,
  type MethodName,
  nesterov,
  newton,
  provedConstants,
  type StepChoice,
  subgradient,
} from "../descent/index.ts";
import { type Domain, isInside } from "../domain.ts";
import type { Expression } from "../expression/index.ts";
import { page } from "../pictures/page.ts";
import { contourFigure, plotFigure } from "../pictures/plot.ts";
import { coordinateNames, coordinatesOf, declarationOf, placeOf, type Variable, wholeTensors } from "../variables.ts";
import type { MinimizeCommandOptions } from "./command.ts";
import { formulaOf, ofCoordinates, parametersAt, valueAt, writePage } from "./formula.ts";

type Point = Record<string, Tensor>;
type Method = (
  f: (x: Point) => Tensor,
  start: Point,
  options: DescentOptions<Point>,
  step: StepChoice | undefined,
) => Descent<Point>;

/** A step for a method that takes numbers only. */
function sized(method: string, step: StepChoice | undefined): { readonly step?: number } {
  if (step === undefined) return {};
  if (typeof step === "number") return { step };
  return fail("analysis", `--step ${String(step)}: the step of ${method} is a number.`);
}

/** A method that finds its steps by itself. */
function unsized(method: string, step: StepChoice | undefined): void {
  if (step !== undefined) fail("analysis", `--step: ${method} finds its steps by itself; leave the option out.`);
}

const ofTable =
  (name: MethodName): Method =>
  (f, start, options, step) => {
    unsized(name, step);
    return firstOrder<Point>(name, f, start, options);
  };

/** A subgradient step of R/(M√(N + 1)) needs a Lipschitz constant. */
const bySubgradients: Method = (f, start, options, step) => {
  const { constants } = options;
  if (step === undefined && typeof constants === "object" && constants.lipschitz === undefined)
    fail("analysis", "subgradient: no Lipschitz constant of f is proved; give the step, as --step 0.1, or a --domain.");
  return subgradient<Point>(f, start, { ...options, ...(step === "polyak" ? { step } : sized("subgradient", step)) });
};

/** Methods by the names that --method takes. */
export const minimizers: Readonly<Record<string, Method>> = {
  "gradient-descent": (f, start, options, step) =>
    gradientDescent<Point>(f, start, { ...options, ...(step !== undefined && { step }) }),
  nesterov: (f, start, options, step) => nesterov<Point>(f, start, { ...options, ...sized("nesterov", step) }),
  "heavy-ball": (f, start, options, step) => heavyBall<Point>(f, start, { ...options, ...sized("heavy-ball", step) }),
  newton: (f, start, options, step) => {
    unsized("newton", step);
    return newton<Point>(f, start, options);
  },
  lbfgs: (f, start, options, step) => {
    unsized("lbfgs", step);
    return lbfgs<Point>(f, start, options);
  },
  subgradient: bySubgradients,
  ogm: ofTable("ogm"),
  fista: ofTable("fista"),
};

/** The answer is no where the method diverged or stopped for want of a step. */
export async function minimize(options: MinimizeCommandOptions): Promise<Answer> {
  const expression = await formulaOf(options);
  const method = Object.hasOwn(minimizers, options.method)
    ? minimizers[options.method]
    : fail(
        "analysis",
        `there is no method "${options.method}".${didYouMean(options.method, Object.keys(minimizers)) || ` There are ${Object.keys(minimizers).join(", ")}.`}`,
      );
  const start = startOf(expression, options.from);
  const domain = domainOf(expression, options.domain);
  if (domain && domain.cones.length > 0 && !isInside(domain, start))
    fail(
      "analysis",
      `--from "${options.from}" lies outside ${domain.text}; start inside, at a positive definite matrix such as the identity.`,
    );
  const certificate = certify(expression, domain && { domain });
  const iterations = options.iterations ?? 100;
  const step = stepOf(options.step);
  const minimum = options.minimum === undefined ? undefined : Number(options.minimum);
  if (minimum !== undefined && (!Number.isFinite(minimum) || options.minimum?.trim() === ""))
    fail("analysis", `--minimum "${options.minimum}": give the least value of f, a number.`);
  if (step === "polyak" && minimum === undefined)
    fail("analysis", "--step polyak is (f(x) − f*)/‖∇f(x)‖² times a factor: give the least value f* of f, as --minimum 0.");
  const quadratic = isQuadratic(expression) && ({ value: true, status: "proved" } as const);
  const result = method(
    (x) => guarded(expression, x),
    parametersAt(expression, start),
    {
      constants: { ...provedConstants(certificate, domain), ...(quadratic && { quadratic }) },
      ...(minimum !== undefined && { minimum }),
      stop: { iterations },
    },
    step,
  );
  const written = await writePage(options.html, () => pageOf(expression, certificate, result));
  const text = [
    ...expression.assumed.map((assumed) => `note: ${assumed}`),
    `${expression.text}: ${certificate.verdict} on ${certificate.domain}`,
    ...coordinateLine(expression),
    "",
    ...iterateTable(result),
    "",
    result.toString(),
    ...written,
  ];
  return {
    ok: result.stopped !== "diverged" && result.stopped !== "stuck",
    text: text.join("\n"),
    json: json(options.method, certificate, result),
  };
}

/** The domain that is asked for, and what functions of positive definite matrices add to it. */
function domainOf(expression: Expression, domain: string | undefined): Domain | undefined {
  if (domain !== undefined) return problemOf("minimize", expression, { domain }).domain;
  return expression.definite.size === 0 ? undefined : problemOf("minimize", expression).domain;
}

/** The formula, without a value where a matrix that has to be positive definite is not: lengths of steps are judged by that. */
function guarded(expression: Expression, parameters: Point): Tensor {
  const whole = wholeTensors(expression.variables, parameters);
  return [...expression.definite.keys()].reduce(
    (value, name) => value.add(cholesky(whole[name]).sum().mul(0)),
    expression.f(whole),
  );
}

function stepOf(text: string | undefined): StepChoice | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isFinite(number) && text.trim() !== "") return number;
  const rules = ["1/L", "2/(L+mu)", "exact", "armijo", "wolfe", "polyak", "silver"] as const;
  const rule = rules.find((name) => name === text);
  return rule ?? fail("analysis", `--step ${text}: give a number above 0 or one of ${rules.join(", ")}.`);
}

/** "3", "1,2", "[1, 2]" or "x=1, y=2" as coordinates in the order of the variables. */
function startOf({ variables }: Expression, text: string): number[] {
  const wanted = variables.reduce((sum, v) => sum + coordinatesOf(v), 0);
  const numbers = (words: string) => {
    const found = words
      .replace(/[[\];]/g, " ")
      .split(/[\s,]+/)
      .filter((word) => word !== "")
      .map(Number);
    if (found.some((x) => !Number.isFinite(x)))
      fail("analysis", `--from "${text}" is made of numbers, as --from "1,2" or --from "x=1, y=2".`);
    return found;
  };
  let point: number[];
  if (text.includes("=")) {
    const given = new Map(
      text
        .split(/[,;]\s*(?=[\p{L}_][\p{L}\p{N}_]*(?:\[[\d,\s]*\])?\s*=)/u)
        .map((part) => [part.split("=")[0].replace(/\s/g, ""), numbers(part.split("=")[1])] as const),
    );
    const of = (name: string) => given.get(name) ?? fail("analysis", `--from "${text}" says nothing of ${name}.`);
    point = variables.flatMap((v) => {
      const names = coordinateNames(v);
      if (!given.has(v.name) && names.some((name) => given.has(name))) return names.flatMap(of);
      return packedStart(v, of(v.name));
    });
  } else {
    point = numbers(text);
    if (variables.length === 1) point = packedStart(variables[0], point);
  }
  if (point.length !== wanted) {
    const order = variables.some((v) => v.symmetric) ? `: ${variables.flatMap(coordinateNames).join(", ")}` : "";
    fail(
      "analysis",
      `--from "${text}" has ${point.length} numbers, but ${variables.map(declarationOf).join(", ")} need ${wanted}${order}.`,
    );
  }
  return point;
}

/** A symmetric matrix may be given as a whole. */
function packedStart(v: Variable, given: readonly number[]): number[] {
  const [n] = v.shape;
  if (!v.symmetric || given.length !== n * n || n === 1) return [...given];
  const odd = given.findIndex((x, k) => x !== given[(k % n) * n + Math.floor(k / n)]);
  if (odd >= 0)
    fail(
      "analysis",
      `--from: ${v.name} is a symmetric matrix, but ${given[odd]} at ${placeOf(odd, v.shape)} differs from its mirror image.`,
    );
  return given.filter((_, k) => k % n >= Math.floor(k / n));
}

/** What the numbers of a point are, where that is not said by itself. */
function coordinateLine({ variables }: Expression): string[] {
  if (!variables.some((v) => v.symmetric)) return [];
  return [`x = (${variables.flatMap(coordinateNames).join(", ")}); norms are those of these coordinates`];
}

const short = (x: number) => (Number.isFinite(x) ? String(Number(x.toPrecision(8))) : String(x));

/** The first iterates, then every 2nd, 5th, 10th … so that a screen is enough. */
function iterateTable({ path }: Descent<Point>): string[] {
  const last = path.values.length - 1;
  const shown = Array.from({ length: last + 1 }, (_, k) => k).filter(
    (k) => k <= 5 || k === last || (k < 10 ? k % 2 === 0 : k % 10 ** Math.floor(Math.log10(k)) === 0),
  );
  const rows = shown.map((k) => {
    const x = path.points[k];
    return [
      String(k),
      x === undefined ? "" : Array.from(x.slice(0, 4), short).join("  ") + (x.length > 4 ? " …" : ""),
      short(path.values[k]),
      short(path.gradientNorms[k]),
    ];
  });
  return columns([["k", "x", "f", "‖∇f‖"], ...rows], ["right", "left", "right", "right"]);
}

function json(method: string, { verdict }: Certificate, result: Descent<Point>): JsonValue {
  const { value, gradientNorm, iterations, stopped, theorems, rate, step, facts, path, evaluations } = result;
  const plain = {
    method,
    verdict,
    x: Array.from(path.points[path.points.length - 1]),
    value,
    gradientNorm,
    iterations,
    evaluations,
    stopped,
    step,
    constants: facts,
    rate,
    theorems,
    path: {
      points: path.points.map((x) => Array.from(x)),
      values: Array.from(path.values),
      gradientNorms: Array.from(path.gradientNorms),
    },
  };
  return JSON.parse(JSON.stringify(plain)) as JsonValue;
}

function pageOf(expression: Expression, certificate: Certificate, result: Descent<Point>): string {
  const { path, theorems, minimum } = result;
  const n = path.points[0].length;
  const figures: string[] = [];
  if (n === 1) figures.push(taylorFigure(expression, certificate, result));
  if (n === 2) {
    const range = (i: number) => {
      const values = path.points.map((x) => x[i]).filter(Number.isFinite);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const room = Math.max(0.25 * (high - low), 1e-3);
      return Array.from({ length: 61 }, (_, k) => low - room + ((high - low + 2 * room) * k) / 60);
    };
    const [xs, ys] = [range(0), range(1)];
    figures.push(
      contourFigure({
        title: "The path on the contours of f",
        x: "first coordinate",
        y: "second coordinate",
        xs,
        ys,
        values: xs.flatMap((a) => ys.map((b) => valueAt(expression, [a, b]))),
        paths: [{ name: result.method, colour: 1, points: path.points.map((x) => [x[0], x[1]] as const) }],
      }),
    );
  }
  const least = minimum?.value ?? 0;
  figures.push(
    plotFigure({
      title: "f(x_k) − f* at every iteration",
      x: "iteration k",
      y: "f − f*",
      logarithmic: true,
      curves: [{ name: "measured", colour: 0, points: Array.from(path.values, (v, k) => [k, v - least] as const) }],
    }),
  );
  for (const { id, name, bounds, measured, quantity } of theorems) {
    figures.push(
      plotFigure({
        title: `${id} ${name}`,
        x: "iteration k",
        y: quantity,
        logarithmic: true,
        curves: [
          { name: "measured", colour: 0, points: Array.from(measured, (v, k) => [k, v] as const) },
          { name: "bound", colour: 1, dashed: true, points: Array.from(bounds, (v, k) => [k, v] as const) },
        ],
      }),
    );
  }
  return page(expression.text, `${certificate.verdict} on ${certificate.domain}`, [
    { figures },
    { title: "Report", text: result.toString() },
  ]);
}

/** The function, the path on it, and at the start the parabola of curvature L that lies above it: its minimum is the next iterate. */
function taylorFigure(expression: Expression, { L }: Certificate, { path }: Descent<Point>): string {
  const xs = path.points.map((x) => x[0]).filter(Number.isFinite);
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const room = Math.max(0.3 * (high - low), 0.5);
  const grid = Array.from({ length: 401 }, (_, i) => low - room + ((high - low + 2 * room) * i) / 400);
  const [x0, f0, slope] = [path.points[0][0], path.values[0], slopeAt(expression, path.points[0][0])];
  const values = grid.map((x) => valueAt(expression, [x]));
  const bound = L.upper;
  const parabola =
    bound !== null && Number.isFinite(bound)
      ? [
          {
            name: "f(x₀) + f'(x₀)(x − x₀) + ½L(x − x₀)²",
            colour: 2,
            dashed: true,
            points: grid.map((x) => [x, f0 + slope * (x - x0) + 0.5 * bound * (x - x0) ** 2] as const),
          },
        ]
      : [];
  const finite = values.filter(Number.isFinite);
  return plotFigure({
    title: "The path on f",
    x: coordinateNames(expression.variables[0])[0],
    y: "f",
    yRange: [Math.min(...finite), Math.max(...finite)],
    curves: [
      { name: "f", colour: 0, points: grid.map((x, i) => [x, values[i]] as const) },
      ...parabola,
      { name: "iterates", colour: 1, dots: true, points: path.points.map((x, k) => [x[0], path.values[k]] as const) },
    ],
  });
}

function slopeAt(expression: Expression, x: number): number {
  const [{ name }] = expression.variables;
  const slope = grad<[Point]>((point) => ofCoordinates(expression, point))(parametersAt(expression, [x])) as Point;
  return slope[name].item();
}
