// What every generated unit starts with: vector types of the target's width, and the few operations on them that C has no operator for.
//
// Types are named by a letter for how many lanes there are and one for what they hold. `n`: as many as float32 fills a vector with;
// `w`: as many as float64 does, half of that. f float32, d float64, i int32, l int64, u uint32. A mask is an integer vector of ones or
// zeros, as wide as what was compared.

import type { Target } from "./target.ts";

/** A vector type of the prelude. */
export type VectorType = "nf" | "ni" | "wf" | "wi" | "wd" | "wl";

const list = (n: number, item: (l: number) => string) => Array.from({ length: n }, (_, l) => item(l)).join(", ");

const elements = { f: "float", i: "int", d: "double", l: "long long", u: "unsigned", m: "unsigned long long" } as const;

/** Suffixes of x86 builtins by bytes of the vector and element. */
function builtin(name: string, bytes: number, element: "f" | "d"): string {
  return `__builtin_ia32_${name}${element === "f" ? "ps" : "pd"}${bytes === 32 ? "256" : ""}`;
}

/** Rounding modes of the x86 instruction, without exceptions, and the functions of C that round one number. */
const roundings = { floor: [9, "floor"], ceil: [10, "ceil"], trunc: [11, "trunc"], nearest: [8, "rint"] } as const;

function floatHelpers(target: Target, letter: "n" | "w", element: "f" | "d", lanes: number): string {
  const type = `${letter}${element}`;
  const mask = element === "f" ? `${letter}i` : "wl";
  const bytes = lanes * (element === "f" ? 4 : 8);
  const suffix = element === "f" ? "f" : "";
  const isX86 = target.name === "avx2" && bytes >= 16;
  const lines: string[] = [];
  const define = (name: string, parameters: string, body: string) =>
    lines.push(`static inline ${type} ${name}_${type}(${parameters}) { ${body} }`);
  const scalar = element === "f" ? "float" : "double";
  define("splat", `${scalar} x`, `return (${type}){${list(lanes, () => "x")}};`);
  const each = (call: (x: string) => string) => `${type} r; for (int l = 0; l < ${lanes}; l++) r[l] = ${call("[l]")}; return r;`;
  define("select", `${mask} m, ${type} a, ${type} b`, `return (${type})((m & (${mask})a) | (~m & (${mask})b));`);
  // x86: the second operand where one is NaN or both are zeros.
  const max = isX86 ? `${builtin("max", bytes, element)}(a, b)` : `select_${type}(a > b, a, b)`;
  const min = isX86 ? `${builtin("min", bytes, element)}(a, b)` : `select_${type}(a < b, a, b)`;
  define("above", `${type} a, ${type} b`, `return ${max};`);
  define("below", `${type} a, ${type} b`, `return ${min};`);
  if (target.name === "neon") {
    // The instruction has the rules for NaNs and zeros that are wanted here.
    const lane = `${lanes}${element === "f" ? "s" : "d"}`;
    for (const name of ["max", "min"]) {
      const instruction = `__asm__("f${name} %0.${lane}, %1.${lane}, %2.${lane}" : "=w"(r) : "w"(a), "w"(b));`;
      define(name, `${type} a, ${type} b`, `${type} r; ${instruction} return r;`);
    }
  } else {
    // Both ways round they differ only in NaNs and in the signs of zeros.
    define(
      "max",
      `${type} a, ${type} b`,
      `${type} p = above_${type}(a, b), q = above_${type}(b, a); ${mask} d = (${mask})p ^ (${mask})q; return (${type})((${mask})p | d) - (${type})d;`,
    );
    define(
      "min",
      `${type} a, ${type} b`,
      `${type} p = below_${type}(a, b), q = below_${type}(b, a); return (${type})((${mask})p | (${mask})q);`,
    );
  }
  const elementwise = (name: string, x86: string, one: string, operands = ["x"]) => {
    const parameters = operands.map((o) => `${type} ${o}`).join(", ");
    const loop = each((l) => `__builtin_${one}${suffix}(${operands.map((o) => `${o}${l}`).join(", ")})`);
    // Of vectors of 128 bits, without AVX2, some instructions are there from SSE4.1 on.
    const first = target.name === "generic" && bytes === 16 ? "defined(__SSE4_1__) && " : "";
    if (!isX86 && first === "") define(name, parameters, loop);
    else {
      lines.push(`#if ${first}__has_builtin(${x86.slice(0, x86.indexOf("("))})`);
      define(name, parameters, `return ${x86};`);
      lines.push("#else");
      define(name, parameters, loop);
      lines.push("#endif");
    }
  };
  elementwise("sqrt", `${builtin("sqrt", bytes, element)}(x)`, "sqrt");
  for (const [name, [mode, one]] of Object.entries(roundings))
    elementwise(name, `${builtin("round", bytes, element)}(x, ${mode})`, one);
  if (!target.fma) define("fma", `${type} a, ${type} b, ${type} c`, "return a * b + c;");
  else elementwise("fma", `${builtin("vfmadd", bytes, element)}(a, b, c)`, "fma", ["a", "b", "c"]);
  return lines.join("\n");
}

