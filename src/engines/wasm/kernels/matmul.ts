// Matrix products as WebAssembly: C[m, n] = epilogue(Σ A[m, k]·B[k, n]), written for one shape at a time. The output is computed
// in tiles held in registers (tile.ts); what makes the difference is how the operands get there. Operands that a tile can read in
// place are read in place; others are copied into panels, block by block, in the order in which the tiles will read them.
// The blocking follows Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).

import { fail } from "../../../graph/errors.ts";
import { type Expression, type FunctionBuilder, load, type Operand, op, relaxedSimd, select, sum } from "../assembler.ts";
import { balance, dealer, inLast, type Part, share } from "../part.ts";
import { type LaneFormat, laneFormats } from "../simd.ts";
import { accumulateDots } from "./dots.ts";
import { type Epilogue, type OutputVector, outputTile } from "./output.ts";
import { type Panel, packPanel, panelStep } from "./panel.ts";
import { emitOutputTile, multiples, tileVectors } from "./partial-sums.ts";
import { elementAt, stable } from "./tile.ts";

/** Strides of a matrix in elements. */
export interface MatrixLayout {
  readonly row: number;
  readonly column: number;
}

export interface MatmulSpec {
  readonly dtype: "float32" | "float64";
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: MatrixLayout;
  readonly b: MatrixLayout;
  /** Row-major [m, n] if not given. */
  readonly c?: MatrixLayout;
  /** C += A·B: the sum starts from what C holds. */
  readonly accumulate?: boolean;
  /** Most threads among which rows or columns are divided, when each of them runs the code as its part; default 1. */
  readonly threads?: number;
  /** Whether an epilogue will be given: partial sums must then not go through the output. */
  readonly epilogue?: boolean;
  /** Choices that are made by shape unless given; for measuring. */
  readonly tuning?: MatmulTuning;
}

export interface MatmulTuning {
  readonly relaxed?: boolean;
  /** Register tile: rows × vectors. */
  readonly rows?: number;
  readonly vectors?: number;
  readonly packA?: boolean;
  readonly packB?: boolean;
  /** Terms summed before the accumulators are written back. */
  readonly termBlock?: number;
  /** Bytes of packed B. */
  readonly blockBytes?: number;
  readonly unroll?: number;
}

/** Addresses (i32) of the operands. C may be left out when the epilogue stores everything itself. */
export interface MatmulOperands {
  readonly a: Operand;
  readonly b: Operand;
  readonly c?: Operand;
  /** `matmulScratchBytes(spec)` bytes, 16-byte aligned, not shared with anything live; left out when none are needed. */
  readonly scratch?: Operand;
  readonly epilogue?: Epilogue;
  /** The running thread's, where the specification has several. */
  readonly part?: Part | undefined;
}

/** What is decided about a product before code is written. Rows and columns are those of the (possibly transposed) problem. */
interface Plan {
  readonly format: LaneFormat;
  readonly relaxed: boolean;
  /** The problem solved is Cᵀ = Bᵀ·Aᵀ. */
  readonly transposed: boolean;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: MatrixLayout;
  readonly b: MatrixLayout;
  readonly c: MatrixLayout;
  readonly strategy: "dots" | "tiles";
  readonly rows: number;
  readonly vectors: number;
  readonly packA: boolean;
  readonly packB: boolean;
  readonly termBlock: number;
  /** Panels of B that are packed at a time. */
  readonly panelBlock: number;
  readonly unroll: number | undefined;
  readonly partialsInScratch: boolean;
  /** What threads divide. */
  readonly divided: "rows" | "columns";
  /** Panels are packed by each thread for itself, in scratch memory of its own; partial sums come behind that of all threads. */
  readonly packedB: number;
  readonly threadBytes: number;
  readonly partials: number;
  readonly scratchBytes: number;
}

