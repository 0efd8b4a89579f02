// Matrix products of known, small size as C written for just that size: a register tile that runs over the operands where they lie,
// with the epilogue done on the accumulators. What the runtime library does for large products (packing, blocking for caches) costs more
// than it brings here. Products with a vector are here at every size: they are bound by reading the matrix once.

import { fail } from "../../graph/errors.ts";
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

/** Rounds from which on a tile's loop counts for more than what comes before and after it. */
const manyRounds = 24;

/** Rows of a tile that is `vectors` wide: as many as registers hold, which hides most; where rounds are few those that leave no rest. */
function rowsOf(m: number, vectors: number, rounds: number): number {
  const most = vectors === 1 ? 8 : vectors === 2 ? 6 : vectors === 3 ? 4 : vectors === 4 ? 3 : vectors <= 6 ? 2 : 1;
  const least = Math.max(1, Math.ceil(most / 2));
  if (m <= most) return m;
  if (rounds >= manyRounds) return most;
  for (let r = most; r >= least; r--) if (m % r === 0) return r;
  return most;
}

/** Vectors of a panel for so many rows and vectors in all. */
function panelOf(m: number, vectors: number): number {
  const most = m === 1 ? 13 : m <= 3 ? 4 : 2;
  const panels = Math.ceil(vectors / most);
  return Math.ceil(vectors / panels);
}

/** What threads share out: whole products of a batch, panels of columns, or tiles of rows. */
type Cut = "batch" | "columns" | "rows";

interface Cutting {
  readonly cut: Cut;
  /** Vectors of a panel. */
  readonly panel: number;
}

/**
 * How busy threads are that share out so many, cut at multiples of `grain` as gradus_part does it: 1 when all have as much; the mean of
 * two and of four threads.
 */
function busy(count: number, grain: number): number {
  const units = Math.ceil(count / grain);
  const share = (threads: number) => {
    let most = 0;
    for (let t = 0; t < threads; t++) {
      const [from, to] = [t, t + 1].map((i) => Math.min(count, Math.floor((units * i) / threads) * grain));
      most = Math.max(most, to - from);
    }
    return count / (most * threads);
  };
  return (share(2) + share(4)) / 2;
}

/** Whether a product is computed as dots of rows with a vector. */
function isDots({ m, n, a, b, swapped }: Oriented): boolean {
  return n === 1 && !swapped && a.column === 1 && b.row === 1 && m > 1;
}

/**
 * How threads divide a product; undefined: there is only one unit of anything. What is divided must be so in every case: where each
 * thread did all of it, an epilogue that updates in place would be done more than once.
 */
function cuttingOf(kernel: MatmulKernel, width: number): Cutting | undefined {
  const at = oriented(kernel);
  const vectors = Math.ceil(at.n / width);
  const usual = panelOf(at.m, vectors);
  const batch = kernel.batch.reduce((product, extent) => product * extent, 1);
  const cuts: { readonly cut: Cut; readonly panel: number; readonly count: number; readonly grain: number }[] = [
    { cut: "batch", panel: usual, count: batch, grain: 1 },
  ];
  if (isDots(at)) cuts.push({ cut: "rows", panel: usual, count: at.m, grain: width });
  else {
    // A single row has wide panels: of narrower ones there is one for each thread.
    for (let panel = usual; panel >= Math.min(usual, 3); panel--)
      cuts.push({ cut: "columns", panel, count: vectors, grain: panel });
    cuts.push({ cut: "rows", panel: usual, count: at.m, grain: rowsOf(at.m, usual, kernel.k) });
  }
  // Of equally good ones the first: it reads and turns operands the fewest times.
  let best: (typeof cuts)[number] | undefined;
  for (const cut of cuts) {
    if (cut.count <= cut.grain) continue;
    if (best === undefined || busy(cut.count, cut.grain) > busy(best.count, best.grain) + 0.03) best = cut;
  }
  return best;
}

