// Matrix products as C: a call of the runtime library's, whose finished blocks go through the epilogue.

import type { Epilogue, MatmulKernel, MatrixOperand, Value } from "../lowering/ir.ts";
import { touchesDoubles } from "../lowering/vectorise.ts";
import { formulas, type Scope } from "./formulas.ts";
import { bytesOf, lanesOf, loadElements, plus } from "./lanes.ts";
import type { Target } from "./target.ts";
import { writer } from "./writer.ts";

/** Vectors of a row whose chains of operations are done side by side. */
const vectorsAtOnce = 4;

/** How many rows ahead their operands and results are fetched. */
const rowsAhead = 4;

/** For each value of an epilogue the positions of the strides that it moves with. */
export function movesOf({ values }: Epilogue, rank: number): ReadonlySet<number>[] {
  const moves: Set<number>[] = [];
  for (const v of values) {
    const set = new Set<number>();
    if (v.kind === "product") for (let d = 0; d < rank; d++) set.add(d);
    const strides = v.kind === "load" ? v.access.strides : v.kind === "index" ? v.strides : [];
    strides.forEach((s, d) => {
      if (s !== 0) set.add(d);
    });
    if ("operands" in v) for (const o of v.operands) for (const d of moves[o]) set.add(d);
    moves.push(set);
  }
  return moves;
}

/** Lanes for an epilogue on products of a dtype. */
export function epilogueLanes(target: Target, { values, stores }: Epilogue, dtype: string) {
  const steps = [{ inner: [], reductions: [], stores }];
  return lanesOf(target, dtype === "float64" || touchesDoubles({ values, steps }));
}

/**
 * The body of a function of type gradus_finish that does the epilogue on a block; its context is the list of the slots' addresses.
 * `batch` are the extents of the leading positions of the strides, before row and column; `columns` is given if the result has as many
 * and its blocks begin at multiples of a vector.
 */
export function renderFinish(
  epilogue: Epilogue,
  {
    dtype,
    batch,
    columns,
  }: { readonly dtype: "float32" | "float64"; readonly batch: readonly number[]; readonly columns?: number },
  target: Target,
): string {
  const lanes = epilogueLanes(target, epilogue, dtype);
  const { width } = lanes;
  const rank = batch.length + 2;
  const w = writer();
  const moves = movesOf(epilogue, rank);
  let products: string[] = [];
  const f = formulas(w, {
    lanes,
    values: epilogue.values,
    variesWith: (index, position) => moves[index].has(position),
    slot: (index) => w.letFirst("gradus_address", `((char *const *)context)[${index}]`),
    given: (v, group) => (v.kind === "product" ? products[group] : undefined),
  });
  let rest = "batch";
  for (let d = batch.length - 1; d >= 0; d--) {
    f.loops.unshift({ position: d, variable: w.letFirst("long", `${rest} % ${batch[d]}`), block: w.current });
    rest = w.letFirst("long", `${rest} / ${batch[d]}`);
  }
  const known: Scope["known"] = new Map();
  const hoist = (open: readonly number[]) => {
    epilogue.values.forEach((v: Value, i) => {
      if (v.kind !== "constant" && !open.some((d) => moves[i].has(d))) f.value(i, 0, { known, vector: undefined, active: 1 });
    });
  };
  const [row, column] = [batch.length, batch.length + 1];
  hoist([row, column]);
  w.block("for (long i = row; i < row + rows; i++)", () => {
    f.loops.push({ position: row, variable: "i", block: w.current });
    hoist([column]);
    const body = (vectors: number, active: number | string) => {
      f.loops.push({ position: column, variable: "j", block: w.current });
      const bytes = bytesOf[dtype];
      const at = w.let("gradus_address", `(char *)tile + ((i - row) * stride + j - column) * ${bytes}`);
      products = Array.from({ length: vectors }, (_, v) => loadElements(w, lanes, dtype, plus(at, v * width * bytes), 1, width));
      f.storeAll(epilogue.stores, vectors, { known: new Map(known), vector: column, active });
      f.loops.pop();
    };
    // A block's rows are too short for the processor to see where they lead.
    const fetchAhead = () => {
      const loads = epilogue.values.flatMap((v) => (v.kind === "load" ? [{ access: v.access, dtype: v.dtype, mode: 0 }] : []));
      const all = [...loads, ...epilogue.stores.map(({ access, dtype }) => ({ access, dtype, mode: 1 }))];
      const lines = new Set<string>();
      for (const { access, dtype: element, mode } of all) {
        if (access.strides[column] !== 1 || access.strides[row] === 0) continue;
        f.loops.push({ position: column, variable: "j", block: w.current });
        const bytes = bytesOf[element];
        for (let at = 0; at < wide * bytes; at += 64)
          lines.add(`__builtin_prefetch(${f.address(access, bytes, access.strides[row] * rowsAhead * bytes + at)}, ${mode});`);
        f.loops.pop();
      }
      for (const line of lines) w.line(line);
    };
    w.line("long j = column;");
    const wide = width * vectorsAtOnce;
    w.block(`for (; j + ${wide} <= column + columns; j += ${wide})`, () => {
      body(vectorsAtOnce, width);
      fetchAhead();
    });
    w.block(`for (; j + ${width} <= column + columns; j += ${width})`, () => body(1, width));
    // Blocks end at multiples of a tile's columns, and where the result ends.
    if (columns === undefined || columns % width > 0) {
      w.block("if (j < column + columns)", () => {
        w.line("const long active = column + columns - j;");
        body(1, "active");
      });
    }
    f.loops.pop();
  });
  return w.text();
}

/** The body of a product's function, of slots s0, s1 …, `thread`, `threads` and `rt`; `finish` is the name of its epilogue's function. */
export function renderProduct(kernel: MatmulKernel, finish: string | undefined): string {
  const { dtype, m, n, k, a, b, c, batch } = kernel;
  const bytes = bytesOf[dtype];
  const place = ({ slot, offset }: MatrixOperand) => `s${slot} + ${offset * bytes}`;
  const lines: string[] = [];
  const fields = [`.m = ${m}, .n = ${n}, .k = ${k}, .depth = ${batch.length}`];
  const strides = (name: string, list: readonly number[]) => {
    if (batch.length === 0) return;
    lines.push(`  static const long ${name}[] = {${list.join(", ")}};`);
    fields.push(`.${name} = ${name}`);
  };
  strides("batch", batch);
  strides("aBatch", a.batch);
  strides("bBatch", b.batch);
  if (c) strides("cBatch", c.batch);
  fields.push(
    `.a = ${place(a)}, .aRow = ${a.row}, .aColumn = ${a.column}`,
    `.b = ${place(b)}, .bRow = ${b.row}, .bColumn = ${b.column}`,
  );
  if (c) fields.push(`.c = ${place(c)}, .cRow = ${c.row}, .cColumn = ${c.column}`);
  if (finish !== undefined) fields.push(`.finish = ${finish}, .context = slots`);
  lines.push(`  struct gradus_product p = {${fields.join(", ")}};`);
  lines.push(`  rt->matmul_${dtype === "float64" ? "f64" : "f32"}(rt, thread, threads, &p);`);
  return lines.join("\n");
}