function planMatmul(spec: MatmulSpec): Plan {
  const format = laneFormats[spec.dtype];
  const { lanes, bytes } = format;
  const tuning = spec.tuning ?? {};
  const relaxed = tuning.relaxed ?? relaxedSimd();
  let { m, n, a, b } = spec;
  let c = spec.c ?? { row: n, column: 1 };
  for (const [name, layout] of Object.entries({ A: a, B: b, C: c })) {
    check: if (layout.row < 0 || layout.column < 0) {
      fail(
        "engine",
        `matmul: ${name} has the strides ${layout.row}, ${layout.column}; copy it first, strides must not be negative.`,
      );
    }
  }
  // Lanes run along C's contiguous axis; a single column is contiguous either way, and better off as a row.
  const transposed = n === 1 ? m > 1 : c.column !== 1 && c.row === 1;
  if (transposed) {
    [m, n] = [n, m];
    [a, b] = [
      { row: b.column, column: b.row },
      { row: a.column, column: a.row },
    ];
    c = { row: c.column, column: c.row };
  }
  const { k } = spec;
  const dots = m <= 2 && b.row === 1 && (b.column !== 1 || n === 1) && k >= lanes;
  // V8 keeps about 15 vectors in registers: more accumulators than 8 spill without fused multiply-add.
  const rows = Math.max(1, Math.min(m, tuning.rows ?? 4));
  const vectors = tuning.vectors ?? (rows >= 3 ? 2 : rows === 2 ? 4 : 8);
  const width = vectors * lanes;
  const panels = Math.floor(n / width);
  const packA = dots ? a.column !== 1 : (tuning.packA ?? (a.column !== 1 && k >= 8 && panels >= 3));
  // Rows of B far apart cost more to read in place: they fall on the same few sets of the cache, and each on another page.
  const enoughRows = b.row * bytes >= 1024 ? 8 : 32;
  const packB = !dots && (b.column === 1 ? (tuning.packB ?? (m >= enoughRows && k >= 16 && k * n * bytes > 16384)) : n > 1);
  // Without packing there is nothing to gain from short blocks but accuracy.
  const longest = tuning.termBlock ?? 1024;
  const blocks = dots ? 1 : Math.max(1, Math.ceil(k / longest));
  const termBlock = Math.ceil(k / blocks / 4) * 4;
  const step = panelStep(format, width);
  const panelBlock = packB ? Math.max(1, Math.floor((tuning.blockBytes ?? 262144) / (termBlock * step))) : Math.max(1, panels);

  const packedABytes = packA ? (dots ? m * Math.ceil(k / lanes) * 16 : termBlock * panelStep(format, rows)) : 0;
  const packedBBytes = packB ? (Math.min(panelBlock, panels) * step + panelStep(format, n % width)) * termBlock : 0;
  const partialsInScratch = blocks > 1 && (spec.epilogue === true || c.column !== 1);
  const packedB = packedABytes;
  const threads = spec.threads ?? 1;
  const threadBytes = threads === 1 ? packedB + packedBBytes : Math.ceil((packedB + packedBBytes) / 64) * 64;
  const partials = threadBytes * threads;
  // Rows divided, every thread packs all of B; columns divided, all of A. Packing an element costs about as much as 16 terms.
  const byRows = balance(Math.ceil(m / rows), threads) / (1 + (packB ? 16 / m : 0));
  const byColumns = balance(Math.ceil(n / width), threads) / (1 + (packA ? 16 / n : 0));
  const scratchBytes = partials + (partialsInScratch ? m * panelStep(format, n) : 0);
  return {
    format,
    relaxed,
    transposed,
    m,
    n,
    k,
    a,
    b,
    c,
    strategy: dots ? "dots" : "tiles",
    rows,
    vectors,
    packA,
    packB,
    termBlock,
    panelBlock,
    unroll: tuning.unroll,
    partialsInScratch,
    divided: dots || byColumns > byRows ? "columns" : "rows",
    packedB,
    threadBytes,
    partials,
    scratchBytes,
  };
}

/** Bytes of scratch memory that the product needs; 0 for most small ones. */
export function matmulScratchBytes(spec: MatmulSpec): number {
  return planMatmul(spec).scratchBytes;
}

/** How many parts the product falls into that different threads can do. */
export function matmulUnits(spec: MatmulSpec): number {
  const { divided, m, n, rows, vectors, format } = planMatmul(spec);
  return divided === "rows" ? Math.ceil(m / rows) : Math.ceil(n / (vectors * format.lanes));
}

/**
 * Writes the product into `f`. Throws an engine error when an operand that the specification calls for is missing.
 * The result does not depend on anything but the operands' values and the specification.
 */
