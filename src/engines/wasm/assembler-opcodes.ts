// The WebAssembly instructions Gradus emits, under their names in the text format, with what each takes and gives.
// Instructions that follow each other in the binary encoding stand in one line; "-" marks a code that is not assigned, or not needed.
// Source: WebAssembly Core Specification 2.0, index of instructions; threads and relaxed-SIMD proposals.

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** Immediate operands that follow the opcode: memory (align, offset), lane index, both, or 16 shuffle indices. */
export type Immediate = "none" | "memory" | "lane" | "memoryLane" | "shuffle";

export interface Opcode {
  /** 0 for a single-byte instruction, else the byte that opens its family: 0xfc, 0xfd (SIMD), 0xfe (atomics). */
  readonly prefix: number;
  readonly code: number;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | "void";
  readonly immediate: Immediate;
  /** Bytes accessed by a memory instruction (a power of two); else 0. */
  readonly bytes: number;
  /** Lanes that a lane index chooses from; else 0. */
  readonly lanes: number;
}

type Words<S extends string> = S extends `${infer Head} ${infer Tail}` ? Head | Words<Tail> : S;
type Family<T extends string, S extends string> = Record<`${T}.${Exclude<Words<S>, "-">}`, Opcode>;

const letters: Record<string, ValueType> = { i: "i32", l: "i64", f: "f32", d: "f64", v: "v128" };

interface Shape {
  readonly prefix?: number;
  readonly immediate?: Immediate;
  readonly bytes?: number;
  readonly lanes?: number;
}

/** Instructions `prefix.name` with consecutive codes from `first`; `signature` is "parameters:result" in letters i l f d v. */
function family<T extends string, S extends string>(type: T, first: number, signature: string, names: S, shape: Shape = {}) {
  const [parameters, result] = signature.split(":");
  const entries = names.split(" ").map((name, i): [string, Opcode] => [
    `${type}.${name}`,
    {
      prefix: shape.prefix ?? 0,
      code: first + i,
      parameters: [...parameters].map((letter) => letters[letter]),
      result: result === "" ? "void" : letters[result],
      immediate: shape.immediate ?? "none",
      bytes: shape.bytes ?? 0,
      lanes: shape.lanes ?? 0,
    },
  ]);
  return Object.fromEntries(entries.filter(([name]) => !name.endsWith(".-"))) as Family<T, S>;
}

const memory = (bytes: number): Shape => ({ immediate: "memory", bytes });

const scalar = () => ({
  ...family("i32", 0x28, "i:i", "load", memory(4)),
  ...family("f32", 0x2a, "i:f", "load", memory(4)),
  ...family("f64", 0x2b, "i:d", "load", memory(8)),
  ...family("i32", 0x2d, "i:i", "load8_u", memory(1)),
  ...family("i32", 0x36, "ii:", "store", memory(4)),
  ...family("f32", 0x38, "if:", "store", memory(4)),
  ...family("f64", 0x39, "id:", "store", memory(8)),
  ...family("i32", 0x3a, "ii:", "store8", memory(1)),

  ...family("i32", 0x45, "i:i", "eqz"),
  ...family("i32", 0x46, "ii:i", "eq ne lt_s lt_u gt_s - le_s - ge_s ge_u"),
  ...family("f32", 0x5b, "ff:i", "eq ne lt gt le ge"),
  ...family("f64", 0x61, "dd:i", "eq ne lt gt le ge"),
  ...family("i32", 0x6a, "ii:i", "add sub mul - div_u - rem_u and or xor shl shr_s shr_u"),
  ...family("f32", 0x8b, "f:f", "abs neg ceil floor trunc nearest sqrt"),
  ...family("f32", 0x92, "ff:f", "add sub mul div min max"),
  ...family("f64", 0x99, "d:d", "abs neg ceil floor trunc nearest sqrt"),
  ...family("f64", 0xa0, "dd:d", "add sub mul div min max"),
});

const simd = { prefix: 0xfd };
const simdMemory = (bytes: number): Shape => ({ ...simd, ...memory(bytes) });
const simdLane = (lanes: number): Shape => ({ ...simd, immediate: "lane", lanes });
const simdMemoryLane = (bytes: number): Shape => ({ ...simd, immediate: "memoryLane", bytes, lanes: 16 / bytes });

