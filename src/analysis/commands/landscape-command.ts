// gradus landscape: the loss of a trained network around its parameters, along filter-normalised random directions. Node only.

import type { Answer, CommandContext } from "../../train/command.ts";
import { planeSlice, randomDirection, slice } from "../landscape/index.ts";
import { page } from "../pictures/page.ts";
import { contourFigure, plotFigure } from "../pictures/plot.ts";
import { datasetObjective } from "../spectrum/index.ts";
import type { LandscapeCommandOptions } from "./command.ts";
import { writePage } from "./formula.ts";
import { trainedRun } from "./run.ts";

const shades = " .:-=+*#%@";

export async function landscape(
  { run, points = 13, seed = 0, engine, html }: LandscapeCommandOptions,
  context: CommandContext,
): Promise<Answer> {
  const { problem, data } = await trainedRun(run, engine, context);
  const objective = datasetObjective(problem);
  const directions = [0, 1].map((index) => randomDirection(problem.parameters, { seed, index })) as [Float64Array, Float64Array];
  const plane = planeSlice(objective.value, objective.start, directions, { points });
  const line = slice(objective.value, objective.start, directions[0], { points: 2 * points + 1 });
  const loss = objective.value(objective.start);
  const [low, high] = [Math.min(...plane.values), Math.max(...plane.values)];
  // One character for a value, on a logarithmic scale of the height above the lowest.
  const shade = (value: number) => {
    const height = Math.log1p(value - low) / Math.max(Math.log1p(high - low), Number.MIN_VALUE);
    return shades[Math.min(shades.length - 1, Math.floor(height * shades.length))];
  };
  const rows = Array.from({ length: points }, (_, i) =>
    Array.from({ length: points }, (_, j) => shade(plane.values[i * points + j]).repeat(2)).join(""),
  );
  const text = [
    `loss ${Number(loss.toPrecision(5))} over ${data.size} examples; within one filter norm along two random directions from ${Number(low.toPrecision(5))} to ${Number(high.toPrecision(5))}`,
    "",
    ...rows,
    ...(await writePage(html, () =>
      page(run, `the loss over ${data.size} examples, within one filter norm of the parameters`, [
        {
          figures: [
            contourFigure({
              title: "Loss on a plane",
              x: "first direction",
              y: "second direction",
              xs: plane.first,
              ys: plane.second,
              values: plane.values,
              marks: [{ at: [0, 0], label: "trained", colour: 1 }],
            }),
            plotFigure({
              title: "Loss on a line",
              x: "first direction",
              y: "loss",
              curves: [{ name: "loss", colour: 0, points: Array.from(line.steps, (t, i) => [t, line.values[i]] as const) }],
            }),
          ],
        },
      ]),
    )),
  ];
  const json = {
    loss,
    plane: { first: Array.from(plane.first), second: Array.from(plane.second), values: Array.from(plane.values) },
    line: { steps: Array.from(line.steps), values: Array.from(line.values) },
  };
  return { ok: true, text: text.join("\n"), json };
}
