// A small explanation written out by hand: z = W₁x + b₁, h = σ(z), L = ½(Σh − 1)², its derivatives and a step. What formats are tried on.

import type { Contribution, Explanation, Formula, Line, Name, Quantity, Role, Shown, Step } from "../explanation.ts";

const shapes: Readonly<Record<string, readonly number[]>> = { x: [2], W1: [2, 2], b1: [2], z1: [2], h: [2], y: [], L: [] };
const start: Readonly<Record<string, readonly number[]>> = { x: [1, 2], W1: [0.2, 0.4, -0.5, 0.3], b1: [0.1, -0.2] };

/** W1 as W₁; a digit at the end stands below. */
const nameFrom = (id: string): Name => ({ id, text: id.replace("1", "₁"), tex: id.replace("1", "_1") });

const signal = (id: string): Name => {
  const of = nameFrom(id);
  return { id: `grad_${id}`, text: `∂L/∂${of.text}`, tex: String.raw`\frac{\partial L}{\partial ${of.tex}}` };
};

function quantity(id: string, role: Role, meaning: string): Quantity {
  const of = id.replace("grad_", "");
  return { name: id === of ? nameFrom(id) : signal(of), role, shape: shapes[of], dtype: "float64", meaning, path: "" };
}

const round = (value: number, digits: number) => Number(value.toFixed(digits)) + 0;
const sigma = (z: number) => 1 / (1 + Math.exp(-z));
const whole = (id: string): Formula => ({ kind: "quantity", id });
const number = (value: number): Formula => ({ kind: "number", value });
const apply = (op: string, ...operands: Formula[]): Formula => ({ kind: "apply", op, operands });