export function emitMatmul(f: FunctionBuilder, spec: MatmulSpec, operands: MatmulOperands): void {
  const plan = planMatmul(spec);
  if (plan.m === 0 || plan.n === 0) return;
  check: if (plan.scratchBytes > 0 && operands.scratch === undefined) {
    fail("engine", `matmul ${spec.m}×${spec.k}×${spec.n} needs ${plan.scratchBytes} bytes of scratch memory and was given none.`);
  }
  check: if (operands.epilogue !== undefined && spec.epilogue !== true)
    fail("engine", "matmul: an epilogue was given but not announced in the spec.");
  check: if (operands.c === undefined && (operands.epilogue === undefined || spec.accumulate))
    fail("engine", "matmul: no output was given.");
  const [a, b] = plan.transposed ? [operands.b, operands.a] : [operands.a, operands.b];
  f.scoped(() => {
    const { part, scratch = 0 } = operands;
    const own = part && plan.threadBytes > 0 ? f.let(sum(scratch, op("i32.mul", part.thread, plan.threadBytes))) : scratch;
    const partials = sum(scratch, plan.partials);
    const job: Job = { f, plan, spec, operands, a, b, part, scratch: own, partials };
    if (plan.strategy === "dots") emitDots(job);
    else emitBlocks(job);
  });
}

interface Job {
  readonly f: FunctionBuilder;
  readonly plan: Plan;
  readonly spec: MatmulSpec;
  readonly operands: MatmulOperands;
  readonly a: Operand;
  readonly b: Operand;
  readonly part: Part | undefined;
  /** This thread's. */
  readonly scratch: Operand;
  readonly partials: Expression;
}

/** Finishes one vector of C. */
function finish({ plan, operands }: Job, value: Expression, at: OutputVector): void {
  const result = operands.epilogue === undefined ? value : operands.epilogue(value, at);
  if (result === undefined) return;
  check: if (operands.c === undefined) fail("engine", "matmul: the epilogue returned a value, but no output was given.");
  const { row, column } = plan.transposed ? { row: plan.c.column, column: plan.c.row } : plan.c;
  at.store(operands.c, row, column, result);
}

/** What the sums start from: C, where it is accumulated into. */
function startingValue({ plan, operands }: Job, at: OutputVector): Expression {
  const { row, column } = plan.transposed ? { row: plan.c.column, column: plan.c.row } : plan.c;
  return at.load(operands.c ?? 0, row, column);
}

// Dot products ------------------------------------------------------------------------------------------------------------

/** Few rows against contiguous columns: every element a dot product along the reduction. */
function emitDots(job: Job): void {
  const { f, plan } = job;
  const { format, relaxed, transposed, m, n, k, a, b, packA } = plan;
  const { bytes, lanes } = format;
  let source = stable(f, sum(job.a, 0));
  let aRow = a.row * bytes;
  if (packA) {
    aRow = Math.ceil(k / lanes) * 16;
    const [loadOne, storeOne] =
      bytes === 4 ? (["v128.load32_zero", "v128.store32_lane"] as const) : (["v128.load64_zero", "v128.store64_lane"] as const);
    for (let r = 0; r < m; r++) {
      const from = f.let(sum(source, r * a.row * bytes));
      const to = f.let(sum(job.scratch, r * aRow));
      f.repeat(
        k,
        [
          [to, bytes],
          [from, a.column * bytes],
        ],
        () => f.storeLane(storeOne, to, load(loadOne, from), 0),
      );
    }
    source = stable(f, sum(job.scratch, 0));
  }
  const group = m === 1 ? 8 : 4;
  // Every element is summed in the same order wherever it stands: a product whose rows an epilogue cuts into several keeps its bits.
  const splits = m * n >= 4 ? 1 : 4;
  // Columns left over that are too few to keep the adders busy join the last group.
  let rest = n % group;
  if (m * rest > 0 && m * rest < 4 && n > group) rest += group;
  const columns = (count: number, j: Operand) =>
    f.scoped(() => {
      const dots = accumulateDots(f, {
        format,
        relaxed,
        rows: m,
        columns: count,
        a: source,
        aRow,
        b: elementAt(job.b, j, b.column * bytes),
        bColumn: b.column * bytes,
        terms: k,
        splits,
      });
      const vectorAt = outputTile(f, format, 0, j, transposed);
      const vectors = Math.ceil(count / lanes);
      for (let r = 0; r < m; r++) {
        for (let v = 0; v < vectors; v++) {
          const at = vectorAt(r, v * lanes, Math.min(lanes, count - v * lanes));
          const value = dots[r * vectors + v];
          const add = format.bytes === 4 ? "f32x4.add" : "f64x2.add";
          finish(job, job.spec.accumulate ? f.let(op(add, startingValue(job, at), value)) : value, at);
        }
      }
    });
  const whole = (n - rest) / group;
  if (job.part === undefined) f.forLoop(0, whole * group, group, (j) => columns(group, j));
  else {
    // What is left over is the last thread's last unit.
    const { from, to } = share(f, job.part, rest > 0 ? whole + 1 : whole);
    const end = f.let(op("i32.mul", minimum(to, whole), group));
    f.forLoop(op("i32.mul", from, group), end, group, (j) => columns(group, j));
  }
  if (rest > 0) inLast(f, job.part, () => columns(rest, whole * group));
}

