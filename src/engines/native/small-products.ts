// Matrix products of known, small size as C written for just that size: a register tile that runs over the operands where they lie,
// with the epilogue done on the accumulators. What the runtime library does for large products (packing, blocking for caches) costs more
// than it brings here. Products with a vector are here at every size: they are bound by reading the matrix once.

import type { Epilogue, MatmulKernel, MatrixOperand } from "../lowering/ir.ts";
import { formulas, type Scope } from "./formulas.ts";
import { bytesOf, type Lanes, onlyActive, typeOfLanes } from "./lanes.ts";
import { epilogueLanes, movesOf } from "./products.ts";
import type { Target } from "./target.ts";
import { type Writer, writer } from "./writer.ts";

/** Multiply-adds up to which a product is written out. */
const mostSmall = 512 * 1024;

/** Rounds after which partial sums are added to totals: what is lost to rounding grows with this, not with the length. */
const longRun = 512;

/** Bytes of a transposed panel of B, which lies on the stack. */
const mostPanel = 128 * 1024;

export function isSmall(kernel: MatmulKernel): boolean {
  const { m, n, k, dtype } = kernel;
  if (m === 0 || n === 0 || k === 0) return false;
  const { b } = oriented(kernel);
  const panel = b.column === 1 ? 0 : k * 64 * (dtype === "float64" ? 2 : 1);
  return (m * n * k <= mostSmall || m === 1 || n === 1) && panel <= mostPanel;
}

interface Oriented {
  readonly m: number;
  readonly n: number;
  readonly a: MatrixOperand;
  readonly b: MatrixOperand;
  /** Position in the epilogue's strides of what are rows and columns here, counted from the last. */
  readonly swapped: boolean;
}

const turned = (x: MatrixOperand): MatrixOperand => ({ ...x, row: x.column, column: x.row });

/** A column of results whose matrix is contiguous along it is computed as a row. */
function oriented({ m, n, a, b }: MatmulKernel): Oriented {
  if (n === 1 && a.row === 1 && a.column !== 1) return { m: n, n: m, a: turned(b), b: turned(a), swapped: true };
  return { m, n, a, b, swapped: false };
}

/** What is done with the product where nothing else is: it is stored. */
function plain({ c, dtype }: MatmulKernel): Epilogue {
  if (!c) return { values: [], stores: [] };
  const access = { slot: c.slot, offset: c.offset, strides: [...c.batch, c.row, c.column] };
  return { values: [{ kind: "product", dtype }], stores: [{ access, dtype, value: 0 }] };
}

/** Rows of a tile that is `vectors` wide: those that leave no rest, or the largest. */
function rowsOf(m: number, vectors: number): number {
  const most = vectors === 1 ? 8 : vectors === 2 ? 6 : vectors === 3 ? 4 : vectors === 4 ? 3 : vectors <= 6 ? 2 : 1;
  const least = Math.max(1, Math.ceil(most / 2));
  if (m <= most) return m;
  for (let r = most; r >= least; r--) if (m % r === 0) return r;
  return most;
}

/** Vectors of a panel for so many rows and vectors in all. */
function panelOf(m: number, vectors: number): number {
  const most = m === 1 ? 13 : m <= 3 ? 4 : 2;
  const panels = Math.ceil(vectors / most);
  return Math.ceil(vectors / panels);
}

interface Tile {
  readonly w: Writer;
  readonly lanes: Lanes;
  readonly fma: boolean;
  readonly dtype: "float32" | "float64";
  readonly k: number;
}

/** Accumulators that `run` adds to in rounds `from` to `to`; returns the names of the sums over all rounds. */
function accumulated(
  { w, lanes, dtype }: Tile,
  count: number,
  rounds: number,
  run: (from: string, to: string, sums: string[]) => void,
) {
  const type = typeOfLanes(lanes, dtype);
  const make = () => Array.from({ length: count }, () => w.name("c"));
  const sums = make();
  if (rounds <= longRun) {
    w.line(`${type} ${sums.map((s) => `${s} = {}`).join(", ")};`);
    run("0", String(rounds), sums);
    return sums;
  }
  const totals = make();
  w.line(`${type} ${totals.map((s) => `${s} = {}`).join(", ")};`);
  const start = w.name("start");
  w.block(`for (long ${start} = 0; ${start} < ${rounds}; ${start} += ${longRun})`, () => {
    const end = w.name("end");
    w.line(`const long ${end} = ${start} + ${longRun} < ${rounds} ? ${start} + ${longRun} : ${rounds};`);
    w.line(`${type} ${sums.map((s) => `${s} = {}`).join(", ")};`);
    run(start, end, sums);
    totals.forEach((t, i) => {
      w.line(`${t} = ${t} + ${sums[i]};`);
    });
  });
  return totals;
}

