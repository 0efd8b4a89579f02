import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Expression, type FunctionBuilder, ModuleBuilder, op, splatConstant } from "../assembler.ts";
import { simdAlgebra } from "../simd.ts";
import { emitMatmul, type MatmulSpec, type MatrixLayout, matmulScratchBytes } from "./matmul.ts";
import { type Epilogue, type OutputVector, readSlack } from "./output.ts";

interface Case {
  readonly spec: MatmulSpec;
  /** Bias [n] (mode "bias"), an array updated in place (mode "update"), or nothing. */
  readonly mode: "plain" | "bias" | "update";
}

/** Elements that a matrix of this layout spans. */
function span(rows: number, columns: number, { row, column }: MatrixLayout): number {
  return rows === 0 || columns === 0 ? 0 : (rows - 1) * row + (columns - 1) * column + 1;
}

/** Small integers, so that every order of summation gives the same exact sums. */
function integers(length: number, seed: number): number[] {
  let state = seed * 2654435761 + 12345;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 16) % 9) - 4;
  });
}

const guard = 777;

/** Runs the product in WebAssembly and compares every element, and everything around the output, with a triple loop. */
function check({ spec, mode }: Case): void {
  const { dtype, m, n, k, a, b, accumulate } = spec;
  const c = spec.c ?? { row: n, column: 1 };
  const bytes = dtype === "float32" ? 4 : 8;
  const sizes = [span(m, k, a), span(k, n, b), span(m, n, c) + 8, n, m * n];
  const offsets: number[] = [];
  let end = 64;
  for (const size of sizes) {
    offsets.push(end);
    end += size * bytes + bytes; // odd multiples of the element size: nothing may depend on alignment
  }
  const scratch = Math.ceil(end / 16) * 16;
  const scratchBytes = matmulScratchBytes(spec);
  end = scratch + scratchBytes;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((end + 64 + readSlack) / 65536) });
  const [inA, inB, inC, inBias, inState] = offsets.map((at, i) => {
    return dtype === "float32" ? new Float32Array(memory.buffer, at, sizes[i]) : odd(memory.buffer, at, sizes[i]);
  });

  const module = new ModuleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });
  module.define(
    "run",
    [],
    "void",
    (f) => {
      emitMatmul(f, spec, {
        a: offsets[0],
        b: f.local("i32", offsets[1]),
        ...(mode !== "update" && { c: offsets[2] }),
        ...(scratchBytes > 0 && { scratch }),
        ...(mode === "bias" && { epilogue: biasRelu(f, dtype, offsets[3]) }),
        ...(mode === "update" && { epilogue: updateInPlace(f, dtype, offsets[4], n) }),
      });
    },
    { export: true },
  );
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } }).exports as {
    run: () => void;
  };

  const fill = (view: Float32Array | Float64Array, seed: number) => view.set(integers(view.length, seed));
  // Memory that does not belong to the operands holds NaN: reading it is allowed, using it is not.
  const all = new Float32Array(memory.buffer);
  all.fill(Number.NaN);
  fill(inA, 1);
  fill(inB, 2);
  fill(inBias, 3);
  fill(inState, 4);
  inC.fill(guard);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) inC[i * c.row + j * c.column] = (i * 3 + j) % 5;
  const before = Float64Array.from(inC);
  const state = Float64Array.from(inState);

  const expected = Float64Array.from(before);
  const expectedState = Float64Array.from(state);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let total = accumulate ? before[i * c.row + j * c.column] : 0;
      for (let p = 0; p < k; p++) total += inA[i * a.row + p * a.column] * inB[p * b.row + j * b.column];
      if (mode === "bias") total = Math.max(total + inBias[j], 0);
      if (mode === "update") expectedState[i * n + j] -= 2 * total;
      else expected[i * c.row + j * c.column] = total;
    }
  }
  run();
  // A second run must find the same answer: nothing may be left over from the first.
  if (mode !== "update" && !accumulate) run();
  expect(differences(inC, expected)).toEqual([]);
  expect(differences(inState, expectedState)).toEqual([]);
}

/** Where the arrays differ; 0 and -0 are the same number here. */
function differences(actual: ArrayLike<number>, expected: ArrayLike<number>): string[] {
  const result: string[] = [];
  for (let i = 0; i < expected.length; i++)
    if (actual[i] !== expected[i]) result.push(`[${i}]: ${actual[i]}, not ${expected[i]}`);
  return result.slice(0, 5);
}

/** A Float64Array at an address that is a multiple of 8. */
function odd(buffer: ArrayBuffer, at: number, length: number): Float64Array {
  if (at % 8 !== 0) throw new Error(`address ${at} is not a multiple of 8`);
  return new Float64Array(buffer, at, length);
}