// Register tiles ----------------------------------------------------------------------------------------------------------

/** The part of the reduction that is summed at once; counts are expressions when there are several such parts. */
interface TermBlock {
  /** First term, and how many. */
  readonly from: Operand;
  readonly count: Operand;
  /** Conditions; undefined when there is only one block. */
  readonly isFirst?: Expression;
  readonly isLast?: Expression;
}

function emitBlocks(job: Job): void {
  const { f, plan } = job;
  const { format, n, k, vectors, packB, termBlock, panelBlock } = plan;
  const width = vectors * format.lanes;
  const panels = Math.floor(n / width);
  const remainder = n % width;

  const range = plan.divided === "columns" && job.part ? share(f, job.part, panels) : undefined;
  const inTermBlock = (terms: TermBlock) => {
    if (range !== undefined) {
      const blocks = (panel: Expression) => {
        const left = f.let(op("i32.sub", range.to, panel));
        const count = packB ? f.let(minimum(left, panelBlock)) : left;
        emitColumns(job, terms, f.let(op("i32.mul", panel, width)), count, false);
      };
      if (packB) f.forLoop(range.from, range.to, panelBlock, blocks);
      else blocks(range.from);
      if (remainder > 0) inLast(f, job.part, () => emitColumns(job, terms, panels * width, 0, true));
      return;
    }
    if (!packB || panels <= panelBlock) {
      emitColumns(job, terms, 0, panels, remainder > 0);
      return;
    }
    f.forLoop(0, panels, panelBlock, (panel) => {
      const left = f.let(op("i32.sub", panels, panel));
      const count = f.let(minimum(left, panelBlock));
      emitColumns(job, terms, f.let(op("i32.mul", panel, width)), count, false);
    });
    if (remainder > 0) emitColumns(job, terms, panels * width, 0, true);
  };

  if (k <= termBlock) {
    inTermBlock({ from: 0, count: k });
    return;
  }
  f.forLoop(0, k, termBlock, (from) => {
    const left = f.let(op("i32.sub", k, from));
    inTermBlock({
      from,
      count: f.let(minimum(left, termBlock)),
      isFirst: op("i32.eqz", from),
      isLast: op("i32.le_s", left, termBlock),
    });
  });
}

function minimum(value: Expression, limit: number): Expression {
  return select(op("i32.lt_s", value, limit), value, limit);
}