function integerHelpers(letter: "n" | "w", lanes: number): string {
  const type = `${letter}i`;
  return `static inline ${type} splat_${type}(int x) { return (${type}){${list(lanes, () => "x")}}; }
static inline ${type} select_${type}(${type} m, ${type} a, ${type} b) { return (m & a) | (~m & b); }
static inline ${type} max_${type}(${type} a, ${type} b) { return select_${type}(a > b, a, b); }
static inline ${type} min_${type}(${type} a, ${type} b) { return select_${type}(a < b, a, b); }
static inline ${type} integers_${letter}f(${letter}f x) {
  ${type} in = (x < 2147483648.0f) & (x >= -2147483648.0f);
  ${type} r = __builtin_convertvector((${letter}f)((${type})x & in), ${type});
  return (r & in) | ((x >= 2147483648.0f) & 2147483647) | ((x < -2147483648.0f) & (-2147483647 - 1));
}`;
}

/** Booleans: bytes 0 or 1 in memory, masks in registers. */
function booleanHelpers(target: Target, letter: "n" | "w", lanes: number): string {
  const mask = letter === "n" ? "ni" : "wl";
  const word = lanes === 8 ? "long long" : lanes === 4 ? "int" : "short";
  const slow = [
    `static inline ${mask} load_bool_${letter}(const void *p) { const unsigned char *c = p; return -(${mask}){${list(lanes, (l) => `c[${l}]`)}}; }`,
    "#if defined(__clang__)",
    `static inline void store_bool_${letter}(void *p, ${mask} m) { typedef char bytes __attribute__((vector_size(${lanes}))); bytes c = __builtin_convertvector(m & 1, bytes); __builtin_memcpy(p, &c, ${lanes}); }`,
    "#else",
    `static inline void store_bool_${letter}(void *p, ${mask} m) { unsigned char *c = p; ${Array.from({ length: lanes }, (_, l) => `c[${l}] = m[${l}] & 1;`).join(" ")} }`,
    "#endif",
  ];
  if (target.name !== "avx2") return slow.join("\n");
  const extend = letter === "n" ? "__builtin_ia32_pmovzxbd256" : "__builtin_ia32_pmovzxbq256";
  const low =
    letter === "n" ? "v4si a = __builtin_shufflevector(m, m, 0, 1, 2, 3), b = __builtin_shufflevector(m, m, 4, 5, 6, 7)" : "";
  const packed =
    letter === "n"
      ? `${low}; v8hi s = __builtin_ia32_packssdw128(a, b)`
      : "wi n = __builtin_convertvector(m, wi); v8hi s = __builtin_ia32_packssdw128(n, n)";
  return `#if __has_builtin(${extend}) && __has_builtin(__builtin_ia32_packssdw128)
static inline ${mask} load_bool_${letter}(const void *p) {
  ${word} bytes; __builtin_memcpy(&bytes, p, sizeof bytes);
  return -(${mask})${extend}((v16qi)(v2di){bytes, 0});
}
static inline void store_bool_${letter}(void *p, ${mask} m) {
  ${packed};
  v2di c = (v2di)((v16qi)__builtin_ia32_packsswb128(s, s) & 1);
  ${word} bytes = (${word})c[0]; __builtin_memcpy(p, &bytes, sizeof bytes);
}
#else
${slow.join("\n")}
#endif`;
}

