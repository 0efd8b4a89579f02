/*
 * The product of a matrix and a vector, y[i] = Σ over p of m[i · row + p · step] · x[p], for one type of elements: every element of
 * the matrix is read once, so this goes at the speed of memory as long as it is read in its order.
 */

typedef INTEGER NAME(mask) __attribute__((vector_size(VECTOR_BYTES)));

/* Sums of the terms of `count` rows, each in the same order whatever `count` is: two vectors in turn, then their lanes. */
INLINE void NAME(dots)(int count, REAL *y, const REAL *m, long row, const REAL *x, long k, NAME(mask) mask, int inside) {
  VECTOR even[4], odd[4];
  UNROLL for (int r = 0; r < count; r++) even[r] = odd[r] = (VECTOR){0};
  long p = 0;
  for (; p + 2 * LANES <= k; p += 2 * LANES) {
    VECTOR first = CONST_VECTOR_AT(x + p), second = CONST_VECTOR_AT(x + p + LANES);
    UNROLL for (int r = 0; r < count; r++) {
      even[r] = MULTIPLY_ADD(CONST_VECTOR_AT(m + r * row + p), first, even[r]);
      odd[r] = MULTIPLY_ADD(CONST_VECTOR_AT(m + r * row + p + LANES), second, odd[r]);
    }
  }
  if (p + LANES <= k) {
    UNROLL for (int r = 0; r < count; r++) {
      even[r] = MULTIPLY_ADD(CONST_VECTOR_AT(m + r * row + p), CONST_VECTOR_AT(x + p), even[r]);
    }
    p += LANES;
  }
  if (p < k) {
    /* x ends in zeros; the matrix goes on with something else, perhaps outside of its memory. */
    UNROLL for (int r = 0; r < count; r++) {
      VECTOR rest = {0};
      if (inside) rest = CONST_VECTOR_AT(m + r * row + p);
      else memcpy(&rest, m + r * row + p, (size_t)(k - p) * sizeof(REAL));
      rest = (VECTOR)((NAME(mask))rest & mask);
      odd[r] = MULTIPLY_ADD(rest, CONST_VECTOR_AT(x + p), odd[r]);
    }
  }
  UNROLL for (int r = 0; r < count; r++) {
    VECTOR sums = even[r] + odd[r];
    REAL lanes[LANES];
    memcpy(lanes, &sums, sizeof lanes);
    for (int half = LANES / 2; half > 0; half /= 2)
      for (int l = 0; l < half; l++) lanes[l] += lanes[l + half];
    y[r] = lanes[0];
  }
}

/* Rows from .. to of `rows`, whose terms are neighbours; x: k elements and zeros up to a whole vector. */
static void NAME(row_dots)(REAL *y, const REAL *m, long row, const REAL *x, long k, long from, long to, long rows) {
  NAME(mask) mask = {0};
  long rest = k % LANES;
  for (long l = 0; l < rest; l++) mask[l] = -1;
  /* Rows of which a whole vector may be read where the last begins. */
  long inside = rest == 0 ? rows : row <= 0 ? 0 : rows - (LANES - rest + row - 1) / row;
  long i = from;
  for (; i + 4 <= to && i + 4 <= inside; i += 4) NAME(dots)(4, y + i - from, m + i * row, row, x, k, mask, 1);
  for (; i < to; i++) NAME(dots)(1, y + i - from, m + i * row, row, x, k, mask, 0);
}

enum { NAME(GROUP) = 8 * LANES, NAME(TERMS) = 128 };

/* y (+)= Σ over p of m[p · step + i] · x[p] for the `width` vectors from i = 0 on. */
INLINE void NAME(axpys)(int width, REAL *y, const REAL *m, long step, const REAL *x, long k, int first) {
  VECTOR sums[8];
  UNROLL for (int v = 0; v < width; v++) sums[v] = (VECTOR){0};
  for (long p = 0; p < k; p++, m += step) {
    VECTOR factor = SPLAT(x[p]);
    UNROLL for (int v = 0; v < width; v++) sums[v] = MULTIPLY_ADD(factor, CONST_VECTOR_AT(m + v * LANES), sums[v]);
  }
  UNROLL for (int v = 0; v < width; v++) {
    REAL *at = y + v * LANES;
    if (!first) sums[v] += CONST_VECTOR_AT(at);
    VECTOR_AT(at) = sums[v];
  }
}

/* Rows from .. to, where rows are neighbours and terms `step` ≥ LANES apart; y has room for whole vectors. */
static void NAME(row_sums)(REAL *y, const REAL *m, long step, const REAL *x, long k, long from, long to) {
  long count = to - from, rest = count % LANES;
  m += from;
  if (k == 0) memset(y, 0, (size_t)count * sizeof(REAL));
  for (long p = 0; p < k; p += NAME(TERMS)) {
    long terms = least(NAME(TERMS), k - p);
    const REAL *at = m + p * step;
    long i = 0;
    for (; i + NAME(GROUP) <= count; i += NAME(GROUP)) NAME(axpys)(8, y + i, at + i, step, x + p, terms, p == 0);
    for (; i + 4 * LANES <= count; i += 4 * LANES) NAME(axpys)(4, y + i, at + i, step, x + p, terms, p == 0);
    for (; i + LANES <= count; i += LANES) NAME(axpys)(1, y + i, at + i, step, x + p, terms, p == 0);
    if (rest > 0) {
      /* The last term's vector may reach outside of the matrix: it is a block of its own, wherever rows are cut. */
      int ends = p + terms == k;
      VECTOR end = {0};
      NAME(axpys)(1, y + i, at + i, step, x + p, terms - ends, p == 0);
      if (ends) {
        memcpy(&end, m + (k - 1) * step + i, (size_t)rest * sizeof(REAL));
        VECTOR_AT(y + i) = MULTIPLY_ADD(SPLAT(x[k - 1]), end, CONST_VECTOR_AT(y + i));
      }
    }
  }
}

/*
 * y, m's rows from .. to; false where the matrix lies so that this would be slow. `y` has room for whole vectors. x: at `xStep`;
 * `xs` has room for k elements and a vector.
 */
static int NAME(multiply_vector)(REAL *y, const REAL *m, long row, long step, const REAL *x, long xStep, REAL *xs, long k, long from,
                                 long to, long rows) {
  int neighbours = row == 1 && step >= LANES;
  if (!neighbours && step != 1) return 0;
  for (long p = 0; p < k; p++) xs[p] = x[p * xStep];
  for (long l = 0; l < LANES; l++) xs[k + l] = 0;
  if (neighbours) NAME(row_sums)(y, m, step, xs, k, from, to);
  else NAME(row_dots)(y, m, row, xs, k, from, to, rows);
  return 1;
}
