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

const scalar = {
  ...family("i32", 0x28, "i:i", "load", memory(4)),
  ...family("i64", 0x29, "i:l", "load", memory(8)),
  ...family("f32", 0x2a, "i:f", "load", memory(4)),
  ...family("f64", 0x2b, "i:d", "load", memory(8)),
  ...family("i32", 0x2c, "i:i", "load8_s load8_u", memory(1)),
  ...family("i32", 0x2e, "i:i", "load16_s load16_u", memory(2)),
  ...family("i64", 0x34, "i:l", "load32_s load32_u", memory(4)),
  ...family("i32", 0x36, "ii:", "store", memory(4)),
  ...family("i64", 0x37, "il:", "store", memory(8)),
  ...family("f32", 0x38, "if:", "store", memory(4)),
  ...family("f64", 0x39, "id:", "store", memory(8)),
  ...family("i32", 0x3a, "ii:", "store8", memory(1)),
  ...family("i32", 0x3b, "ii:", "store16", memory(2)),
  ...family("i64", 0x3e, "il:", "store32", memory(4)),

  ...family("i32", 0x45, "i:i", "eqz"),
  ...family("i32", 0x46, "ii:i", "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u"),
  ...family("i64", 0x50, "l:i", "eqz"),
  ...family("i64", 0x51, "ll:i", "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u"),
  ...family("f32", 0x5b, "ff:i", "eq ne lt gt le ge"),
  ...family("f64", 0x61, "dd:i", "eq ne lt gt le ge"),
  ...family("i32", 0x67, "i:i", "clz ctz popcnt"),
  ...family("i32", 0x6a, "ii:i", "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr"),
  ...family("i64", 0x79, "l:l", "clz ctz popcnt"),
  ...family("i64", 0x7c, "ll:l", "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr"),
  ...family("f32", 0x8b, "f:f", "abs neg ceil floor trunc nearest sqrt"),
  ...family("f32", 0x92, "ff:f", "add sub mul div min max copysign"),
  ...family("f64", 0x99, "d:d", "abs neg ceil floor trunc nearest sqrt"),
  ...family("f64", 0xa0, "dd:d", "add sub mul div min max copysign"),

  ...family("i32", 0xa7, "l:i", "wrap_i64"),
  ...family("i64", 0xac, "i:l", "extend_i32_s extend_i32_u"),
  ...family("f32", 0xb2, "i:f", "convert_i32_s convert_i32_u"),
  ...family("f32", 0xb4, "l:f", "convert_i64_s convert_i64_u"),
  ...family("f32", 0xb6, "d:f", "demote_f64"),
  ...family("f64", 0xb7, "i:d", "convert_i32_s convert_i32_u"),
  ...family("f64", 0xb9, "l:d", "convert_i64_s convert_i64_u"),
  ...family("f64", 0xbb, "f:d", "promote_f32"),
  ...family("i32", 0xbc, "f:i", "reinterpret_f32"),
  ...family("i64", 0xbd, "d:l", "reinterpret_f64"),
  ...family("f32", 0xbe, "i:f", "reinterpret_i32"),
  ...family("f64", 0xbf, "l:d", "reinterpret_i64"),
  ...family("i32", 0xc0, "i:i", "extend8_s extend16_s"),

  ...family("i32", 0, "f:i", "trunc_sat_f32_s trunc_sat_f32_u", { prefix: 0xfc }),
  ...family("i32", 2, "d:i", "trunc_sat_f64_s trunc_sat_f64_u", { prefix: 0xfc }),
  ...family("i64", 4, "f:l", "trunc_sat_f32_s trunc_sat_f32_u", { prefix: 0xfc }),
  ...family("i64", 6, "d:l", "trunc_sat_f64_s trunc_sat_f64_u", { prefix: 0xfc }),
};

const simd = { prefix: 0xfd };
const simdMemory = (bytes: number): Shape => ({ ...simd, ...memory(bytes) });
const simdLane = (lanes: number): Shape => ({ ...simd, immediate: "lane", lanes });
const simdMemoryLane = (bytes: number): Shape => ({ ...simd, immediate: "memoryLane", bytes, lanes: 16 / bytes });

