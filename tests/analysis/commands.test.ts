import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { analysisCommands } from "../../src/analysis/commands/index.ts";
import type { CommandContext } from "../../src/train/command.ts";
import { commands } from "../../src/train/commands.ts";

const context: CommandContext = {
  signal: new AbortController().signal,
  emit: () => {},
  loadModule: async () => ({}),
  version: "0.0.0",
};
const scratch = () => mkdtemp(join(tmpdir(), "gradus-analysis-"));
const { certify, minimize, landscape, curvature } = analysisCommands;

test("certify answers with one object, in which null is what is unbounded or unknown", async () => {
  const { ok, json } = await certify({ expression: "x^4-x^3+x^2", param: {} }, context);
  expect(ok).toBe(true);
  expect(json).toMatchObject({
    verdict: "strongly convex",
    convex: { answer: "yes", proof: {} },
    concave: { answer: "no", witness: { t: 0.5 } },
    mu: { lower: expect.closeTo(1.25, 6), upper: expect.closeTo(1.25, 6) },
    L: { lower: null, upper: null },
    domain: "R",
  });
  expect((await certify({ expression: "x^3", param: {} }, context)).ok).toBe(false);
});

test("data of a formula come from files", async () => {
  const folder = await scratch();
  const [csv, json] = [join(folder, "X.csv"), join(folder, "y.json")];
  await writeFile(csv, "a,b\n1,2\n3,4\n5,6\n");
  await writeFile(json, "[1, 2, 3]");
  const { json: answer, text } = await certify({ expression: "0.5*sum((X*w-y)^2)", param: { X: csv, y: json } }, context);
  const L = (91 + Math.sqrt(8185)) / 2;
  expect(answer).toMatchObject({ verdict: "strongly convex", L: { lower: expect.closeTo(L, 6), upper: expect.closeTo(L, 6) } });
  expect(text).toContain(`1/L = ${Number((1 / L).toPrecision(6))}`);
  await writeFile(csv, "a,b\n1,2\n3,red\n");
  await expect(certify({ expression: "sum(X*w)", param: { X: csv } }, context)).rejects.toThrow(/X\.csv/);
  await expect(certify({ expression: "sum(X*w)", param: { X: "rows.parquet" } }, context)).rejects.toThrow(
    "a file .csv, .json or .npy",
  );
  await expect(certify({ expression: "sum(X*w)", param: { X: join(folder, "none.csv") } }, context)).rejects.toThrow("none.csv");
});