function biasRelu(f: FunctionBuilder, dtype: "float32" | "float64", bias: number): Epilogue {
  const k = simdAlgebra(f, dtype);
  return (value, at) => k.max(k.add(value, at.load(bias, 0, 1)), k.constant(0));
}

/** state -= 2·value, without an output: what an optimizer does with a gradient. */
function updateInPlace(f: FunctionBuilder, dtype: "float32" | "float64", state: number, n: number) {
  const k = simdAlgebra(f, dtype);
  return (value: Expression, at: OutputVector): undefined => {
    at.store(state, n, 1, k.sub(at.load(state, n, 1), k.mul(value, k.constant(2))));
  };
}

const rowMajor = (_rows: number, columns: number): MatrixLayout => ({ row: columns, column: 1 });
const columnMajor = (rows: number): MatrixLayout => ({ row: 1, column: rows });

function plain(m: number, n: number, k: number, extra: Partial<MatmulSpec> = {}): MatmulSpec {
  return { dtype: "float32", m, n, k, a: rowMajor(m, k), b: rowMajor(k, n), ...extra };
}

const layouts = (rows: number, columns: number): fc.Arbitrary<MatrixLayout> =>
  fc.oneof(
    fc.constant(rowMajor(rows, columns)),
    fc.constant(columnMajor(rows)),
    fc.nat(3).map((extra) => ({ row: columns + extra, column: 1 })),
    fc.nat(3).map((extra) => ({ row: 1, column: rows + extra })),
    fc.constant({ row: 2 * columns, column: 2 }),
  );
const broadcastable = (rows: number, columns: number) =>
  fc.oneof(
    { weight: 5, arbitrary: layouts(rows, columns) },
    fc.constant({ row: 0, column: 1 }),
    fc.constant({ row: 1, column: 0 }),
  );

const cases = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }), fc.oneof(fc.nat(10), fc.nat(70)))
  .chain(([m, n, k]) =>
    fc.record({
      mode: fc.constantFrom("plain", "bias", "update"),
      spec: fc
        .record({
          dtype: fc.constantFrom("float32", "float64"),
          m: fc.constant(m),
          n: fc.constant(n),
          k: fc.constant(k),
          a: broadcastable(m, k),
          b: broadcastable(k, n),
          c: fc.oneof(fc.constant(undefined), layouts(m, n)),
          accumulate: fc.boolean(),
          tuning: fc.record(
            {
              rows: fc.constantFrom(1, 2, 3, 4, 6),
              vectors: fc.constantFrom(1, 2, 3, 4),
              packA: fc.boolean(),
              packB: fc.boolean(),
              termBlock: fc.constantFrom(4, 16, 64),
              blockBytes: fc.constantFrom(1, 2048, 100_000),
            },
            { requiredKeys: [] },
          ),
        })
        .map(({ c, ...rest }) => ({ ...rest, ...(c && { c }) })),
    }),
  )
  .map(
    ({ mode, spec }): Case => ({
      mode,
      spec: { ...spec, epilogue: mode !== "plain", accumulate: mode === "update" ? false : spec.accumulate },
    }),
  );

