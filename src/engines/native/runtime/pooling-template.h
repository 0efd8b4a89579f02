/* Pooling for one type of elements; see pooling.c. */
#include "vectors.h"

typedef INTEGER NAME(indices) __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t NAME(stored) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

/* BODY for the place, in elements of channel 0, of everything a result takes in, in order. */
#define EACH_PLACE(BODY)                                                                                                        \
  for (long i = 0; i < r->count[0]; i++) {                                                                                      \
    for (long j = 0; j < r->count[1]; j++) {                                                                                    \
      long place = (((r->first[0] + i * r->step[0]) * extents[1] + r->first[1] + j * r->step[1]) * extents[2] + r->first[2]) *  \
                   channels;                                                                                                    \
      for (long k = 0; k < r->count[2]; k++, place += r->step[2] * channels) {                                                  \
        BODY                                                                                                                    \
      }                                                                                                                         \
    }                                                                                                                           \
  }

/* Sums of `vectors` vectors of channels, or of one channel where there are none. */
INLINE void NAME(sums)(int vectors, const REAL *x, REAL *y, const struct reached *r, const long *extents, long channels) {
  if (vectors == 0) {
    REAL sum = 0;
    EACH_PLACE(sum += x[place];)
    *y = sum;
    return;
  }
  VECTOR sums[2] = {{0}, {0}};
  EACH_PLACE(UNROLL for (int v = 0; v < vectors; v++) sums[v] += CONST_VECTOR_AT(x + place + v * LANES);)
  UNROLL for (int v = 0; v < vectors; v++) VECTOR_AT(y + v * LANES) = sums[v];
}

/*
 * Flat indices of the largest elements; `base` is that of x. Only something strictly larger, or the first NaN, takes the place of what was
 * found before it. -1 where there is nothing at all.
 */
INLINE void NAME(maxima)(int vectors, const REAL *x, int32_t *y, const struct reached *r, const long *extents, long channels, long base) {
  if (vectors == 0) {
    long at = -1;
    REAL best = 0;
    EACH_PLACE(REAL value = x[place]; if (at < 0 || (best == best && !(value <= best))) {
      best = value;
      at = base + place;
    })
    *y = (int32_t)at;
    return;
  }
  VECTOR best[2] = {{0}, {0}};
  NAME(indices) at[2], lanes;
  for (int l = 0; l < LANES; l++) lanes[l] = l;
  UNROLL for (int v = 0; v < vectors; v++) at[v] = lanes - lanes - 1;
  int first = 1;
  EACH_PLACE(UNROLL for (int v = 0; v < vectors; v++) {
    VECTOR value = CONST_VECTOR_AT(x + place + v * LANES);
    NAME(indices) index = lanes + (INTEGER)(base + place + v * LANES);
    NAME(indices) wins = first ? ~(lanes - lanes) : (NAME(indices))(best[v] == best[v]) & ~(NAME(indices))(value <= best[v]);
    best[v] = (VECTOR)((wins & (NAME(indices))value) | (~wins & (NAME(indices))best[v]));
    at[v] = (wins & index) | (~wins & at[v]);
  } first = 0;)
  UNROLL for (int v = 0; v < vectors; v++)
    *(NAME(stored) *)(y + v * LANES) = __builtin_convertvector(at[v], NAME(stored));
}
#undef EACH_PLACE

enum { NAME(MAXIMA), NAME(SUMS), NAME(SUMS_BACK) };

INLINE void NAME(pool)(int kind, long thread, long threads, const struct gradus_pooling *p) {
  int back = kind == NAME(SUMS_BACK);
  const long *from = back ? p->output : p->input, *to = back ? p->input : p->output;
  long channels = p->channels, image = from[0] * from[1] * from[2] * channels, firstRow, lastRow;
  gradus_part(p->examples * to[0] * to[1], 1, thread, threads, &firstRow, &lastRow);
  for (long row = firstRow; row < lastRow; row++) {
    struct reached r;
    long example = row / (to[0] * to[1]), i = row / to[1] % to[0], j = row % to[1];
    const REAL *x = (const REAL *)p->x + example * image;
    if (back) seeing(p, 0, i, &r), seeing(p, 1, j, &r);
    else seen(p, 0, i, &r), seen(p, 1, j, &r);
    for (long k = 0; k < to[2]; k++) {
      long at = (row * to[2] + k) * channels, c = 0;
      if (back) seeing(p, 2, k, &r);
      else seen(p, 2, k, &r);
#define POOL(vectors)                                                                                                           \
  if (kind == NAME(MAXIMA)) NAME(maxima)(vectors, x + c, (int32_t *)p->y + at + c, &r, from, channels, example * image + c);      \
  else NAME(sums)(vectors, x + c, (REAL *)p->y + at + c, &r, from, channels);
      for (; c + 2 * LANES <= channels; c += 2 * LANES) { POOL(2) }
      for (; c + LANES <= channels; c += LANES) { POOL(1) }
      for (; c < channels; c++) { POOL(0) }
#undef POOL
    }
  }
}

void NAME(gradus_max_pool_indices)(struct gradus_runtime *rt, long thread, long threads, const struct gradus_pooling *p) {
  (void)rt;
  NAME(pool)(NAME(MAXIMA), thread, threads, p);
}

void NAME(gradus_sum_pool)(struct gradus_runtime *rt, long thread, long threads, const struct gradus_pooling *p) {
  (void)rt;
  NAME(pool)(NAME(SUMS), thread, threads, p);
}

void NAME(gradus_sum_pool_transpose)(struct gradus_runtime *rt, long thread, long threads, const struct gradus_pooling *p) {
  (void)rt;
  NAME(pool)(NAME(SUMS_BACK), thread, threads, p);
}
