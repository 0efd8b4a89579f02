/* Register tiles and the packing of panels for one type of elements; see tiles.h. */
#include "vectors.h"

/* GCC for ARM would load all elements of a step first, into registers that the sums need, and spill these. */
#undef IN_ORDER
#if defined(__aarch64__) && !defined(__clang__)
#define IN_ORDER(x) __asm__ volatile("" : "+w"(x) : : "memory")
#else
#define IN_ORDER(x) (void)0
#endif

/*
 * Never larger than what registers hold, always inlined with constant `count` and `vectors`, so that `sums` lives in registers.
 * Each element is a chain of multiply-adds in the order of p, whatever tile it stands in: results do not depend on the tiling.
 */
INLINE void NAME(tile)(int count, int vectors, const REAL *const *rows, const long *steps, long k, const REAL *b, long bStep,
                       REAL *c, long cStride, enum gradus_mode mode) {
  VECTOR sums[TILE_ROWS][TILE_VECTORS];
  const REAL *row[TILE_ROWS];
  UNROLL for (int r = 0; r < count; r++) {
    row[r] = rows[r];
    UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = (VECTOR){0};
  }
  for (long p = 0; p < k; p++) {
    long step = steps[p];
    VECTOR right[TILE_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) right[v] = CONST_VECTOR_AT(b + v * LANES);
    b += bStep;
    UNROLL for (int r = 0; r < count; r++) {
      REAL element = row[r][step];
      IN_ORDER(element);
      VECTOR left = SPLAT(element);
      UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = MULTIPLY_ADD(left, right[v], sums[r][v]);
    }
  }
  UNROLL for (int r = 0; r < count; r++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      REAL *at = c + r * cStride + v * LANES;
      if (mode == GRADUS_ADD) sums[r][v] += CONST_VECTOR_AT(at);
      VECTOR_AT(at) = sums[r][v];
    }
  }
}

#define TILE(count, vectors)                                                                                                    \
  static void NAME(tile_##count##_##vectors)(const REAL *const *rows, const long *steps, long k, const REAL *b, long bStep,      \
                                             REAL *c, long cStride, enum gradus_mode mode) {                                     \
    NAME(tile)(count, vectors, rows, steps, k, b, bStep, c, cStride, mode);                                                      \
  }
#define TILES(count) TILE(count, 1) TILE(count, 2)
TILES(1)
TILES(2)
TILES(3)
TILES(4)
TILES(5)
TILES(6)
#if TILE_ROWS > 6
TILES(7)
TILES(8)
TILES(9)
TILES(10)
TILES(11)
TILES(12)
#endif
#if TILE_ROWS > 12
TILES(13)
TILES(14)
#endif
#undef TILES
#undef TILE

#define FIRST(v) NAME(tile_1_##v), NAME(tile_2_##v), NAME(tile_3_##v), NAME(tile_4_##v), NAME(tile_5_##v), NAME(tile_6_##v)
#define NEXT(v) NAME(tile_7_##v), NAME(tile_8_##v), NAME(tile_9_##v), NAME(tile_10_##v), NAME(tile_11_##v), NAME(tile_12_##v)
NAME(gradus_tile) *const NAME(gradus_tiles)[][16] = {
#if TILE_ROWS > 12
    {FIRST(1), NEXT(1), NAME(tile_13_1), NAME(tile_14_1)},
    {FIRST(2), NEXT(2), NAME(tile_13_2), NAME(tile_14_2)},
#elif TILE_ROWS > 6
    {FIRST(1), NEXT(1)},
    {FIRST(2), NEXT(2)},
#else
    {FIRST(1)},
    {FIRST(2)},
#endif
};
#undef FIRST
#undef NEXT

/*
 * Full tiles, written out four steps at a time with multiply-adds as instructions: where another thread of the core takes half of what
 * it can start in a cycle, every instruction counts that is no multiply-add.
 */
#define LINE (64 / (long)sizeof(REAL))
#define STEPS(step)                                                                                                             \
  for (const REAL *end = next + k / 4 * LINE; next != end; next += LINE) {                                                      \
    __builtin_prefetch(next, 0, 3);                                                                                             \
    step(0) step(1) step(2) step(3)                                                                                             \
    NEXT(4)                                                                                                                     \
  }                                                                                                                             \
  for (k %= 4; k > 0; k--) {                                                                                                    \
    step(0)                                                                                                                     \
    NEXT(1)                                                                                                                     \
  }