/** The tiles of all rows in the columns from `column` on: `panels` whole panels, then perhaps the remaining columns. */
function emitColumns(job: Job, terms: TermBlock, column: Operand, panels: Operand, withRemainder: boolean): void {
  const { f, plan } = job;
  const { format, m, n, a, b, rows, vectors, packA, packB } = plan;
  const { bytes, lanes } = format;
  const width = vectors * lanes;
  const remainder = withRemainder ? n % width : 0;
  const packedB = sum(job.scratch, plan.packedB);
  const wholePanel = f.let(op("i32.mul", terms.count, width * bytes));
  const remainderColumn = sum(column, op("i32.mul", panels, width));

  /** Address of element [from, j] of B. */
  const inB = (j: Operand) => sum(elementAt(elementAt(job.b, terms.from, b.row * bytes), j, b.column * bytes));
  if (packB) {
    const panel = (j: Operand, target: Expression, columns: number): Panel => ({
      format,
      source: inB(j),
      laneStep: b.column * bytes,
      termStep: b.row * bytes,
      width: columns,
      terms: terms.count,
      target,
    });
    f.forLoop(0, panels, 1, (p) =>
      f.scoped(() =>
        packPanel(f, panel(sum(column, op("i32.mul", p, width)), sum(packedB, op("i32.mul", p, wholePanel)), width)),
      ),
    );
    if (remainder > 0) {
      f.scoped(() => packPanel(f, panel(remainderColumn, sum(packedB, op("i32.mul", panels, wholePanel)), remainder)));
    }
  }

  const rowTile = (count: number, i: Operand) =>
    f.scoped(() => {
      let source: Expression = stable(f, elementAt(elementAt(job.a, i, a.row * bytes), terms.from, a.column * bytes));
      let [aRow, aStep] = [a.row * bytes, a.column * bytes];
      if (packA) {
        const target = sum(job.scratch, 0);
        f.scoped(() =>
          packPanel(f, { format, source, laneStep: aRow, termStep: aStep, width: count, terms: terms.count, target }),
        );
        source = stable(f, target);
        [aRow, aStep] = [bytes, panelStep(format, count)];
      }
      const tile = (j: Operand, packed: Expression, columns: number) => {
        const operands = packB
          ? { b: packed, bStep: panelStep(format, columns) }
          : { b: stable(f, inB(j)), bStep: b.row * bytes };
        emitTile(job, terms, { rows: count, columns, row: i, column: j, a: source, aRow, aStep, ...operands });
      };
      f.forLoop(0, panels, 1, (p) =>
        f.scoped(() => tile(sum(column, op("i32.mul", p, width)), sum(packedB, op("i32.mul", p, wholePanel)), width)),
      );
      if (remainder > 0) f.scoped(() => tile(remainderColumn, sum(packedB, op("i32.mul", panels, wholePanel)), remainder));
    });
  const wholeRows = m - (m % rows);
  const deal = dealer(f, plan.divided === "rows" ? job.part : undefined);
  f.forLoop(0, wholeRows, rows, (i) => deal(() => rowTile(rows, i)));
  if (m % rows > 0) deal(() => rowTile(m % rows, wholeRows));
}

interface TileJob {
  readonly rows: number;
  /** At most vectors · lanes; the last vector may be partly outside the matrix. */
  readonly columns: number;
  readonly row: Operand;
  readonly column: Operand;
  readonly a: Expression;
  readonly aRow: number;
  readonly aStep: number;
  readonly b: Expression;
  readonly bStep: number;
}

function emitTile(job: Job, terms: TermBlock, tile: TileJob): void {
  const { f, plan, spec, operands } = job;
  const { format, relaxed, transposed, n } = plan;
  const column = stable(f, sum(tile.column));
  // Partial sums go where the output will be, unless something there is still needed or the output is not laid out for it.
  const layout = plan.partialsInScratch ? { row: panelStep(format, n) / format.bytes, column: 1 } : plan.c;
  const { isFirst, isLast } = terms;
  emitOutputTile(f, {
    tile: {
      format,
      relaxed,
      vectors: Math.ceil(tile.columns / format.lanes),
      a: tile.a,
      aRows: multiples(tile.rows, tile.aRow),
      b: tile.b,
      reduction: [{ count: terms.count, aStep: tile.aStep, bStep: tile.bStep }],
      ...(plan.unroll && { unroll: plan.unroll }),
    },
    vectors: tileVectors(multiples(tile.rows, 1), tile.columns, format.lanes),
    output: () => outputTile(f, format, tile.row, column, transposed),
    blocks:
      isFirst && isLast
        ? {
            isFirst,
            isLast,
            sums: plan.partialsInScratch ? job.partials : (operands.c ?? 0),
            rowStride: transposed ? layout.column : layout.row,
            columnStride: transposed ? layout.row : layout.column,
          }
        : undefined,
    start: spec.accumulate ? (at) => startingValue(job, at) : undefined,
    finish: (value, at) => finish(job, value, at),
  });
}