const vector = () => ({
  ...family("v128", 0x00, "i:v", "load", simdMemory(16)),
  ...family("v128", 0x08, "i:v", "load16_splat", simdMemory(2)),
  ...family("v128", 0x09, "i:v", "load32_splat", simdMemory(4)),
  ...family("v128", 0x0a, "i:v", "load64_splat", simdMemory(8)),
  ...family("v128", 0x0b, "iv:", "store", simdMemory(16)),
  ...family("v128", 0x56, "iv:v", "load32_lane", simdMemoryLane(4)),
  ...family("v128", 0x57, "iv:v", "load64_lane", simdMemoryLane(8)),
  ...family("v128", 0x58, "iv:", "store8_lane", simdMemoryLane(1)),
  ...family("v128", 0x59, "iv:", "store16_lane", simdMemoryLane(2)),
  ...family("v128", 0x5a, "iv:", "store32_lane", simdMemoryLane(4)),
  ...family("v128", 0x5b, "iv:", "store64_lane", simdMemoryLane(8)),
  ...family("v128", 0x5c, "i:v", "load32_zero", simdMemory(4)),
  ...family("v128", 0x5d, "i:v", "load64_zero", simdMemory(8)),

  ...family("i8x16", 0x0d, "vv:v", "shuffle", { ...simd, immediate: "shuffle" }),
  ...family("i32x4", 0x11, "i:v", "splat", simd),
  ...family("f32x4", 0x13, "f:v", "splat", simd),
  ...family("f64x2", 0x14, "d:v", "splat", simd),
  ...family("i32x4", 0x1b, "v:i", "extract_lane", simdLane(4)),
  ...family("i32x4", 0x1c, "vi:v", "replace_lane", simdLane(4)),
  ...family("f32x4", 0x1f, "v:f", "extract_lane", simdLane(4)),
  ...family("f64x2", 0x21, "v:d", "extract_lane", simdLane(2)),

  ...family("i32x4", 0x37, "vv:v", "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u", simd),
  ...family("f32x4", 0x41, "vv:v", "eq ne lt gt le ge", simd),
  ...family("f64x2", 0x47, "vv:v", "eq ne lt gt le ge", simd),
  ...family("v128", 0x4d, "v:v", "not", simd),
  ...family("v128", 0x4e, "vv:v", "and andnot or xor", simd),
  ...family("v128", 0x52, "vvv:v", "bitselect", simd),
  ...family("f32x4", 0x5e, "v:v", "demote_f64x2_zero", simd),
  ...family("f64x2", 0x5f, "v:v", "promote_low_f32x4", simd),

  ...family("i8x16", 0x66, "vv:v", "narrow_i16x8_u", simd),
  ...family("f32x4", 0x67, "v:v", "ceil floor trunc nearest", simd),
  ...family("f64x2", 0x74, "v:v", "ceil floor", simd),
  ...family("f64x2", 0x7a, "v:v", "trunc", simd),
  ...family("i16x8", 0x86, "vv:v", "narrow_i32x4_u", simd),
  ...family("i16x8", 0x89, "v:v", "extend_low_i8x16_u", simd),
  ...family("f64x2", 0x94, "v:v", "nearest", simd),

  ...family("i32x4", 0xa0, "v:v", "abs neg", simd),
  ...family("i32x4", 0xa9, "v:v", "extend_low_i16x8_u", simd),
  ...family("i32x4", 0xab, "vi:v", "shl shr_s shr_u", simd),
  ...family("i32x4", 0xae, "vv:v", "add - - sub - - - mul min_s min_u max_s max_u", simd),
  ...family("i64x2", 0xc7, "v:v", "extend_low_i32x4_s", simd),
  ...family("i64x2", 0xcb, "vi:v", "shl shr_s shr_u", simd),

  ...family("f32x4", 0xe0, "v:v", "abs neg - sqrt", simd),
  ...family("f32x4", 0xe4, "vv:v", "add sub mul div min max pmin pmax", simd),
  ...family("f64x2", 0xec, "v:v", "abs neg - sqrt", simd),
  ...family("f64x2", 0xf0, "vv:v", "add sub mul div min max pmin pmax", simd),
  ...family("i32x4", 0xf8, "v:v", "trunc_sat_f32x4_s", simd),
  ...family("f32x4", 0xfa, "v:v", "convert_i32x4_s", simd),
  ...family("i32x4", 0xfc, "v:v", "trunc_sat_f64x2_s_zero", simd),
  ...family("f64x2", 0xfe, "v:v", "convert_low_i32x4_s", simd),
});

/** Relaxed SIMD: not in every runtime; ask `relaxedSimd()` first. */
const relaxed = () => ({
  ...family("f32x4", 0x105, "vvv:v", "relaxed_madd", simd),
  ...family("f64x2", 0x107, "vvv:v", "relaxed_madd", simd),
});

const atomic = (bytes: number): Shape => ({ prefix: 0xfe, ...memory(bytes) });

/** Threads: valid on shared memory only as far as `wait` goes. Atomic accesses must state their natural alignment. */
const atomics = () => ({
  ...family("memory.atomic", 0x00, "ii:i", "notify", atomic(4)),
  ...family("memory.atomic", 0x01, "iil:i", "wait32", atomic(4)),
  ...family("i32.atomic", 0x10, "i:i", "load", atomic(4)),
  ...family("i32.atomic", 0x17, "ii:", "store", atomic(4)),
  ...family("i32.atomic.rmw", 0x1e, "ii:i", "add", atomic(4)),
});

const all = () => ({ ...scalar(), ...vector(), ...relaxed(), ...atomics() });

export type OpcodeName = keyof ReturnType<typeof all>;

let table: Readonly<Record<OpcodeName, Opcode>> | undefined;

/**
 * Every instruction by its name in the text format. Control flow, locals, constants and calls are in the builders. The table is made
 * when first asked for: programs that compile nothing need not wait for it.
 */
export function opcodes(): Readonly<Record<OpcodeName, Opcode>> {
  table ??= all();
  return table;
}

/** The byte of a value type in the binary format. */
export const valueTypeCode: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
