import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Expression, type FunctionBuilder, ModuleBuilder } from "../assembler.ts";
import { simdAlgebra } from "../simd.ts";
import { type ConvolutionKind, type ConvolutionSpec, convolutionScratchBytes, emitConvolution } from "./convolution.ts";
import { type OutputVector, readSlack } from "./output.ts";

type Tensors = { x: Float64Array; w: Float64Array; y: Float64Array };

const product = (values: readonly number[]) => values.reduce((p, v) => p * v, 1);
const three = (values: readonly number[], filler: number) => [...new Array<number>(3 - values.length).fill(filler), ...values];

/** Calls visit(x index, w index, y index) for every product that the definition sums. */
function eachTerm(spec: ConvolutionSpec, visit: (x: number, w: number, y: number) => void): void {
  const [input, kernel, output] = [three(spec.input, 1), three(spec.kernel, 1), three(spec.output, 1)];
  const [strides, dilation] = [three(spec.strides, 1), three(spec.dilation, 1)];
  const low = three(
    spec.padding.map((p) => p[0]),
    0,
  );
  const perIn = spec.inputChannels / spec.groups;
  const perOut = spec.outputChannels / spec.groups;
  const indices = (sizes: number[]) => {
    const all: number[][] = [];
    for (let a = 0; a < sizes[0]; a++) for (let b = 0; b < sizes[1]; b++) for (let c = 0; c < sizes[2]; c++) all.push([a, b, c]);
    return all;
  };
  for (let n = 0; n < spec.examples; n++) {
    indices(output).forEach((o, oAt) => {
      indices(kernel).forEach((k, kAt) => {
        const p = o.map((v, a) => v * strides[a] + k[a] * dilation[a] - low[a]);
        if (p.some((v, a) => v < 0 || v >= input[a])) return;
        const pAt = (p[0] * input[1] + p[1]) * input[2] + p[2];
        for (let c = 0; c < spec.outputChannels; c++) {
          const group = Math.floor(c / perOut);
          for (let i = 0; i < perIn; i++) {
            visit(
              (n * product(input) + pAt) * spec.inputChannels + group * perIn + i,
              (kAt * perIn + i) * spec.outputChannels + c,
              (n * product(output) + oAt) * spec.outputChannels + c,
            );
          }
        }
      });
    });
  }
}

/** Small integers, so that every order of summation gives the same exact sums. */
function integers(length: number, seed: number): number[] {
  let state = seed * 2654435761 + 12345;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 16) % 9) - 4;
  });
}

type Mode = "plain" | "bias" | "update";
const roles = { forward: ["x", "w", "y"], inputGradient: ["y", "w", "x"], filterGradient: ["x", "y", "w"] } as const;

function check(given: Omit<ConvolutionSpec, "epilogue">, mode: Mode): void {
  const spec: ConvolutionSpec = { ...given, epilogue: mode !== "plain" };
  const [aName, bName, resultName] = roles[spec.kind];
  const sizes = {
    x: spec.examples * product(spec.input) * spec.inputChannels,
    w: product(spec.kernel) * (spec.inputChannels / spec.groups) * spec.outputChannels,
    y: spec.examples * product(spec.output) * spec.outputChannels,
  };
  const columns = spec.kind === "inputGradient" ? spec.inputChannels : spec.outputChannels;
  const bytes = spec.dtype === "float32" ? 4 : 8;
  const lengths = [sizes[aName], sizes[bName], sizes[resultName] + 4, columns, sizes[resultName]];
  const offsets: number[] = [];
  let end = 64;
  for (const length of lengths) {
    offsets.push(end);
    end += (length + 1) * bytes;
  }
  const scratch = Math.ceil(end / 16) * 16;
  const scratchBytes = convolutionScratchBytes(spec);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((scratch + scratchBytes + readSlack) / 65536) });
  const view = (at: number, length: number) => {
    return bytes === 4 ? new Float32Array(memory.buffer, at, length) : new Float64Array(memory.buffer, at, length);
  };
  new Float32Array(memory.buffer).fill(Number.NaN);
  const [a, b, result, bias, state] = offsets.map((at, i) => view(at, lengths[i]));
  a.set(integers(a.length, 1));
  b.set(integers(b.length, 2));
  bias.set(integers(bias.length, 3));
  state.set(integers(state.length, 4));
  const guard = 777;
  result.fill(guard);

  const module = new ModuleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });
  const emit = (f: FunctionBuilder) => {
    const k = simdAlgebra(f, spec.dtype);
    emitConvolution(f, spec, {
      a: offsets[0],
      b: f.local("i32", offsets[1]),
      ...(mode !== "update" && { result: offsets[2] }),
      ...(scratchBytes > 0 && { scratch }),
      ...(mode === "bias" && {
        epilogue: (value: Expression, at: OutputVector) => k.max(k.add(value, at.load(offsets[3], 0, 1)), k.constant(0)),
      }),
      ...(mode === "update" && {
        epilogue: (value: Expression, at: OutputVector): undefined => {
          at.store(offsets[4], columns, 1, k.sub(at.load(offsets[4], columns, 1), k.mul(value, k.constant(2))));
        },
      }),
    });
  };
  module.define("run", [], "void", emit, { export: true });
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } }).exports as {
    run: () => void;
  };

  const tensors: Tensors = { x: new Float64Array(sizes.x), w: new Float64Array(sizes.w), y: new Float64Array(sizes.y) };
  tensors[aName].set(a);
  tensors[bName].set(b);
  const { x, w, y } = tensors;
  eachTerm(spec, (xAt, wAt, yAt) => {
    if (spec.kind === "forward") y[yAt] += x[xAt] * w[wAt];
    else if (spec.kind === "inputGradient") x[xAt] += y[yAt] * w[wAt];
    else w[wAt] += x[xAt] * y[yAt];
  });
  const sums = tensors[resultName];
  const expected = [
    ...Array.from(sums, (v, i) => (mode === "bias" ? Math.max(v + bias[i % columns], 0) : v)),
    guard,
    guard,
    guard,
    guard,
  ];
  const expectedState = Array.from(state, (v, i) => v - 2 * sums[i]);
  run();
  if (mode !== "update") run(); // nothing may be left over from the first run
  if (mode === "update") expect(differences(state, expectedState)).toEqual([]);
  else expect(differences(result, expected)).toEqual([]);
}