const vector = {
  ...family("v128", 0x00, "i:v", "load", simdMemory(16)),
  ...family("v128", 0x01, "i:v", "load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u", simdMemory(8)),
  ...family("v128", 0x07, "i:v", "load8_splat", simdMemory(1)),
  ...family("v128", 0x08, "i:v", "load16_splat", simdMemory(2)),
  ...family("v128", 0x09, "i:v", "load32_splat", simdMemory(4)),
  ...family("v128", 0x0a, "i:v", "load64_splat", simdMemory(8)),
  ...family("v128", 0x0b, "iv:", "store", simdMemory(16)),
  ...family("v128", 0x54, "iv:v", "load8_lane", simdMemoryLane(1)),
  ...family("v128", 0x55, "iv:v", "load16_lane", simdMemoryLane(2)),
  ...family("v128", 0x56, "iv:v", "load32_lane", simdMemoryLane(4)),
  ...family("v128", 0x57, "iv:v", "load64_lane", simdMemoryLane(8)),
  ...family("v128", 0x58, "iv:", "store8_lane", simdMemoryLane(1)),
  ...family("v128", 0x59, "iv:", "store16_lane", simdMemoryLane(2)),
  ...family("v128", 0x5a, "iv:", "store32_lane", simdMemoryLane(4)),
  ...family("v128", 0x5b, "iv:", "store64_lane", simdMemoryLane(8)),
  ...family("v128", 0x5c, "i:v", "load32_zero", simdMemory(4)),
  ...family("v128", 0x5d, "i:v", "load64_zero", simdMemory(8)),

  ...family("i8x16", 0x0d, "vv:v", "shuffle", { ...simd, immediate: "shuffle" }),
  ...family("i8x16", 0x0e, "vv:v", "swizzle", simd),
  ...family("i8x16", 0x0f, "i:v", "splat", simd),
  ...family("i16x8", 0x10, "i:v", "splat", simd),
  ...family("i32x4", 0x11, "i:v", "splat", simd),
  ...family("i64x2", 0x12, "l:v", "splat", simd),
  ...family("f32x4", 0x13, "f:v", "splat", simd),
  ...family("f64x2", 0x14, "d:v", "splat", simd),
  ...family("i8x16", 0x15, "v:i", "extract_lane_s extract_lane_u", simdLane(16)),
  ...family("i8x16", 0x17, "vi:v", "replace_lane", simdLane(16)),
  ...family("i16x8", 0x18, "v:i", "extract_lane_s extract_lane_u", simdLane(8)),
  ...family("i16x8", 0x1a, "vi:v", "replace_lane", simdLane(8)),
  ...family("i32x4", 0x1b, "v:i", "extract_lane", simdLane(4)),
  ...family("i32x4", 0x1c, "vi:v", "replace_lane", simdLane(4)),
  ...family("i64x2", 0x1d, "v:l", "extract_lane", simdLane(2)),
  ...family("i64x2", 0x1e, "vl:v", "replace_lane", simdLane(2)),
  ...family("f32x4", 0x1f, "v:f", "extract_lane", simdLane(4)),
  ...family("f32x4", 0x20, "vf:v", "replace_lane", simdLane(4)),
  ...family("f64x2", 0x21, "v:d", "extract_lane", simdLane(2)),
  ...family("f64x2", 0x22, "vd:v", "replace_lane", simdLane(2)),

  ...family("i32x4", 0x37, "vv:v", "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u", simd),
  ...family("f32x4", 0x41, "vv:v", "eq ne lt gt le ge", simd),
  ...family("f64x2", 0x47, "vv:v", "eq ne lt gt le ge", simd),
  ...family("v128", 0x4d, "v:v", "not", simd),
  ...family("v128", 0x4e, "vv:v", "and andnot or xor", simd),
  ...family("v128", 0x52, "vvv:v", "bitselect", simd),
  ...family("v128", 0x53, "v:i", "any_true", simd),
  ...family("f32x4", 0x5e, "v:v", "demote_f64x2_zero", simd),
  ...family("f64x2", 0x5f, "v:v", "promote_low_f32x4", simd),

  ...family("i8x16", 0x63, "v:i", "all_true bitmask", simd),
  ...family("i8x16", 0x65, "vv:v", "narrow_i16x8_s narrow_i16x8_u", simd),
  ...family("f32x4", 0x67, "v:v", "ceil floor trunc nearest", simd),
  ...family("i8x16", 0x6b, "vi:v", "shl shr_s shr_u", simd),
  ...family("i8x16", 0x6e, "vv:v", "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u", simd),
  ...family("f64x2", 0x74, "v:v", "ceil floor", simd),
  ...family("i8x16", 0x76, "vv:v", "min_s min_u max_s max_u", simd),
  ...family("f64x2", 0x7a, "v:v", "trunc", simd),
  ...family("i8x16", 0x7b, "vv:v", "avgr_u", simd),
  ...family("i16x8", 0x7c, "v:v", "extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u", simd),
  ...family("i32x4", 0x7e, "v:v", "extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u", simd),

  ...family("i16x8", 0x82, "vv:v", "q15mulr_sat_s", simd),
  ...family("i16x8", 0x83, "v:i", "all_true bitmask", simd),
  ...family("i16x8", 0x85, "vv:v", "narrow_i32x4_s narrow_i32x4_u", simd),
  ...family("i16x8", 0x87, "v:v", "extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u", simd),
  ...family("i16x8", 0x8b, "vi:v", "shl shr_s shr_u", simd),
  ...family("i16x8", 0x8e, "vv:v", "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u", simd),
  ...family("f64x2", 0x94, "v:v", "nearest", simd),
  ...family("i16x8", 0x9c, "vv:v", "extmul_low_i8x16_s extmul_high_i8x16_s extmul_low_i8x16_u extmul_high_i8x16_u", simd),

  ...family("i32x4", 0xa0, "v:v", "abs neg", simd),
  ...family("i32x4", 0xa3, "v:i", "all_true bitmask", simd),
  ...family("i32x4", 0xa7, "v:v", "extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u", simd),
  ...family("i32x4", 0xab, "vi:v", "shl shr_s shr_u", simd),
  ...family("i32x4", 0xae, "vv:v", "add - - sub - - - mul min_s min_u max_s max_u dot_i16x8_s", simd),
  ...family("i32x4", 0xbc, "vv:v", "extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u", simd),

  ...family("i64x2", 0xc0, "v:v", "abs neg", simd),
  ...family("i64x2", 0xc3, "v:i", "all_true bitmask", simd),
  ...family("i64x2", 0xc7, "v:v", "extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u", simd),
  ...family("i64x2", 0xcb, "vi:v", "shl shr_s shr_u", simd),
  ...family("i64x2", 0xce, "vv:v", "add - - sub - - - mul eq ne lt_s gt_s le_s ge_s", simd),
  ...family("i64x2", 0xdc, "vv:v", "extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u", simd),

  ...family("f32x4", 0xe0, "v:v", "abs neg - sqrt", simd),
  ...family("f32x4", 0xe4, "vv:v", "add sub mul div min max pmin pmax", simd),
  ...family("f64x2", 0xec, "v:v", "abs neg - sqrt", simd),
  ...family("f64x2", 0xf0, "vv:v", "add sub mul div min max pmin pmax", simd),
  ...family("i32x4", 0xf8, "v:v", "trunc_sat_f32x4_s trunc_sat_f32x4_u", simd),
  ...family("f32x4", 0xfa, "v:v", "convert_i32x4_s convert_i32x4_u", simd),
  ...family("i32x4", 0xfc, "v:v", "trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero", simd),
  ...family("f64x2", 0xfe, "v:v", "convert_low_i32x4_s convert_low_i32x4_u", simd),
};