/**
 * turn_T: to[q][l] = from[q · fromRow + l · fromColumn] for `rounds` q and `columns` l, any numbers up to a whole vector; strides in bytes. Where `from` is
 * contiguous along q it goes by square blocks: half of each vector changes places with its partner's, then quarters, and so on.
 */
function turning(type: VectorType, scalar: string, lanes: number, bytes: number): string {
  const swaps: string[] = [];
  for (let apart = lanes / 2; apart >= 1; apart /= 2) {
    const pick = (offset: number) =>
      list(lanes, (l) => {
        const within = l % (2 * apart);
        return String((within < apart ? 0 : lanes) + l - within + (within % apart) + offset);
      });
    for (let i = 0; i < lanes; i++) {
      if (i % (2 * apart) >= apart) continue;
      swaps.push(
        `{ ${type} p = x${i}, q = x${i + apart}; x${i} = __builtin_shufflevector(p, q, ${pick(0)}); x${i + apart} = __builtin_shufflevector(p, q, ${pick(apart)}); }`,
      );
    }
  }
  const each = (line: (l: number) => string) => Array.from({ length: lanes }, (_, l) => line(l)).join(" ");
  return `__attribute__((noinline, unused)) static void turn_${type}(char *to, long toRow, const char *from, long fromRow, long fromColumn, long rounds, long columns) {
  for (long c = 0; c < columns; c += ${lanes}, to += ${lanes * bytes}, from += ${lanes} * fromColumn) {
    long q = 0, here = columns - c < ${lanes} ? columns - c : ${lanes};
    if (fromRow == ${bytes})
      for (; q + ${lanes} <= rounds; q += ${lanes}) {
        const char *p = from + q * ${bytes};
        char *r = to + q * toRow;
        ${type} ${list(lanes, (l) => `x${l} = LOAD(${type}, p + (${l} < here ? ${l} : 0) * fromColumn)`)};
        ${swaps.join("\n        ")}
        ${each((l) => `STORE(${type}, r + ${l} * toRow, x${l});`)}
      }
    for (; q < rounds; q++)
      for (long l = 0; l < ${lanes}; l++)
        ((${scalar} *)(to + q * toRow))[l] = l < here ? *(const ${scalar} *)(from + q * fromRow + l * fromColumn) : 0;
  }
}`;
}

/** SELECT(type of the mask, mask, a, b): in each lane a where the mask is set, else b. */
function selection(target: Target): string {
  const general = "#define SELECT(mask, m, a, b) ((__typeof__((a) + 0))((m & (mask)(a)) | (~m & (mask)(b))))";
  if (target.name !== "avx2") return general;
  return `#if __has_builtin(__builtin_ia32_blendvps256) && __has_builtin(__builtin_ia32_blendvpd256) && __has_builtin(__builtin_ia32_blendvps)
#define SELECT(mask, m, a, b) ((__typeof__((a) + 0))BLEND_##mask(m, a, b))
#define BLEND_ni(m, a, b) __builtin_ia32_blendvps256((nf)(b), (nf)(a), (nf)(m))
#define BLEND_wl(m, a, b) __builtin_ia32_blendvpd256((wd)(b), (wd)(a), (wd)(m))
#define BLEND_wi(m, a, b) __builtin_ia32_blendvps((wf)(b), (wf)(a), (wf)(m))
#else
${general}
#endif`;
}