#define RIGHT(u)                                                                                                                \
  VECTOR right[TILE_VECTORS];                                                                                                   \
  UNROLL for (int v = 0; v < TILE_VECTORS; v++) right[v] = CONST_VECTOR_AT(b + (u) * TILE_COLUMNS + v * LANES);
#define ADD_ROW(r) UNROLL for (int v = 0; v < TILE_VECTORS; v++) ADD_PRODUCT(sums[r][v], left, right[v]);
#define START                                                                                                                   \
  VECTOR sums[TILE_ROWS][TILE_VECTORS];                                                                                         \
  UNROLL for (int r = 0; r < TILE_ROWS; r++) {                                                                                  \
    UNROLL for (int v = 0; v < TILE_VECTORS; v++) sums[r][v] = (VECTOR){0};                                                     \
    __builtin_prefetch(c + r * cStride, 1);                                                                                     \
  }
#define FINISH                                                                                                                  \
  UNROLL for (int r = 0; r < TILE_ROWS; r++) {                                                                                  \
    UNROLL for (int v = 0; v < TILE_VECTORS; v++) {                                                                             \
      REAL *at = c + r * cStride + v * LANES;                                                                                   \
      if (mode == GRADUS_ADD) sums[r][v] += CONST_VECTOR_AT(at);                                                                \
      VECTOR_AT(at) = sums[r][v];                                                                                               \
    }                                                                                                                           \
  }

void NAME(gradus_packed_tile)(const REAL *a, long k, const REAL *b, REAL *c, long cStride, enum gradus_mode mode, const REAL *next) {
  START
#if defined(__aarch64__)
  /* Multiplies by one lane of a register: loaded one by one, GCC takes a register for each and spills sums. */
#define STEP(u)                                                                                                                 \
  {                                                                                                                             \
    RIGHT(u)                                                                                                                    \
    UNROLL for (int i = 0; i < TILE_ROWS; i += LANES) {                                                                         \
      VECTOR lefts = CONST_VECTOR_AT(a + (u) * TILE_ROWS + i);                                                                  \
      UNROLL for (int l = 0; l < LANES; l++) {                                                                                  \
        VECTOR left = SPLAT(lefts[l]);                                                                                          \
        ADD_ROW(i + l)                                                                                                          \
      }                                                                                                                         \
    }                                                                                                                           \
  }
#else
#define STEP(u)                                                                                                                 \
  {                                                                                                                             \
    RIGHT(u)                                                                                                                    \
    UNROLL for (int r = 0; r < TILE_ROWS; r++) {                                                                                \
      VECTOR left = SPLAT(a[(u) * TILE_ROWS + r]);                                                                              \
      ADD_ROW(r)                                                                                                                \
    }                                                                                                                           \
  }
#endif
#define NEXT(u) a += (u) * TILE_ROWS, b += (u) * TILE_COLUMNS;
  STEPS(STEP)
#undef NEXT
#undef STEP
  FINISH
}

#ifdef BROADCAST
void NAME(gradus_rows_tile)(const REAL *a, long aRow, long k, const REAL *b, REAL *c, long cStride, enum gradus_mode mode,
                            const REAL *next) {
  long row = aRow * (long)sizeof(REAL);
  const REAL *a3 = a + 3 * aRow;
  /* What is read by instructions below has been written before this. */
  __asm__ volatile("" : "+r"(a), "+r"(a3) : : "memory");
  START
#define ROW(r, u, place)                                                                                                        \
  {                                                                                                                             \
    VECTOR left;                                                                                                                \
    __asm__(BROADCAST " %c3" place ", %0" : "=v"(left) : "r"((r) < 3 ? a : a3), "r"(row), "i"((u) * sizeof(REAL)));             \
    ADD_ROW(r)                                                                                                                  \
  }
#define STEP(u)                                                                                                                 \
  {                                                                                                                             \
    RIGHT(u)                                                                                                                    \
    ROW(0, u, "(%1)")                                                                                                           \
    ROW(1, u, "(%1,%2)")                                                                                                        \
    ROW(2, u, "(%1,%2,2)")                                                                                                      \
    ROW(3, u, "(%1)")                                                                                                           \
    ROW(4, u, "(%1,%2)")                                                                                                        \
    ROW(5, u, "(%1,%2,2)")                                                                                                      \
  }
#define NEXT(u) a += (u), a3 += (u), b += (u) * TILE_COLUMNS;
  STEPS(STEP)
#undef NEXT
#undef STEP
#undef ROW
  FINISH
}
#endif
#undef STEPS
#undef LINE
#undef RIGHT
#undef ADD_ROW
#undef START
#undef FINISH

