// gradus curvature: the spectrum of the Hessian of a trained network over its whole training data. Node only.

import type { Answer, CommandContext, JsonValue } from "../../train/command.ts";
import { columns } from "../../train/format.ts";
import { page } from "../pictures/page.ts";
import { plotFigure } from "../pictures/plot.ts";
import { datasetObjective, extremeEigenvalues, gradientNoise, hutchPlusPlus, spectralDensity } from "../spectrum/index.ts";
import type { CurvatureCommandOptions } from "./command.ts";
import { writePage } from "./formula.ts";
import { trainedRun } from "./run.ts";

const short = (x: number) => String(Number(x.toPrecision(6)));

export async function curvature(
  { run, count = 1, seed = 0, engine, html }: CurvatureCommandOptions,
  context: CommandContext,
): Promise<Answer> {
  const { problem, data, learningRate } = await trainedRun(run, engine, context);
  const objective = datasetObjective(problem);
  const hessian = objective.hessian(objective.start);
  const loss = objective.value(objective.start);
  const gradient = Math.hypot(
    ...[objective.gradient(objective.start)].map((g) => Math.sqrt(g.reduce((sum, x) => sum + x * x, 0))),
  );
  const { largest, smallest, asymmetry, products } = extremeEigenvalues(hessian, { count, seed });
  const trace = hutchPlusPlus(hessian, { products: 30, seed });
  const density = spectralDensity(hessian, { probes: 4, steps: 40, seed });
  const noise = gradientNoise(objective);
  const threshold = learningRate === undefined ? undefined : 2 / learningRate;
  const pairs = [...largest, ...[...smallest].reverse()];
  const rows = pairs.map(({ value, residual }, i) => [
    i < largest.length ? `λ${i + 1}` : `λ${objective.size - (pairs.length - 1 - i)}`,
    short(value),
    `± ${residual.toExponential(1)}`,
  ]);
  // Most directions of a network are flat, and the nodes of the quadrature stand on either side of 0 there: their signs say nothing.
  const flat = 1e-3 * Math.max(Math.abs(largest[0].value), Math.abs(smallest[0].value));
  const percent = (counts: (x: number) => boolean) => `${(100 * density.mean((x) => (counts(x) ? 1 : 0)).value).toFixed(2)} %`;
  const text = [
    `${objective.size} parameters, ${data.size} examples, loss ${short(loss)}, ‖∇f‖ ${short(gradient)}`,
    "",
    "eigenvalues of the Hessian, each with an eigenvalue certainly within:",
    ...columns(rows, ["left", "right", "left"]),
    `trace ${short(trace.trace)} ± ${short(trace.standardError)} (standard error), mean eigenvalue ${short(trace.trace / objective.size)}`,
    `share of the spectrum below ${short(-flat)}: ${percent((x) => x < -flat)}, within ± ${short(flat)}: ${percent((x) => Math.abs(x) <= flat)}, above: ${percent((x) => x > flat)}`,
    ...(threshold === undefined
      ? []
      : [
          `sharpness ${short(largest[0].value)} against 2/η = ${short(threshold)} (η = ${learningRate}): ${largest[0].value < threshold ? "plain gradient descent of this step size is stable here" : "beyond the edge of stability of plain gradient descent"}`,
        ]),
    `gradient noise scale ${short(noise.scale)}: about the batch size beyond which larger batches help little`,
    `asymmetry of the products ${asymmetry.toExponential(1)} (rounding), ${products} of them for the eigenvalues`,
    ...(await writePage(html, () => {
      const [low, high] = density.range;
      const room = 0.05 * (high - low);
      const points = Float64Array.from({ length: 601 }, (_, i) => low - room + ((high - low + 2 * room) * i) / 600);
      const smooth = density.smoothed(points);
      const figure = plotFigure({
        title: "Spectral density of the Hessian",
        x: "eigenvalue",
        y: "density",
        logarithmic: true,
        curves: [{ name: "density", colour: 0, points: Array.from(points, (x, i) => [x, Math.max(smooth[i], 1e-8)] as const) }],
      });
      return page(run, `curvature over ${data.size} examples`, [{ figures: [figure] }]);
    })),
  ];
  const plain = {
    parameters: objective.size,
    examples: data.size,
    loss,
    gradientNorm: gradient,
    largest: largest.map(({ value, residual, converged }) => ({ value, residual, converged })),
    smallest: smallest.map(({ value, residual, converged }) => ({ value, residual, converged })),
    trace: { value: trace.trace, standardError: trace.standardError },
    spectrum: {
      flat,
      below: density.mean((x) => (x < -flat ? 1 : 0)).value,
      above: density.mean((x) => (x > flat ? 1 : 0)).value,
    },
    noise,
    ...(threshold !== undefined && { learningRate, threshold }),
    asymmetry,
  };
  return { ok: true, text: text.join("\n"), json: JSON.parse(JSON.stringify(plain)) as JsonValue };
}