/** Of `count` indices: any_within: whether one is in from ..< from + extent; all_within: whether all are. */
function places(lanes: number): string {
  const helper = (name: string, start: string, combine: string) =>
    `__attribute__((unused)) static inline int ${name}(const int *index, long count, unsigned from, unsigned extent) {
  ni found = {};
  found -= ${start};
  long i = 0;
  for (; i + ${lanes} <= count; i += ${lanes}) found ${combine} (ni)(LOAD(nu, index + i) - from < extent);
  int all = ${start};
  for (int l = 0; l < ${lanes}; l++) all ${combine} found[l] != 0;
  for (; i < count; i++) all ${combine} (unsigned)index[i] - from < extent;
  return all;
}`;
  return [helper("any_within", "0", "|="), helper("all_within", "1", "&=")].join("\n");
}

/** The text for a target. */
export function prelude(target: Target): string {
  const { floatLanes, doubleLanes } = target;
  const types: string[] = [];
  const type = (name: string, element: keyof typeof elements, lanes: number) => {
    const bytes = lanes * ("dlm".includes(element) ? 8 : 4);
    types.push(`typedef ${elements[element]} ${name} __attribute__((vector_size(${bytes})));`);
    types.push(`typedef ${elements[element]} ${name}_at __attribute__((vector_size(${bytes}), aligned(1), may_alias));`);
  };
  type("nf", "f", floatLanes);
  type("ni", "i", floatLanes);
  type("nu", "u", floatLanes);
  type("wf", "f", doubleLanes);
  type("wi", "i", doubleLanes);
  type("wu", "u", doubleLanes);
  type("wd", "d", doubleLanes);
  type("wl", "l", doubleLanes);
  type("wul", "m", doubleLanes);
  return [
    "#ifndef __has_builtin\n#define __has_builtin(x) 0\n#endif",
    "typedef char *gradus_address;",
    "typedef int v4si __attribute__((vector_size(16)));",
    "typedef short v8hi __attribute__((vector_size(16)));",
    "typedef char v16qi __attribute__((vector_size(16)));",
    "typedef long long v2di __attribute__((vector_size(16)));",
    ...types,
    "#define LOAD(type, p) (*(const type##_at *)(p))",
    // A vector that several multiply-adds read is loaded once: GCC would have each load it again.
    `#if defined(__x86_64__) || defined(__i386__)
#define KEEP(x) __asm__("" : "+x"(x))
#elif defined(__aarch64__)
#define KEEP(x) __asm__("" : "+w"(x))
#else
#define KEEP(x) (void)0
#endif`,
    selection(target),
    "#define STORE(type, p, x) (*(type##_at *)(p) = (x))",
    floatHelpers(target, "n", "f", floatLanes),
    floatHelpers(target, "w", "f", doubleLanes),
    floatHelpers(target, "w", "d", doubleLanes),
    integerHelpers("n", floatLanes),
    integerHelpers("w", doubleLanes),
    `static inline wi integers_wd(wd x) {
  wl in = (x < 2147483648.0) & (x > -2147483649.0);
  wi r = __builtin_convertvector((wd)((wl)x & in), wi);
  wi high = __builtin_convertvector(x >= 2147483648.0, wi), low = __builtin_convertvector(x <= -2147483649.0, wi);
  return r | (high & 2147483647) | (low & (-2147483647 - 1));
}`,
    places(floatLanes),
    booleanHelpers(target, "n", floatLanes),
    booleanHelpers(target, "w", doubleLanes),
    turning("nf", "float", floatLanes, 4),
    turning("wf", "float", doubleLanes, 4),
    turning("wd", "double", doubleLanes, 8),
  ].join("\n");
}
