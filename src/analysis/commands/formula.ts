// The formula of a command, with the data its names stand for.

import { extname } from "node:path";
import { fail } from "../../graph/errors.ts";
import { didYouMean } from "../../graph/suggest.ts";
import { decodeNpy, parseCsv, readFile, readText, writeFileAtomic } from "../../io/index.ts";
import type { NestedArray, Tensor } from "../../tensor/index.ts";
import { tensor } from "../../tensor/index.ts";
import { type Expression, parseConstant, parseExpression } from "../expression/index.ts";
import { namesIn } from "../expression/shapes.ts";
import { coordinatesOf, wholeTensors } from "../variables.ts";
import type { FormulaOptions } from "./command.ts";

/** Reads the formula and its data. Throws an analysis error that points at a fault of the text, a data error for a file. */
export async function formulaOf({ expression, param, vars, domain }: FormulaOptions): Promise<Expression> {
  const values: Record<string, Tensor> = {};
  for (const [name, given] of Object.entries(param)) values[name] = await valueOf(name, given);
  const variables = vars === undefined ? undefined : splitVariables(vars);
  const parsed = parseExpression(expression, {
    values,
    ...(variables && { variables }),
    ...(domain !== undefined && { domain }),
  });
  const used = namesIn(parsed.syntax);
  for (const name of Object.keys(values)) {
    if (used.includes(name)) continue;
    const others = used.length > 0 ? `names ${used.join(", ")}` : "names nothing";
    fail("analysis", `--param ${name}: the formula does not name it; it ${others}.${didYouMean(name, used)}`);
  }
  return parsed;
}

/** "x, w(2), A(2,3)" at its outer commas. */
function splitVariables(text: string): readonly string[] {
  return text.split(/,(?![^(]*\))/).map((part) => part.trim());
}

/** A number or list as it stands; anything else is the path of a file. */
async function valueOf(name: string, given: string): Promise<Tensor> {
  if (/^\s*[-+.\d[(]/.test(given) && !/\.(csv|tsv|txt|json|npy)$/i.test(given)) return parseConstant(given);
  switch (extname(given).toLowerCase()) {
    case ".json":
      return fromJson(given, await readText(given));
    case ".npy": {
      const { data, shape } = decodeNpy(await readFile(given), given);
      return tensor(Float64Array.from(data, Number), { shape, dtype: "float64" });
    }
    case ".csv":
    case ".tsv":
    case ".txt":
      return fromCsv(given, await readText(given));
    default:
      return fail("data", `--param ${name}=${given}: give a number, a list as [[1,2],[3,4]], or a file .csv, .json or .npy.`);
  }
}

function fromJson(path: string, text: string): Tensor {
  try {
    return tensor(JSON.parse(text) as NestedArray, { dtype: "float64" });
  } catch (error) {
    return fail("data", `${path}: not a list of numbers in JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Numbers only; a first line with words is the header. One column is a vector. */
function fromCsv(path: string, text: string): Tensor {
  const { columns, size: rows } = parseCsv(text, { source: path });
  const numbers = columns.map((column) => {
    if (column.kind !== "number") fail("data", `${path}: column "${column.name}" is not numeric; a matrix has numbers only.`);
    return column.values;
  });
  const data = new Float64Array(rows * numbers.length);
  for (const [j, column] of numbers.entries()) for (let i = 0; i < rows; i++) data[i * numbers.length + j] = column[i];
  if (data.some(Number.isNaN)) fail("data", `${path} has missing values; fill them or leave such rows out first.`);
  return tensor(data, { shape: numbers.length === 1 ? [rows] : [rows, numbers.length], dtype: "float64" });
}

/** All variables from one vector of coordinates: tensors of their shapes, of a symmetric matrix its coordinates. */
export function parametersAt({ variables }: Expression, x: ArrayLike<number>): Record<string, Tensor> {
  let from = 0;
  return Object.fromEntries(
    variables.map((v) => {
      const size = coordinatesOf(v);
      from += size;
      const own = Float64Array.from({ length: size }, (_, i) => x[from - size + i]);
      return [v.name, tensor(own, { shape: v.symmetric ? [size] : v.shape, dtype: "float64" })];
    }),
  );
}

/** The formula as a function of what `parametersAt` gives. */
export const ofCoordinates = (expression: Expression, parameters: Readonly<Record<string, Tensor>>): Tensor =>
  expression.f(wholeTensors(expression.variables, parameters));

/** The value of the formula at a point. */
export const valueAt = (expression: Expression, x: ArrayLike<number>): number =>
  ofCoordinates(expression, parametersAt(expression, x)).item();

/** Writes a page and says so. */
export async function writePage(path: string | undefined, html: () => string): Promise<readonly string[]> {
  if (path === undefined) return [];
  await writeFileAtomic(path, html());
  return [`picture ${path}`];
}