/* Squares of this size are transposed in registers. */
#undef SQUARE
#define SQUARE (LANES > 32 / (REAL_BITS / 8) ? 32 / (REAL_BITS / 8) : LANES)
typedef REAL NAME(lane) __attribute__((vector_size(SQUARE * sizeof(REAL)), aligned(REAL_BITS / 8), may_alias));

#undef SHUFFLE
#if defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef INTEGER NAME(places) __attribute__((vector_size(SQUARE * sizeof(REAL))));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (NAME(places)){__VA_ARGS__})
#endif

/* Exchanges the off-diagonal blocks of size `distance` in all 2·distance-squares: after 1, 2, 4 … the square is transposed. */
#define EXCHANGE(distance, low, high)                                                                                           \
  UNROLL for (int i = 0; i < SQUARE; i++) if (!(i & (distance))) {                                                              \
    NAME(lane) x = v[i], y = v[i + (distance)];                                                                                 \
    v[i] = low;                                                                                                                 \
    v[i + (distance)] = high;                                                                                                   \
  }

INLINE void NAME(transpose)(NAME(lane) *v) {
#if REAL_BITS == 32 && VECTOR_BYTES >= 32
  EXCHANGE(1, SHUFFLE(x, y, 0, 8, 2, 10, 4, 12, 6, 14), SHUFFLE(x, y, 1, 9, 3, 11, 5, 13, 7, 15))
  EXCHANGE(2, SHUFFLE(x, y, 0, 1, 8, 9, 4, 5, 12, 13), SHUFFLE(x, y, 2, 3, 10, 11, 6, 7, 14, 15))
  EXCHANGE(4, SHUFFLE(x, y, 0, 1, 2, 3, 8, 9, 10, 11), SHUFFLE(x, y, 4, 5, 6, 7, 12, 13, 14, 15))
#elif (REAL_BITS == 32) == (VECTOR_BYTES == 16)
  EXCHANGE(1, SHUFFLE(x, y, 0, 4, 2, 6), SHUFFLE(x, y, 1, 5, 3, 7))
  EXCHANGE(2, SHUFFLE(x, y, 0, 1, 4, 5), SHUFFLE(x, y, 2, 3, 6, 7))
#else
  EXCHANGE(1, SHUFFLE(x, y, 0, 2), SHUFFLE(x, y, 1, 3))
#endif
}
#undef EXCHANGE

void NAME(gradus_pack)(REAL *to, long width, long count, const REAL *from, long row, long step, long k, int fill) {
  if (fill && count < width) memset(to, 0, (size_t)(k * width) * sizeof(REAL));
  if (row == 1) {
    if (count == TILE_COLUMNS && width == TILE_COLUMNS) {
      for (long p = 0; p < k; p++) {
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) VECTOR_AT(to + v * LANES) = CONST_VECTOR_AT(from + v * LANES);
        to += width;
        from += step;
      }
    } else if (count == TILE_ROWS && width == TILE_ROWS) {
      for (long p = 0; p < k; p++) memcpy(to + p * TILE_ROWS, from + p * step, TILE_ROWS * sizeof(REAL));
    } else {
      for (long p = 0; p < k; p++)
        for (long r = 0; r < count; r++) to[p * width + r] = from[p * step + r];
    }
    return;
  }
  long whole = 0;
  if (step == 1) {
    whole = k - k % SQUARE;
    /* Whole squares are stored, so those of later rows must be stored before those of earlier ones, which they run into. */
    for (long p = 0; p < whole; p += SQUARE) {
      for (long r = (count - 1) / SQUARE * SQUARE; r >= 0; r -= SQUARE) {
        long left = count - r;
        NAME(lane) v[SQUARE];
        UNROLL for (int i = 0; i < SQUARE; i++) {
          v[i] = i < left ? *(const NAME(lane) *)(from + (r + i) * row + p) : (NAME(lane)){0};
          /* The next panel's rows begin where these end. */
          if (i < left && p % (64 / (long)sizeof(REAL)) == 0) __builtin_prefetch(from + (r + i + count) * row + p);
        }
        NAME(transpose)(v);
        UNROLL for (int i = 0; i < SQUARE; i++) *(NAME(lane) *)(to + (p + i) * width + r) = v[i];
      }
    }
  }
  for (long p = whole; p < k; p++)
    for (long r = 0; r < count; r++) to[p * width + r] = from[r * row + p * step];
}
#undef SHUFFLE