/** The body of the product's function, of slots s0, s1 …; with `divided` threads take rows, or columns where there is one row. */
export function renderSmallProduct(kernel: MatmulKernel, target: Target, divided: boolean): string {
  const { batch, dtype, k } = kernel;
  const { m, n, a, b, swapped } = oriented(kernel);
  const epilogue = kernel.epilogue ?? plain(kernel);
  const lanes = epilogueLanes(target, epilogue, dtype);
  const { width } = lanes;
  const type = typeOfLanes(lanes, dtype);
  const scalar = dtype === "float64" ? "double" : "float";
  const bytes = bytesOf[dtype];
  const w = writer();
  const tile: Tile = { w, lanes, fma: target.fma, dtype, k };
  const rank = batch.length + 2;
  const [row, column] = swapped ? [rank - 1, rank - 2] : [rank - 2, rank - 1];
  const moves = movesOf(epilogue, rank);
  /** Names of the finished products, by vector of the round. */
  let products: readonly string[] = [];
  const f = formulas(w, {
    lanes,
    values: epilogue.values,
    variesWith: (index, position) => moves[index].has(position),
    slot: (index) => `s${index}`,
    given: (v, group) => (v.kind === "product" ? products[group] : undefined),
  });
  const known: Scope["known"] = new Map();
  const hoist = (open: readonly number[]) => {
    epilogue.values.forEach((v, i) => {
      if (v.kind !== "constant" && !open.some((d) => moves[i].has(d))) f.value(i, 0, { known, vector: undefined, active: 1 });
    });
  };
  const at = (position: number, variable: string, body: () => void) => {
    f.loops.push({ position, variable, block: w.current });
    body();
    f.loops.pop();
  };

  /** Vectors of results, first in column j of row i: through the epilogue, the lanes beyond `columns` left out. */
  const finish = (i: string, j: string, vectors: readonly string[], columns: number, along: number, across: number) => {
    const whole = Math.floor(columns / width);
    w.block("", () => {
      at(across, i, () =>
        at(along, j, () => {
          products = vectors;
          if (whole > 0) f.storeAll(epilogue.stores, whole, { known: new Map(known), vector: along, active: width });
          const rest = columns % width;
          if (rest > 0 && whole < vectors.length)
            f.storeAll(epilogue.stores, whole + 1, { known: new Map(known), vector: along, active: rest }, whole);
        }),
      );
    });
  };

  /** rows × columns of results, from row i and column j on; B from `panel` on, whose rows are `panelRow` bytes apart. */
  const renderTile = (i: string, j: string, rows: number, columns: number, panel: string, panelRow: number) => {
    const vectors = Math.ceil(columns / width);
    const sums = accumulated(tile, rows * vectors, k, (from, to, c) => {
      const [q, x, y] = [w.name("q"), w.name("x"), w.name("y")];
      w.line(`const char *${x} = a + ${i} * ${a.row * bytes}l + ${from} * ${a.column * bytes}l;`);
      w.line(`const char *${y} = ${panel} + ${from} * ${panelRow}l;`);
      w.block(`for (long ${q} = ${from}; ${q} < ${to}; ${q}++, ${x} += ${a.column * bytes}, ${y} += ${panelRow})`, () => {
        const right = Array.from({ length: vectors }, (_, v) => {
          const name = w.name("b");
          w.line(`const ${type} ${name} = LOAD(${type}, ${y} + ${v * width * bytes});`);
          return name;
        });
        for (let r = 0; r < rows; r++) {
          const left = w.name("a");
          w.line(`const ${type} ${left} = splat_${type}(*(const ${scalar} *)(${x} + ${r * a.row * bytes}l));`);
          right.forEach((name, v) => {
            const sum = c[r * vectors + v];
            w.line(`${sum} = fma_${type}(${left}, ${name}, ${sum});`);
          });
        }
      });
    });
    for (let r = 0; r < rows; r++)
      finish(r === 0 ? i : `(${i} + ${r})`, j, sums.slice(r * vectors, (r + 1) * vectors), columns, column, row);
  };

  /** Calls body(i, rows) for the tiles of at most `most` rows. */
  const eachTile = (most: number, count: number, isCut: boolean, body: (i: string, rows: number) => void) => {
    const i = w.name("i");
    const rest = count % most;
    if (isCut) {
      w.line(`long ${i}, end${i};`);
      w.line(`gradus_part(${count}, ${most}, thread, threads, &${i}, &end${i});`);
    } else w.line(`long ${i} = 0;`);
    const end = isCut ? `end${i}` : String(count);
    if (count >= most) w.block(`for (; ${i} + ${most} <= ${end}; ${i} += ${most})`, () => body(i, most));
    if (rest > 0) w.block(isCut ? `if (${i} < ${end})` : "", () => body(i, rest));
  };

  /** A panel of B from column j on, transposed where it does not lie along the columns. */
  const renderPanel = (j: string, columns: number, isCut: boolean) => {
    const rows = rowsOf(m, Math.ceil(columns / width));
    let panel = `(b + ${j} * ${b.column * bytes}l)`;
    let panelRow = b.row * bytes;
    if (b.column !== 1) {
      const across = Math.ceil(columns / width) * width;
      const source = panel;
      panel = w.name("panel");
      panelRow = across * bytes;
      w.line(`_Alignas(64) char ${panel}[${k * panelRow}];`);
      w.line(`turn_${type}(${panel}, ${panelRow}, ${source}, ${b.row * bytes}l, ${b.column * bytes}l, ${k}, ${columns});`);
    }
    eachTile(rows, m, isCut, (i, count) => renderTile(i, j, count, columns, panel, panelRow));
  };

  /** n = 1: each result is a row of A times the vector, as many rows at a time as a vector has lanes, which the epilogue runs along. */
  const renderDots = () => {
    const whole = Math.floor(k / width);
    const rest = k % width;
    eachTile(width, m, divided, (i, rows) => {
      const sums = accumulated(tile, rows, whole, (from, to, c) => {
        const q = w.name("q");
        w.block(`for (long ${q} = ${from}; ${q} < ${to}; ${q}++)`, () => {
          w.line(`const ${type} y = LOAD(${type}, b + ${q} * ${width * bytes}l);`);
          c.forEach((sum, r) => {
            w.line(
              `${sum} = fma_${type}(LOAD(${type}, a + (${i} + ${r}) * ${a.row * bytes}l + ${q} * ${width * bytes}l), y, ${sum});`,
            );
          });
        });
      });
      if (rest > 0) {
        const zero = w.letFirst(type, `(${type}){}`);
        const part = (address: string) => onlyActive(w, lanes, dtype, rest, w.let(type, `LOAD(${type}, ${address})`), zero);
        const y = part(`b + ${whole * width * bytes}l`);
        sums.forEach((sum, r) => {
          w.line(
            `${sum} = fma_${type}(${part(`a + (${i} + ${r}) * ${a.row * bytes}l + ${whole * width * bytes}l`)}, ${y}, ${sum});`,
          );
        });
      }
      const all = [...sums];
      while (all.length < width) all.push(w.letFirst(type, `(${type}){}`));
      finish("0", i, [lanewiseSums(w, lanes, type, all)], rows, row, column);
    });
  };

  const product = () => {
    hoist([row, column]);
    const dots = n === 1 && !swapped && a.column === 1 && b.row === 1 && m > 1;
    if (dots) {
      renderDots();
      return;
    }
    const vectors = Math.ceil(n / width);
    const wide = panelOf(m, vectors) * width;
    if (n <= wide) renderPanel("0", n, divided && m > 1);
    else eachTile(wide, n, divided && m === 1, (j, columns) => renderPanel(j, columns, divided && m > 1));
  };
  const start = (name: string, { slot, offset }: MatrixOperand) => w.line(`const char *${name} = s${slot} + ${offset * bytes}l;`);
  start("a", a);
  start("b", b);
  const level = (depth: number): void => {
    if (depth === batch.length) {
      product();
      return;
    }
    const g = w.name("g");
    w.block(
      `for (long ${g} = 0; ${g} < ${batch[depth]}; ${g}++, a += ${a.batch[depth] * bytes}l, b += ${b.batch[depth] * bytes}l)`,
      () => at(depth, g, () => level(depth + 1)),
    );
    if (depth > 0) w.line(`a -= ${a.batch[depth] * batch[depth] * bytes}l; b -= ${b.batch[depth] * batch[depth] * bytes}l;`);
  };
  level(0);
  return w.text();
}

/** Of as many vectors as each has lanes, the sums of their lanes, in the order of the vectors. */
function lanewiseSums(w: Writer, { width }: Lanes, type: string, list: readonly string[]): string {
  let vectors = list;
  for (let apart = width / 2; apart >= 1; apart /= 2) {
    const low: string[] = [];
    const high: string[] = [];
    for (let l = 0; l < width; l++) {
      // Lanes come in groups of 2·apart, one for each vector already joined; the lower half of a group stays with the first of the two.
      const group = Math.floor(l / (2 * apart)) * 2 * apart;
      const within = l % (2 * apart);
      const from = within < apart ? 0 : width;
      low.push(String(from + group + (within % apart)));
      high.push(String(from + group + (within % apart) + apart));
    }
    vectors = Array.from({ length: apart }, (_, i) => {
      const [x, y] = [vectors[i], vectors[i + apart]];
      const p = w.let(type, `__builtin_shufflevector(${x}, ${y}, ${low.join(", ")})`);
      const q = w.let(type, `__builtin_shufflevector(${x}, ${y}, ${high.join(", ")})`);
      return w.let(type, `${p} + ${q}`);
    });
  }
  return vectors[0];
}