/** Worked with `digits` digits: rounded at each line ("by hand") or only shown so. */
export function sampleExplanation(rounding: Explanation["rounding"] = "exact", digits = 4): Explanation {
  const carry = (value: number) => (rounding === "by hand" ? round(value, digits) : value);
  const values = new Map<string, number[]>(Object.entries(start).map(([id, entries]) => [id, [...entries]]));
  const exacts = new Map(values);
  const at = (id: string, ...index: number[]): Formula => ({ kind: "quantity", id, index, value: entry(values, id, index) });
  const line = (index: number[], formula: Formula, of: (v: Map<string, number[]>) => number): Line => ({
    index,
    formula,
    value: carry(of(values)),
    exact: of(exacts),
  });
  const step = (id: string, formula: Formula, lines: readonly Line[]): Step => {
    values.set(
      id,
      lines.map(({ value }) => value),
    );
    exacts.set(
      id,
      lines.map(({ exact }) => exact),
    );
    return { quantity: id, formula, lines, omitted: 0, value: shown(id, values.get(id) as number[]) };
  };
  const given = Object.entries(start).map(([quantity, entries]) => ({ quantity, value: shown(quantity, entries) }));
  const z = step(
    "z1",
    apply("add", apply("matmul", whole("W1"), whole("x")), whole("b1")),
    [0, 1].map((i) =>
      line(
        [i],
        {
          kind: "sum",
          terms: [apply("mul", at("W1", i, 0), at("x", 0)), apply("mul", at("W1", i, 1), at("x", 1)), at("b1", i)],
        },
        (v) => entry(v, "W1", [i, 0]) * entry(v, "x", [0]) + entry(v, "W1", [i, 1]) * entry(v, "x", [1]) + entry(v, "b1", [i]),
      ),
    ),
  );
  const h = step(
    "h",
    apply("logistic", whole("z1")),
    [0, 1].map((i) => line([i], apply("logistic", at("z1", i)), (v) => sigma(entry(v, "z1", [i])))),
  );
  const y = step("y", apply("sum", whole("h")), [
    line([], apply("add", at("h", 0), at("h", 1)), (v) => entry(v, "h", [0]) + entry(v, "h", [1])),
  ]);
  const half = (inner: Formula) => apply("mul", number(0.5), apply("square", apply("sub", inner, number(1))));
  const loss = step("L", half(whole("y")), [line([], half(at("y")), (v) => 0.5 * (entry(v, "y", []) - 1) ** 2)]);
  const forward = [z, h, y, loss];

  const dy = step("grad_y", apply("sub", whole("y"), number(1)), [
    line([], apply("sub", at("y"), number(1)), (v) => entry(v, "y", []) - 1),
  ]);
  const slope = (hi: Formula) => apply("mul", hi, apply("sub", number(1), hi));
  const dz = step(
    "grad_z1",
    apply("mul", whole("grad_y"), slope(whole("h"))),
    [0, 1].map((i) =>
      line(
        [i],
        apply("mul", at("grad_y"), slope(at("h", i))),
        (v) => entry(v, "grad_y", []) * entry(v, "h", [i]) * (1 - entry(v, "h", [i])),
      ),
    ),
  );
  const rest = {
    min: -0.1234567,
    max: 2,
    mean: 0.3,
    norm: 4.25,
    notFinite: 0,
  };
  const update = step(
    "b1",
    apply("sub", whole("b1"), apply("mul", number(0.1), whole("grad_z1"))),
    [0, 1].map((i) =>
      line(
        [i],
        apply("sub", at("b1", i), apply("mul", number(0.1), at("grad_z1", i))),
        (v) => entry(v, "b1", [i]) - 0.1 * entry(v, "grad_z1", [i]),
      ),
    ),
  );
  const contribution = (through: string, local: Formula, { quantity: own, formula, lines, value }: Step): Contribution => ({
    quantity: own,
    through,
    local,
    formula,
    lines,
    value,
  });
  return {
    title: "A small network",
    order: 1,
    digits,
    rounding,
    quantities: [
      quantity("x", "input", "input, 2 numbers"),
      quantity("W1", "parameter", "weights, 2×2"),
      quantity("b1", "parameter", "bias, 2 numbers"),
      quantity("z1", "intermediate", "weighted sums, 2 numbers"),
      quantity("h", "intermediate", "activations, 2 numbers"),
      quantity("y", "output", "output"),
      quantity("L", "loss", "objective, 50% & more_or_less #1"),
      quantity("grad_y", "error signal", "error signal of y"),
      quantity("grad_z1", "error signal", "error signal of z₁, 2 numbers"),
    ],
    given,
    iterations: [
      {
        number: 1,
        forward,
        loss: { value: loss.lines[0].value, exact: loss.lines[0].exact },
        backward: [
          { ...dy, of: "y", contributions: [contribution("L", apply("sub", whole("y"), number(1)), dy)], disagreements: [] },
          {
            ...dz,
            of: "z1",
            contributions: [contribution("h", slope(whole("h")), dz), contribution("y", number(1), dz)],
            disagreements: [{ op: "logistic", index: [1], byRule: 0.2, byDifference: 0.3, kink: false }],
            value: { shape: [2], summary: rest },
          },
        ],
        second: [],
        updates: [update],
        summary: { loss: loss.lines[0].value, "norm of the gradient": 0.0123456 },
      },
    ],
    table: {
      columns: ["iteration", "L", "z1[1]"],
      rows: [
        [1, 0.07741, 1.1],
        [2, 0.07573, 1.107],
      ],
    },
    differences: [{ iteration: 1, quantity: "z1", index: [1], byHand: 0.606, exact: 0.6061 }],
    notes: ["At 0 the rule of relu takes 0 & says so."],
  };
}

function entry(values: ReadonlyMap<string, readonly number[]>, id: string, index: readonly number[]): number {
  const shape = shapes[id.replace("grad_", "")];
  return (values.get(id) as readonly number[])[index.reduce((flat, i, axis) => flat * shape[axis] + i, 0)];
}

function shown(id: string, entries: readonly number[]): Shown {
  return { shape: shapes[id.replace("grad_", "")], entries: [...entries] };
}
