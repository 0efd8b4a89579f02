/* Batched matrix products in any layout for one type of elements; see gradus_product in gradus.h. */

/* Stores a finished block to a result whose columns are not neighbours. */
struct NAME(scatter) {
  REAL *c;
  long row, column;
};

static void NAME(scatter_block)(void *context, void *tile, long stride, long row, long column, long rows, long columns, long batch) {
  const struct NAME(scatter) *to = context;
  (void)batch;
  for (long i = 0; i < rows; i++) {
    const REAL *from = (const REAL *)tile + i * stride;
    REAL *c = to->c + (row + i) * to->row + column * to->column;
    for (long j = 0; j < columns; j++) c[j * to->column] = from[j];
  }
}

/* A product of which one side is a vector; false where the matrix must be read another way. */
static int NAME(vector_product)(const struct NAME(product) *p, struct gradus_runtime *rt, long scratchThread, long thread,
                                long threads) {
  if (p->m != 1 && p->n != 1) return 0;
  int column = p->n == 1;
  long from, to;
  gradus_part(column ? p->m : p->n, 64 / sizeof(REAL), thread, threads, &from, &to);
  long ySize = round_up(to - from, 2 * LANES);
  REAL *y = rt->scratch(rt, scratchThread, (ySize + p->k + 2 * LANES) * (long)sizeof(REAL)), *xs = y + ySize;
  /* A row of the result is where it should be. */
  int direct = !p->finish && !column && (to - from) % LANES == 0;
  REAL *target = direct ? p->c + from : y;
  int done = column ? NAME(multiply_vector)(target, p->a, p->aRow, p->aColumn, p->b, p->bRow, xs, p->k, from, to, p->m)
                    : NAME(multiply_vector)(target, p->b, p->bColumn, p->bRow, p->a, p->aColumn, xs, p->k, from, to, p->n);
  if (!done || direct || from == to) return done;
  if (p->finish) {
    p->finish(p->context, y, column ? 1 : ySize, column ? from : 0, column ? 0 : from, column ? to - from : 1,
              column ? 1 : to - from, p->batch);
  } else {
    for (long i = from; i < to; i++) p->c[i * (column ? p->cRow : 1)] = y[i - from];
  }
  return 1;
}

void NAME(gradus_matmul)(struct gradus_runtime *rt, long thread, long threads, const struct gradus_product *job) {
  struct NAME(product) p = {.m = job->m, .n = job->n, .k = job->k, .finish = job->finish, .context = job->context};
  struct NAME(scatter) scatter = {.row = job->cRow, .column = job->cColumn};
  int swapped = !job->finish && job->cColumn != 1 && job->cRow == 1;
  int scattered = !job->finish && !swapped && job->cColumn != 1;
  const REAL *a = job->a, *b = job->b;
  p.aRow = job->aRow;
  p.aColumn = job->aColumn;
  p.bRow = job->bRow;
  p.bColumn = job->bColumn;
  p.cRow = swapped ? job->cColumn : job->cRow;
  if (swapped) {
    /* Cᵀ = Bᵀ·Aᵀ */
    p.m = job->n;
    p.n = job->m;
    p.aRow = job->bColumn;
    p.aColumn = job->bRow;
    p.bRow = job->aColumn;
    p.bColumn = job->aRow;
  }
  if (scattered) {
    p.finish = NAME(scatter_block);
    p.context = &scatter;
  }
  long count = 1;
  for (long d = 0; d < job->depth; d++) count *= job->batch[d];
  /* Whole matrices to each thread if there are enough of them, else a part of each. */
  int whole = count >= threads;
  long from = 0, to = count;
  if (whole) gradus_part(count, 1, thread, threads, &from, &to);
  long partThread = whole ? 0 : thread, partThreads = whole ? 1 : threads;
  struct part part = part_of(p.m, p.n, TILE_ROWS, TILE_COLUMNS, partThread, partThreads);
  for (long matrix = from; matrix < to; matrix++) {
    long rest = matrix, aAt = 0, bAt = 0, cAt = 0;
    for (long d = job->depth - 1; d >= 0; d--) {
      long index = rest % job->batch[d];
      rest /= job->batch[d];
      aAt += index * job->aBatch[d];
      bAt += index * job->bBatch[d];
      cAt += job->c ? index * job->cBatch[d] : 0;
    }
    p.a = swapped ? b + bAt : a + aAt;
    p.b = swapped ? a + aAt : b + bAt;
    p.c = scatter.c = job->c ? (REAL *)job->c + cAt : NULL;
    p.batch = matrix;
    if (!NAME(vector_product)(&p, rt, thread, partThread, partThreads)) NAME(multiply)(&p, part, rt, thread);
  }
}