describe("emitMatmul", () => {
  it("equals the triple loop for any shape, layout, dtype, epilogue and blocking, and writes nothing else", () => {
    fc.assert(fc.property(cases, check), { numRuns: 400, seed: 7 });
  });

  const shapes: [m: number, k: number, n: number][] = [
    [1, 1, 1],
    [4, 2, 8],
    [64, 2, 32],
    [1, 784, 128],
    [1, 100, 1],
    [101, 100, 1],
    [100, 1001, 1],
    [64, 784, 128],
    [64, 128, 10],
    [5, 3000, 7],
    [36, 2049, 40],
    [33, 17, 300],
    [3, 5, 70],
    [2, 0, 9],
    [7, 1, 9],
  ];
  it.each(shapes)("is right for the shape %i×%i×%i, plain and with transposed operands", (m, k, n) => {
    for (const mode of ["plain", "bias", "update"] as const) {
      const epilogue = mode !== "plain";
      check({ mode, spec: plain(m, n, k, { epilogue }) });
      check({ mode, spec: plain(m, n, k, { epilogue, a: columnMajor(m) }) });
      check({ mode, spec: plain(m, n, k, { epilogue, b: columnMajor(k) }) });
      check({ mode, spec: plain(m, n, k, { epilogue, a: columnMajor(m), b: columnMajor(k), dtype: "float64" }) });
    }
  });

  it("sums in the order that its specification fixes: the same bits every time", () => {
    const spec = plain(9, 11, 100);
    const bytes = (x: Float32Array) => [...new Uint32Array(x.buffer, x.byteOffset, x.length)];
    const results = [0, 1].map(() => {
      const module = new ModuleBuilder({ memory: { pages: 2, export: "memory" } });
      module.define("run", [], "void", (f) => emitMatmul(f, spec, { a: 0, b: 4096, c: 65536, scratch: 80000 }), { export: true });
      const { run, memory } = new WebAssembly.Instance(new WebAssembly.Module(module.finish())).exports as {
        run: () => void;
        memory: WebAssembly.Memory;
      };
      const all = new Float32Array(memory.buffer);
      for (let i = 0; i < 16384; i++) all[i] = Math.sin(i);
      run();
      return bytes(new Float32Array(memory.buffer, 65536, 99));
    });
    expect(results[0]).toEqual(results[1]);
  });

  it("sums every element in the same order wherever it stands, among however many of its kind", () => {
    for (const dtype of ["float32", "float64"] as const) {
      // A matrix and a vector, two rows and contiguous columns, tiles: of many columns or rows, and of the first `n` of them.
      for (const [m, k, first] of [
        [1, 101, 4],
        [2, 101, 2],
        [3, 101, 2],
      ]) {
        const resultOf = (n: number) => {
          const module = new ModuleBuilder({ memory: { pages: 2, export: "memory" } });
          const spec: MatmulSpec = { ...plain(m, n, k, { b: columnMajor(k) }), dtype };
          module.define("run", [], "void", (f) => emitMatmul(f, spec, { a: 0, b: 4096, c: 65536, scratch: 80000 }), {
            export: true,
          });
          const { run, memory } = new WebAssembly.Instance(new WebAssembly.Module(module.finish())).exports as {
            run: () => void;
            memory: WebAssembly.Memory;
          };
          const all = dtype === "float32" ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
          for (let i = 0; i < 65536 / all.BYTES_PER_ELEMENT; i++) all[i] = Math.sin(i * i);
          run();
          const at = 65536 / all.BYTES_PER_ELEMENT;
          return Array.from({ length: m }, (_, i) => [...all.slice(at + i * n, at + (i + 1) * n)]);
        };
        const many = resultOf(45);
        for (let n = first; n < 45; n++) expect(resultOf(n), `${m}×${k}×${n}`).toEqual(many.map((row) => row.slice(0, n)));
      }
    }
  });

  it("float64 sums have float64 accuracy", () => {
    const module = new ModuleBuilder({ memory: { pages: 4, export: "memory" } });
    const spec: MatmulSpec = { ...plain(8, 8, 500), dtype: "float64" };
    module.define("run", [], "void", (f) => emitMatmul(f, spec, { a: 0, b: 65536, c: 131072, scratch: 139264 }), {
      export: true,
    });
    const { run, memory } = new WebAssembly.Instance(new WebAssembly.Module(module.finish())).exports as {
      run: () => void;
      memory: WebAssembly.Memory;
    };
    const [a, b, c] = [0, 65536, 131072].map((at) => new Float64Array(memory.buffer, at, 4000));
    for (let i = 0; i < 4000; i++) {
      a[i] = Math.sin(i);
      b[i] = Math.cos(i);
    }
    run();
    let exact = 0;
    for (let p = 0; p < 500; p++) exact += a[3 * 500 + p] * b[p * 8 + 5];
    expect(Math.abs(c[3 * 8 + 5] - exact)).toBeLessThan(1e-13);
  });

  it("says what is missing", () => {
    const emit = (spec: MatmulSpec, operands: Partial<Parameters<typeof emitMatmul>[2]>) => () => {
      new ModuleBuilder().define("f", [], "void", (f) => emitMatmul(f, spec, { a: 0, b: 0, ...operands }));
    };
    expect(emit(plain(64, 64, 64, { b: columnMajor(64) }), { c: 0 })).toThrow(/needs \d+ bytes of scratch/);
    expect(emit(plain(4, 4, 4), {})).toThrow(/no output/);
    expect(emit(plain(4, 4, 4), { c: 0, epilogue: (v) => v })).toThrow(/not announced/);
    expect(emit(plain(4, 4, 4, { a: { row: -4, column: 1 } }), { c: 0 })).toThrow(/A has the strides -4, 1/);
    expect(emit(plain(4, 4, 4, { epilogue: true }), { epilogue: () => op("f32x4.neg", splatConstant("f32x4", 1)) })).toThrow(
      /no output/,
    );
  });
});