/** Relaxed SIMD: not in every runtime; ask `relaxedSimd()` first. */
const relaxed = {
  ...family("f32x4", 0x105, "vvv:v", "relaxed_madd", simd),
  ...family("f64x2", 0x107, "vvv:v", "relaxed_madd", simd),
};

const atomic = (bytes: number): Shape => ({ prefix: 0xfe, ...memory(bytes) });

/** Threads: valid on shared memory only as far as `wait` goes. Atomic accesses must state their natural alignment. */
const atomics = {
  ...family("memory.atomic", 0x00, "ii:i", "notify", atomic(4)),
  ...family("memory.atomic", 0x01, "iil:i", "wait32", atomic(4)),
  ...family("i32.atomic", 0x10, "i:i", "load", atomic(4)),
  ...family("i32.atomic", 0x17, "ii:", "store", atomic(4)),
  ...family("i32.atomic.rmw", 0x1e, "ii:i", "add", atomic(4)),
  ...family("i32.atomic.rmw", 0x25, "ii:i", "sub", atomic(4)),
  ...family("i32.atomic.rmw", 0x2c, "ii:i", "and", atomic(4)),
  ...family("i32.atomic.rmw", 0x33, "ii:i", "or", atomic(4)),
  ...family("i32.atomic.rmw", 0x41, "ii:i", "xchg", atomic(4)),
  ...family("i32.atomic.rmw", 0x48, "iii:i", "cmpxchg", atomic(4)),
};

const table = { ...scalar, ...vector, ...relaxed, ...atomics };

export type OpcodeName = keyof typeof table;

/** Every instruction by its name in the text format. Control flow, locals, constants and calls are in the builders. */
export const opcodes: Readonly<Record<OpcodeName, Opcode>> = table;

/** The byte of a value type in the binary format. */
export const valueTypeCode: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
