/*
 * Vectors of the machine's width in GCC's and Clang's vector extensions, and the sizes of register tiles that suit it. Included by
 * each file of kernels after it has defined REAL_BITS (32 or 64): such a file, a "template", is included once for each.
 *
 * A tile has TILE_ROWS × TILE_VECTORS vectors of sums; each step of the reduction needs TILE_VECTORS vectors and TILE_ROWS
 * broadcast elements more. The sizes leave no register idle and spill none: AVX-512 and NEON have 32, all others 16.
 */
#undef REAL
#undef NAME
#undef LANES
#undef VECTOR_BYTES
#undef TILE_ROWS
#undef TILE_VECTORS
#undef TILE_COLUMNS
#undef VECTOR
#undef INTEGER

#define TILE_VECTORS 2
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define TILE_ROWS 14
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#define TILE_ROWS 6
#elif defined(__aarch64__)
#define VECTOR_BYTES 16
#define TILE_ROWS 12
#else
#define VECTOR_BYTES 16
#define TILE_ROWS 6
#endif

#if REAL_BITS == 32
#define REAL float
#define INTEGER int32_t
#define NAME(name) name##_f32
#define LANES (VECTOR_BYTES / 4)
#else
#define REAL double
#define INTEGER int64_t
#define NAME(name) name##_f64
#define LANES (VECTOR_BYTES / 8)
#endif
#define TILE_COLUMNS (TILE_VECTORS * LANES)
#define VECTOR NAME(vector)

/* Any address will do for a vector. */
typedef REAL VECTOR __attribute__((vector_size(VECTOR_BYTES), aligned(REAL_BITS / 8), may_alias));

/*
 * sum + a · b in one rounding where the processor can. Left to itself GCC, tuning for some processors, makes two where it sums in a
 * single register but not where it sums in many: results would depend on how rows fall into tiles, and so on the number of threads.
 */
#undef MULTIPLY_ADD
#if defined(__FMA__) && defined(__GNUC__) && !defined(__clang__)
#if VECTOR_BYTES == 64 && REAL_BITS == 32
#define MULTIPLY_ADD(a, b, sum) __builtin_ia32_vfmaddps512_mask(a, b, sum, (short)-1, 4)
#elif VECTOR_BYTES == 64
#define MULTIPLY_ADD(a, b, sum) __builtin_ia32_vfmaddpd512_mask(a, b, sum, -1, 4)
#elif REAL_BITS == 32
#define MULTIPLY_ADD(a, b, sum) __builtin_ia32_vfmaddps256(a, b, sum)
#else
#define MULTIPLY_ADD(a, b, sum) __builtin_ia32_vfmaddpd256(a, b, sum)
#endif
#else
/* Clang before 14 does not unless it is told. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT ON
#endif
#define MULTIPLY_ADD(a, b, sum) ((sum) + (a) * (b))
#endif
/* sum += a · b, as MULTIPLY_ADD has it, in the register that sum is in: GCC would move sums to and fro. */
#undef ADD_PRODUCT
#undef BROADCAST
#if defined(__FMA__) && defined(__x86_64__)
#if REAL_BITS == 32
#define ADD_PRODUCT(sum, a, b) __asm__("vfmadd231ps %1, %2, %0" : "+v"(sum) : "v"(b), "v"(a))
#else
#define ADD_PRODUCT(sum, a, b) __asm__("vfmadd231pd %1, %2, %0" : "+v"(sum) : "v"(b), "v"(a))
#endif
/* The instruction that loads a vector of equal lanes, where there is a tile that reads rows in place. */
#if TILE_ROWS == 6 && REAL_BITS == 32
#define BROADCAST "vbroadcastss"
#elif TILE_ROWS == 6
#define BROADCAST "vbroadcastsd"
#endif
#else
#define ADD_PRODUCT(sum, a, b) ((sum) = MULTIPLY_ADD(a, b, sum))
#endif
/* A vector of equal lanes. */
#define SPLAT(value) ((value) - (VECTOR){0})

#define INLINE static inline __attribute__((always_inline))
#define VECTOR_AT(pointer) (*(VECTOR *)(pointer))
#define CONST_VECTOR_AT(pointer) (*(const VECTOR *)(pointer))
/* Loops over the registers of a tile. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
