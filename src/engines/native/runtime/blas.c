/*
 * Large matrix products by an installed BLAS (cblas_sgemm and cblas_dgemm with 32-bit integers), which runs on one thread: a result is cut
 * into panels of rows by its shape alone, so that its bits do not depend on the number of threads. What a BLAS does not take, small
 * products and odd layouts, goes to our own kernels. A library of its own for one width of real numbers; see blas.ts.
 */
#include "library.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

#if GRADUS_REAL_BITS == 64
typedef double real;
#else
typedef float real;
#endif

typedef void gemm_function(int order, int turnA, int turnB, int m, int n, int k, real alpha, const real *a, int aStride, const real *b,
                           int bStride, real beta, real *c, int cStride);
enum { ROW_MAJOR = 101, AS_IT_IS = 111, TURNED = 112 };
enum { PANEL_ROWS = 128, LEAST = 32 };

static gemm_function *gemm;
static gradus_product_function *own;

/* A matrix as BLAS has it: its rows or its columns are contiguous. */
struct layout {
  int turn;
  long stride;
};

static int layout_of(struct layout *l, long rows, long columns, long row, long column) {
  int plain = column == 1 && row >= columns, turned = row == 1 && column >= rows;
  l->turn = plain ? AS_IT_IS : TURNED;
  l->stride = plain ? row : column;
  return (plain || turned) && l->stride <= INT_MAX;
}

GRADUS_EXPORT void gradus_blas_matmul(struct gradus_runtime *rt, long thread, long threads, const struct gradus_product *p) {
  struct layout a, b;
  int takes = p->m >= LEAST && p->n >= LEAST && p->k >= LEAST && p->m <= INT_MAX && p->n <= INT_MAX && p->k <= INT_MAX &&
              layout_of(&a, p->m, p->k, p->aRow, p->aColumn) && layout_of(&b, p->k, p->n, p->bRow, p->bColumn) &&
              (p->finish || (p->cColumn == 1 && p->cRow >= p->n && p->cRow <= INT_MAX));
  if (!takes) {
    own(rt, thread, threads, p);
    return;
  }
  long count = 1, panels = (p->m + PANEL_ROWS - 1) / PANEL_ROWS, from, to;
  for (long d = 0; d < p->depth; d++) count *= p->batch[d];
  gradus_part(count * panels, 1, thread, threads, &from, &to);
  /* Epilogues may read whole vectors. */
  real *tile = p->finish ? rt->scratch(rt, thread, (PANEL_ROWS * p->n + 16) * (long)sizeof(real)) : NULL;
  for (long at = from; at < to; at++) {
    long matrix = at / panels, row = at % panels * PANEL_ROWS, rest = matrix, aAt = row * p->aRow, bAt = 0, cAt = row * p->cRow;
    long rows = p->m - row < PANEL_ROWS ? p->m - row : PANEL_ROWS;
    for (long d = p->depth - 1; d >= 0; d--) {
      long index = rest % p->batch[d];
      rest /= p->batch[d];
      aAt += index * p->aBatch[d];
      bAt += index * p->bBatch[d];
      if (!p->finish) cAt += index * p->cBatch[d];
    }
    real *c = p->finish ? tile : (real *)p->c + cAt;
    gemm(ROW_MAJOR, a.turn, b.turn, (int)rows, (int)p->n, (int)p->k, 1, (const real *)p->a + aAt, (int)a.stride,
         (const real *)p->b + bAt, (int)b.stride, 0, c, (int)(p->finish ? p->n : p->cRow));
    if (p->finish) p->finish(p->context, tile, p->n, row, 0, rows, p->n, matrix);
  }
}

/* Which functions multiply: the BLAS, and our own. */
GRADUS_EXPORT void gradus_blas_use(void *theirs, void *ours) {
  gemm = (gemm_function *)theirs;
  own = (gradus_product_function *)ours;
}

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Operations per second on one thread, the best of some products of 384 x 384 matrices: by the BLAS, or our own. 0: there is no memory. */
GRADUS_EXPORT double gradus_blas_rate(struct gradus_runtime *rt, int theirs) {
  enum { SIZE = 384, ROUNDS = 12 };
  real *all = malloc(3 * SIZE * SIZE * sizeof(real) + 64);
  if (!all) return 0;
  for (long i = 0; i < 3 * SIZE * SIZE; i++) all[i] = (real)(i % 7) / 8;
  struct gradus_product p = {.m = SIZE, .n = SIZE, .k = SIZE, .a = all, .b = all + SIZE * SIZE, .c = all + 2 * SIZE * SIZE};
  p.aRow = p.bRow = p.cRow = SIZE;
  p.aColumn = p.bColumn = p.cColumn = 1;
  double best = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double begin = seconds_now();
    if (theirs)
      gradus_blas_matmul(rt, 0, 1, &p);
    else
      own(rt, 0, 1, &p);
    double rate = 2.0 * SIZE * SIZE * SIZE / (seconds_now() - begin);
    if (rate > best) best = rate;
  }
  free(all);
  return best;
}