/** Whether threads can divide a small product. */
export function smallDivides(kernel: MatmulKernel, target: Target): boolean {
  return cuttingOf(kernel, widthOf(kernel, target)) !== undefined;
}

const widthOf = (kernel: MatmulKernel, target: Target) =>
  epilogueLanes(target, kernel.epilogue ?? plain(kernel), kernel.dtype).width;

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

/** The body of the product's function, of slots s0, s1 …; `divided`: with `thread` and `threads`, each doing its part. */
export function renderSmallProduct(kernel: MatmulKernel, target: Target, divided: boolean): string {
  const { batch, dtype, k } = kernel;
  const { m, n, a, b, swapped } = oriented(kernel);
  const epilogue = kernel.epilogue ?? plain(kernel);
  const lanes = epilogueLanes(target, epilogue, dtype);
  const { width } = lanes;
  const cutting = divided ? (cuttingOf(kernel, width) ?? fail("engine", `native: ${kernel.name} cannot be divided.`)) : undefined;
  const cut = cutting?.cut;
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
          w.line(`${type} ${name} = LOAD(${type}, ${y} + ${v * width * bytes});${rows > 1 ? ` KEEP(${name});` : ""}`);
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
  const renderPanel = (j: string, columns: number) => {
    const rows = rowsOf(m, Math.ceil(columns / width), k);
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
    eachTile(rows, m, cut === "rows", (i, count) => renderTile(i, j, count, columns, panel, panelRow));
  };

  /** n = 1: each result is a row of A times the vector, as many rows at a time as a vector has lanes, which the epilogue runs along. */
  const renderDots = () => {
    const whole = Math.floor(k / width);
    const rest = k % width;
    eachTile(width, m, cut === "rows", (i, rows) => {
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
    if (isDots({ m, n, a, b, swapped })) {
      renderDots();
      return;
    }
    const wide = (cutting?.panel ?? panelOf(m, Math.ceil(n / width))) * width;
    if (n <= wide) renderPanel("0", n);
    else eachTile(wide, n, cut === "columns", renderPanel);
  };
  const start = (name: string, { slot, offset }: MatrixOperand) => w.line(`const char *${name} = s${slot} + ${offset * bytes}l;`);
  start("a", a);
  start("b", b);
  /** Moves to a matrix of the batch. */
  const move = (depth: number, by: string) => {
    for (const [name, { batch: strides }] of [
      ["a", a],
      ["b", b],
    ] as const)
      if (strides[depth] !== 0) w.line(`${name} += ${by} * ${strides[depth] * bytes}l;`);
  };
  const level = (depth: number): void => {
    if (depth === batch.length) {
      product();
      return;
    }
    const g = w.name("g");
    w.block(`for (long ${g} = 0; ${g} < ${batch[depth]}; ${g}++)`, () => {
      at(depth, g, () => level(depth + 1));
      move(depth, "1");
    });
    if (depth > 0) move(depth, `-${batch[depth]}l`);
  };
  /** The products of the batch that are this thread's, one after the other. */
  const shared = () => {
    w.line("long one, end;");
    w.line(`gradus_part(${batch.reduce((product, extent) => product * extent, 1)}, 1, thread, threads, &one, &end);`);
    w.line("const char *const firstA = a, *const firstB = b;");
    w.block("for (; one < end; one++)", () => {
      w.line("a = firstA; b = firstB;");
      let inner = 1;
      const variables = batch.map(() => "");
      for (let d = batch.length - 1; d >= 0; d--) {
        variables[d] = w.let("long", `one / ${inner} % ${batch[d]}`);
        inner *= batch[d];
        move(d, variables[d]);
      }
      const enter = (depth: number): void => {
        if (depth === batch.length) product();
        else at(depth, variables[depth], () => enter(depth + 1));
      };
      w.block("", () => enter(0));
    });
  };
  if (cut === "batch") shared();
  else level(0);
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