test("minimize shows the path and the theorems that hold", async () => {
  const folder = await scratch();
  const html = join(folder, "path.html");
  const options = { expression: "(x-1)^2 + 2*y^2", from: "x=3, y=-1", method: "gradient-descent", param: {}, html };
  const { ok, json, text } = await minimize(options, context);
  expect(ok).toBe(true);
  expect(json).toMatchObject({
    verdict: "strongly convex",
    stopped: "gradient",
    x: [expect.closeTo(1, 6), expect.closeTo(0, 6)],
  });
  const { theorems } = json as { theorems: { id: string; held: boolean }[] };
  expect(theorems.map(({ id }) => id)).toEqual(expect.arrayContaining(["T1", "T5", "T6"]));
  expect(theorems.every(({ held }) => held)).toBe(true);
  expect(text).toContain("strongly convex on R^2");
  const page = await readFile(html, "utf8");
  expect(page).toContain("The path on the contours of f");
  expect(page).not.toMatch(/(src|href)="http/);
  await expect(minimize({ ...options, from: "1" }, context)).rejects.toThrow("has 1 numbers, but x, y need 2");
  await expect(minimize({ ...options, step: "big" }, context)).rejects.toThrow("give a number above 0 or one of");
});

test("minimize takes steps and the minimum where a method has a use for them, and says so where not", async () => {
  const asked = (method: string, more: Record<string, string> = {}) =>
    minimize({ expression: "(x-1)^2", from: "3", method, param: {}, iterations: 30, ...more }, context);
  const polyak = await asked("gradient-descent", { step: "polyak", minimum: "0" });
  expect(polyak.text).toContain("T19 Polyak's step (hypotheses");
  await expect(asked("gradient-descent", { step: "polyak" })).rejects.toThrow("as --minimum 0");
  await expect(asked("gradient-descent", { minimum: "low" })).rejects.toThrow("the least value of f, a number");
  for (const method of ["newton", "lbfgs", "ogm", "fista"])
    await expect(asked(method, { step: "0.1" })).rejects.toThrow("finds its steps by itself");
  await expect(asked("nesterov", { step: "armijo" })).rejects.toThrow("the step of nesterov is a number");
  expect((await asked("heavy-ball", { step: "0.1" })).json).toMatchObject({ step: 0.1 });
  await expect(asked("subgradient")).rejects.toThrow("give the step, as --step 0.1");
  const kinked = await minimize(
    { expression: "abs(x)", from: "3", method: "subgradient", param: {}, minimum: "0", iterations: 40 },
    context,
  );
  expect(kinked.text).toContain("f* = 0 (assumed)");
});

test("minimize starts at a symmetric matrix, and stays where it is positive definite", async () => {
  const run = (from: string, more: object = {}) =>
    minimize({ expression: "trace(C*A) - logdet(A), C=[[2,1],[1,3]]", from, method: "newton", param: {}, ...more }, context);
  // The minimizer is the inverse of C.
  const inverse = [3 / 5, -1 / 5, 2 / 5].map((x) => expect.closeTo(x, 6));
  const whole = await run("A=[[1,0.5],[0.5,2]]", { domain: "A >> 0" });
  expect(whole.json).toMatchObject({ verdict: "strictly convex", x: inverse });
  expect(whole.text).toContain("x = (A[0,0], A[0,1], A[1,1])");
  for (const from of ["1,0.5,2", "A[0,0]=1, A[1,1]=2, A[0,1]=0.5", "[[1,0.5],[0.5,2]]"]) {
    expect((await run(from)).json, from).toMatchObject({ x: inverse });
  }
  await expect(run("1,2,1")).rejects.toThrow('--from "1,2,1" lies outside A >> 0');
  await expect(run("[[1,0.5],[0.4,2]]")).rejects.toThrow("0.5 at [0,1] differs from its mirror image");
  await expect(run("1,2")).rejects.toThrow("has 2 numbers, but A(2,2) need 3: A[0,0], A[0,1], A[1,1]");
  const { json } = await certify({ expression: "norm(A,'fro')^2, A(2,2)", domain: "A == A'", param: {} }, context);
  expect(json).toMatchObject({
    variables: [{ name: "A", shape: [2, 2], symmetric: true }],
    L: { upper: expect.closeTo(4, 9) },
    frobenius: { mu: { lower: expect.closeTo(1, 9) }, L: { lower: expect.closeTo(2, 9), upper: expect.closeTo(4, 9) } },
  });
});

test("a quadratic is known to be one, and what diverges has no rate", async () => {
  const { text } = await minimize(
    { expression: "x^2+3*y^2", from: "3,1", method: "gradient-descent", param: {}, iterations: 20 },
    context,
  );
  expect(text).toMatch(/T9 convex quadratics \(hypotheses/);
  const away = await minimize(
    { expression: "x^2", from: "3", method: "gradient-descent", step: "5", param: {}, iterations: 8 },
    context,
  );
  expect(away.text).toContain("no convergence");
  expect(away.text).not.toContain("exact after");
});

test("a value for a name that the formula does not have is refused", async () => {
  await expect(certify({ expression: "a*x^2", param: { b: "2" } }, context)).rejects.toThrow(
    "--param b: the formula does not name it; it names a, x.",
  );
});

test("every method of the command minimizes a quadratic", async () => {
  for (const method of ["gradient-descent", "nesterov", "heavy-ball", "newton", "lbfgs", "ogm", "fista"]) {
    const { json } = await minimize(
      { expression: "(x-1)^2 + 2*y^2 + x*y", from: "3,-1", method, param: {}, iterations: 200 },
      context,
    );
    expect((json as { value: number }).value, method).toBeLessThan(-0.14 + 0.001);
  }
});

test("curvature and landscape of a trained run", async () => {
  const folder = await scratch();
  const task = join(folder, "task.ts");
  const out = join(folder, "run");
  await writeFile(task, "");
  const gradus = await import("../../src/index.ts");
  const data = await import("../../src/data/index.ts");
  const n = 60;
  const inputs = Float32Array.from({ length: n * 2 }, (_, i) => Math.sin(i * 1.3));
  const classes = Int32Array.from({ length: n }, (_, i) => (inputs[2 * i] > inputs[2 * i + 1] ? 1 : 0));
  const config = {
    default: gradus.defineConfig({
      name: "small",
      data: () => ({
        train: data.dataset({ inputs: data.column(inputs, [2]), targets: data.column(classes, [], "int32"), classes: 2 }),
      }),
      model: () => gradus.nn.sequential(gradus.nn.linear(2, 4), gradus.nn.tanh(), gradus.nn.linear(4, 2)),
      loss: gradus.losses.crossEntropy,
      optimizer: () => gradus.optim.sgd({ learningRate: 0.5 }),
      settings: { learningRate: 0.5, epochs: 3, batchSize: 20 },
    }),
  };
  const world = { ...context, loadModule: async () => config };
  const end = await commands.train({ task: { kind: "file", path: task }, out, set: {}, engine: "wasm" }, world);
  expect(end.status).toBe("done");
  const { json, text } = await curvature({ run: out, count: 2 }, world);
  expect(json).toMatchObject({ parameters: 22, examples: n, learningRate: 0.5, threshold: 4 });
  const { largest, smallest } = json as { largest: { value: number }[]; smallest: { value: number }[] };
  expect(largest[0].value).toBeGreaterThanOrEqual(largest[1].value);
  expect(smallest[0].value).toBeLessThanOrEqual(smallest[1].value);
  expect(text).toContain("2/η = 4");
  const html = join(folder, "landscape.html");
  const around = await landscape({ run: out, points: 5, html }, world);
  expect((around.json as { plane: { values: number[] } }).plane.values).toHaveLength(25);
  expect(await readFile(html, "utf8")).toContain("Loss on a plane");
});