/** Where the arrays differ; 0 and -0 are the same number here. */
function differences(actual: ArrayLike<number>, expected: ArrayLike<number>): string[] {
  const result: string[] = [];
  for (let i = 0; i < expected.length; i++)
    if (actual[i] !== expected[i]) result.push(`[${i}]: ${actual[i]}, not ${expected[i]}`);
  return result.slice(0, 5);
}

const kinds: ConvolutionKind[] = ["forward", "inputGradient", "filterGradient"];

const axis = fc
  .record({
    kernel: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    low: fc.integer({ min: -2, max: 5 }),
    high: fc.integer({ min: -2, max: 5 }),
    size: fc.integer({ min: 1, max: 12 }),
  })
  .map((a) => ({ ...a, room: a.size + a.low + a.high - (a.kernel - 1) * a.dilation - 1 }))
  .filter((a) => a.room >= 0)
  .map((a) => ({ ...a, output: Math.floor(a.room / a.stride) + 1 }));

const specs = fc
  .record({
    kind: fc.constantFrom(...kinds),
    dtype: fc.constantFrom("float32" as const, "float64" as const),
    examples: fc.integer({ min: 1, max: 3 }),
    spatial: fc.array(axis, { minLength: 1, maxLength: 3 }),
    groups: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 5 })),
    depthwise: fc.integer({ min: 0, max: 4 }).map((v) => v === 0),
    perIn: fc.integer({ min: 1, max: 6 }),
    perOut: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(8, 11, 17)),
  })
  .map((s) => (s.depthwise ? { ...s, perIn: 1, perOut: 1, groups: s.groups * s.perOut } : s))
  .map(({ kind, dtype, examples, spatial, groups, perIn, perOut }) => ({
    kind,
    dtype,
    examples,
    input: spatial.map((a) => a.size),
    kernel: spatial.map((a) => a.kernel),
    output: spatial.map((a) => a.output),
    inputChannels: perIn * groups,
    outputChannels: perOut * groups,
    strides: spatial.map((a) => a.stride),
    padding: spatial.map((a) => [a.low, a.high] as const),
    dilation: spatial.map((a) => a.dilation),
    groups,
  }))
  .filter((s) => product(s.output) * s.examples * product(s.kernel) * s.inputChannels * s.outputChannels < 400_000);

function plane(
  kind: ConvolutionKind,
  size: number,
  channels: [number, number],
  extra: Partial<ConvolutionSpec> = {},
): ConvolutionSpec {
  return {
    kind,
    dtype: "float32",
    examples: 2,
    input: [size, size],
    kernel: [3, 3],
    output: [size, size],
    inputChannels: channels[0],
    outputChannels: channels[1],
    strides: [1, 1],
    padding: [
      [1, 1],
      [1, 1],
    ],
    dilation: [1, 1],
    groups: 1,
    ...extra,
  };
}

describe.each(kinds)("emitConvolution %s", (kind) => {
  it("equals the definition for any window, channels, groups, dtype and epilogue, and writes nothing else", () => {
    const property = fc.property(specs, fc.constantFrom<Mode>("plain", "bias", "update"), (spec, mode) =>
      check({ ...spec, kind }, mode),
    );
    fc.assert(property, { numRuns: 150, seed: 11 });
  });

  it.each(["plain", "bias", "update"] as const)("is right for the layers of common networks (%s)", (mode) => {
    check(plane(kind, 28, [1, 16]), mode);
    check(plane(kind, 14, [16, 32]), mode);
    check(plane(kind, 7, [8, 8], { examples: 5 }), mode);
    // Single positions: a matrix product.
    const none = [
      [0, 0],
      [0, 0],
    ] as const;
    check(plane(kind, 6, [12, 20], { kernel: [1, 1], padding: none }), mode);
    // Channel by channel.
    check(plane(kind, 9, [13, 13], { groups: 13 }), mode);
    // A stride of two, as where a network halves its images.
    check(plane(kind, 8, [6, 10], { strides: [2, 2], output: [4, 4] }), mode);
    // Filters too large to stay in the cache.
    check(plane(kind, 4, [48, 72], { examples: 1 }), mode);
  });

  it("windows that see only padding give zeros", () => {
    const padding = [
      [3, 3],
      [3, 3],
    ] as const;
    check(plane(kind, 1, [2, 3], { kernel: [1, 1], padding, output: [7, 7] }), "plain");
  });
});
