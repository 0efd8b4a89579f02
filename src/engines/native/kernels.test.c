/*
 * Compares the kernels of the runtime library with loops as in their definitions, over random shapes, layouts and numbers of
 * threads. kernels.test.ts compiles it with the library and runs it: `kernels FACT SEED RUNS` prints "ok" or what is wrong.
 *
 * Operands are small integers, so that sums are exact in any order and must be equal to the last bit; where rounding matters (the
 * same bits for any number of threads) they are fractions.
 */
#include "library.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Random choices ------------------------------------------------------------------------------------------------------------------ */

static uint64_t state;
static long any(long from, long to) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return from + (long)((state >> 33) % (uint64_t)(to - from + 1));
}

/* Memory of exactly this size between guards; elements are float or double. --------------------------------------------------------- */

enum { GUARD = 64 };
struct array {
  char *memory;
  long count;
  int wide;
};

static void *start_of(const struct array *a) { return a->memory + GUARD; }
static double get(const struct array *a, long i) {
  return a->wide ? ((double *)start_of(a))[i] : (double)((float *)start_of(a))[i];
}
static void set(const struct array *a, long i, double value) {
  if (a->wide) ((double *)start_of(a))[i] = value;
  else ((float *)start_of(a))[i] = (float)value;
}
/* Room up to the next multiple of 64 bytes holds NaN, which must not come through. */
static struct array array_of(long count, int wide) {
  long bytes = (count * (wide ? 8 : 4) + 63) / 64 * 64;
  struct array a = {aligned_alloc(64, (size_t)(bytes + 2 * GUARD)), count, wide};
  memset(a.memory, 0xff, (size_t)(bytes + 2 * GUARD));
  return a;
}
static struct array random_array(long count, int wide, int fractions) {
  struct array a = array_of(count, wide);
  for (long i = 0; i < count; i++) set(&a, i, fractions ? (double)any(-1000, 1000) / 997 : (double)any(-4, 4));
  return a;
}
static int guards_hold(const struct array *a) {
  long bytes = a->count * (a->wide ? 8 : 4);
  for (long i = 0; i < GUARD; i++)
    if ((unsigned char)a->memory[i] != 0xff || (unsigned char)a->memory[GUARD + bytes + i] != 0xff) return 0;
  return 1;
}
static void drop(struct array *a) { free(a->memory); }

/* A runtime over POSIX threads ------------------------------------------------------------------------------------------------------ */

enum { MOST = 8 };
static pthread_barrier_t gate;
static void wait_for_all(struct gradus_runtime *rt, long thread, long threads) {
  (void)rt, (void)thread, (void)threads;
  pthread_barrier_wait(&gate);
}
static void *scratch(struct gradus_runtime *rt, long thread, long bytes) {
  static struct {
    void *at;
    long bytes;
  } own[MOST];
  (void)rt;
  if (own[thread].bytes < bytes || !own[thread].at) {
    free(own[thread].at);
    own[thread].bytes = (bytes + 64) / 64 * 64;
    own[thread].at = aligned_alloc(64, (size_t)own[thread].bytes);
  }
  memset(own[thread].at, 0xff, (size_t)bytes);
  return own[thread].at;
}
static void *shared(struct gradus_runtime *rt, long thread, long threads, long bytes) {
  static char *memory;
  static long size;
  if (bytes > size) {
    gradus_barrier(rt, thread, threads);
    if (thread == 0) {
      free(memory);
      memory = aligned_alloc(64, (size_t)((bytes + 63) / 64 * 64));
      size = bytes;
    }
    gradus_barrier(rt, thread, threads);
  }
  return memory;
}
/* Units in any order, to whoever asks. */
static pthread_mutex_t handing = PTHREAD_MUTEX_INITIALIZER;
static int64_t works[MOST], handed_work;
static long handed;
static int64_t units(struct gradus_runtime *rt, long thread) {
  (void)rt;
  return ++works[thread];
}
static long next(struct gradus_runtime *rt, long thread, long threads, long count, int64_t work) {
  (void)rt, (void)thread, (void)threads;
  pthread_mutex_lock(&handing);
  if (work > handed_work) handed_work = work, handed = 0;
  long unit = work == handed_work && handed < count ? handed++ : -1;
  pthread_mutex_unlock(&handing);
  /* Not from first to last. */
  return unit < 0 ? -1 : (unit + work % count) % count;
}
static struct gradus_runtime runtime = {.barrier = wait_for_all, .scratch = scratch, .shared = shared, .units = units, .next = next};

struct part_of_run {
  void (*call)(long thread, long threads, const void *job);
  const void *job;
  long thread, threads;
};
static void *run_part(void *argument) {
  struct part_of_run *p = argument;
  p->call(p->thread, p->threads, p->job);
  return NULL;
}
static void run(void (*call)(long, long, const void *), const void *job, long threads) {
  struct part_of_run parts[MOST];
  pthread_t handles[MOST];
  pthread_barrier_init(&gate, NULL, (unsigned)threads);
  for (long t = 0; t < threads; t++) {
    works[t] = works[0];
    parts[t] = (struct part_of_run){call, job, t, threads};
    if (t > 0) pthread_create(handles + t, NULL, run_part, parts + t);
  }
  run_part(parts);
  for (long t = 1; t < threads; t++) pthread_join(handles[t], NULL);
  pthread_barrier_destroy(&gate);
}

#define CALL(name, type)                                                                                                        \
  static void call_##name(long thread, long threads, const void *job) { name(&runtime, thread, threads, (const struct type *)job); }
CALL(gradus_matmul_f32, gradus_product)
CALL(gradus_matmul_f64, gradus_product)
CALL(gradus_convolution_f32, gradus_convolution)
CALL(gradus_convolution_f64, gradus_convolution)
CALL(gradus_convolution_input_f32, gradus_convolution)
CALL(gradus_convolution_input_f64, gradus_convolution)
CALL(gradus_convolution_filter_f32, gradus_convolution)
CALL(gradus_convolution_filter_f64, gradus_convolution)
CALL(gradus_max_pool_indices_f32, gradus_pooling)
CALL(gradus_max_pool_indices_f64, gradus_pooling)
CALL(gradus_sum_pool_f32, gradus_pooling)
CALL(gradus_sum_pool_f64, gradus_pooling)
CALL(gradus_sum_pool_transpose_f32, gradus_pooling)
CALL(gradus_sum_pool_transpose_f64, gradus_pooling)

/* Stores blocks as result[batch][row][column], adding 1 to each; an element that is finished twice is 1 too large. */
struct collection {
  struct array result;
  long rows, columns;
  long misplaced;
};
static void collect(void *context, void *tile, long stride, long row, long column, long rows, long columns, long batch) {
  struct collection *c = context;
  if ((uintptr_t)tile % 64 != 0) c->misplaced++;
  for (long i = 0; i < rows; i++) {
    for (long j = 0; j < columns; j++) {
      long at = (batch * c->rows + row + i) * c->columns + column + j;
      double value = c->result.wide ? ((double *)tile)[i * stride + j] : (double)((float *)tile)[i * stride + j];
      set(&c->result, at, get(&c->result, at) + value + 1);
      /* The tile is ours. */
      if (c->result.wide) ((double *)tile)[i * stride + j] = 1e9;
      else ((float *)tile)[i * stride + j] = 1e9f;
    }
  }
}

static int compare(const char *what, const struct array *actual, const double *expected) {
  for (long i = 0; i < actual->count; i++) {
    if (get(actual, i) != expected[i]) {
      printf("%s: element %ld of %ld is %g, not %g\n", what, i, actual->count, get(actual, i), expected[i]);
      return 0;
    }
  }
  if (!guards_hold(actual)) {
    printf("%s: wrote outside of the result\n", what);
    return 0;
  }
  return 1;
}
static int same_bits(const char *what, const struct array *a, const struct array *b) {
  if (memcmp(start_of(a), start_of(b), (size_t)(a->count * (a->wide ? 8 : 4))) == 0) return 1;
  long i = 0;
  while (get(a, i) == get(b, i)) i++;
  printf("%s: bits depend on the number of threads: element %ld is %.17g or %.17g\n", what, i, get(a, i), get(b, i));
  return 0;
}

/* Matrix products ------------------------------------------------------------------------------------------------------------------- */

/* Fills in the strides of a stack of `batch` matrices in a random order of axes with random gaps; returns the elements spanned. */
static long layout(long rows, long columns, const long *batch, long depth, long *row, long *column, long *stride, int broadcast) {
  long sizes[8], order[8], strides[8], count = depth + 2;
  for (long d = 0; d < count; d++) {
    sizes[d] = d < depth ? batch[d] : d == depth ? rows : columns;
    order[d] = d;
  }
  if (any(0, 2) > 0) {
    int turned = any(0, 1) > 0;
    order[depth] = turned ? depth + 1 : depth;
    order[depth + 1] = turned ? depth : depth + 1;
  } else {
    for (long d = count - 1; d > 0; d--) {
      long other = any(0, d), kept = order[d];
      order[d] = order[other];
      order[other] = kept;
    }
  }
  long span = any(0, 5) == 0 ? any(1, 3) : 1;
  for (long d = count - 1; d >= 0; d--) {
    long axis = order[d];
    if (broadcast && axis < depth && any(0, 2) == 0) {
      strides[axis] = 0;
      continue;
    }
    strides[axis] = span;
    span = span * sizes[axis] + (any(0, 4) == 0 ? any(0, 5) : 0);
  }
  for (long d = 0; d < depth; d++) stride[d] = strides[d];
  *row = strides[depth];
  *column = strides[depth + 1];
  long last = 0;
  for (long d = 0; d < count; d++) last += strides[d] * (sizes[d] - 1);
  return last + 1;
}

static long some_size(void) {
  switch (any(0, 5)) {
    case 0: return 1;
    case 1: return any(1, 8);
    case 2: return any(90, 130);
    case 3: return any(1, 20) * 8;
    default: return any(1, 60);
  }
}

static int matmul_round(void) {
  struct gradus_product p = {0};
  long batch[3], aBatch[3], bBatch[3], cBatch[3];
  int wide = (int)any(0, 1), finish = any(0, 1) > 0, fractions = any(0, 3) == 0;
  p.m = some_size(), p.n = some_size(), p.k = any(0, 4) == 0 ? any(300, 800) : any(0, 30) == 0 ? 0 : some_size();
  if (any(0, 30) == 0) p.n = any(1000, 1200), p.m = any(1, 20);
  p.depth = any(0, 2) == 0 ? any(1, 3) : 0;
  if (p.depth > 0 && p.m * p.n * p.k > 100000) p.m = any(1, 20), p.k = any(1, 50);
  long count = 1;
  for (long d = 0; d < p.depth; d++) count *= batch[d] = any(1, 3);
  struct array a = random_array(layout(p.m, p.k > 0 ? p.k : 1, batch, p.depth, &p.aRow, &p.aColumn, aBatch, 1), wide, fractions);
  struct array b = random_array(layout(p.k > 0 ? p.k : 1, p.n, batch, p.depth, &p.bRow, &p.bColumn, bBatch, 1), wide, fractions);
  long span = layout(p.m, p.n, batch, p.depth, &p.cRow, &p.cColumn, cBatch, 0);
  p.a = start_of(&a), p.b = start_of(&b);
  p.batch = batch, p.aBatch = aBatch, p.bBatch = bBatch, p.cBatch = cBatch;
  if (finish) {
    span = count * p.m * p.n;
    p.cColumn = 1, p.cRow = p.n;
    for (long d = p.depth - 1, size = p.m * p.n; d >= 0; size *= batch[d], d--) cBatch[d] = size;
  }
  double *expected = malloc((size_t)span * sizeof *expected);
  struct array results[3];
  long teams[3] = {1, any(2, 4), any(5, MOST)};
  for (long i = 0; i < span; i++) expected[i] = finish ? 1 : -77;
  for (long matrix = 0; matrix < count; matrix++) {
    long rest = matrix, aAt = 0, bAt = 0, cAt = 0;
    for (long d = p.depth - 1; d >= 0; rest /= batch[d], d--) {
      long index = rest % batch[d];
      aAt += index * aBatch[d], bAt += index * bBatch[d], cAt += index * cBatch[d];
    }
    for (long i = 0; i < p.m; i++) {
      for (long j = 0; j < p.n; j++) {
        double sum = 0;
        for (long t = 0; t < p.k; t++)
          sum += get(&a, aAt + i * p.aRow + t * p.aColumn) * get(&b, bAt + t * p.bRow + j * p.bColumn);
        expected[cAt + i * p.cRow + j * p.cColumn] = sum + (finish ? 1 : 0);
      }
    }
  }
  int good = 1;
  char what[200];
  for (int team = 0; team < 3; team++) {
    results[team] = array_of(span, wide);
    for (long i = 0; i < span; i++) set(results + team, i, finish ? 0 : -77);
    struct collection collection = {results[team], p.m, p.n, 0};
    p.c = finish ? NULL : start_of(results + team);
    p.finish = finish ? collect : NULL;
    p.context = &collection;
    run(wide ? call_gradus_matmul_f64 : call_gradus_matmul_f32, &p, teams[team]);
    snprintf(what, sizeof what, "%s, %ld x %ld x %ld, a %ld %ld, b %ld %ld, c %ld %ld, depth %ld, threads %ld, finish %d",
             wide ? "f64" : "f32", p.m, p.k, p.n, p.aRow, p.aColumn, p.bRow, p.bColumn, p.cRow, p.cColumn, p.depth, teams[team], finish);
    if (!fractions) good = good && compare(what, results + team, expected);
    else good = good && same_bits(what, results + team, results);
    if (collection.misplaced && good) printf("%s: a tile is not aligned\n", what), good = 0;
  }
  for (long i = 0; fractions && i < span; i++) {
    double error = get(results, i) - expected[i], limit = (wide ? 1e-14 : 3e-6) * (double)(p.k + 1);
    if (good && !(error < limit && error > -limit)) printf("%s: off by %g\n", what, error), good = 0;
  }
  for (int team = 0; team < 3; team++) drop(results + team);
  drop(&a), drop(&b), free(expected);
  return good;
}

/* Convolutions and pooling ---------------------------------------------------------------------------------------------------------- */

struct axis {
  long size, window, count, stride, dilation, low;
};

static struct axis random_axis(long most) {
  for (;;) {
    struct axis a = {.size = any(1, most), .window = any(1, 4), .stride = any(1, 3), .dilation = any(1, 3), .low = any(-2, 5)};
    if (any(0, 1)) a.stride = a.dilation = 1;
    if (any(0, 1)) a.low = a.window / 2;
    long room = a.size + a.low + (any(0, 1) ? a.low : any(-2, 5)) - (a.window - 1) * a.dilation - 1;
    if (room < 0) continue;
    a.count = room / a.stride + 1;
    return a;
  }
}

static void random_axes(struct axis *axes) {
  long rank = any(1, 3);
  for (int d = 0; d < 3; d++) {
    axes[d] = d < 3 - rank ? (struct axis){1, 1, 1, 1, 1, 0} : random_axis(rank == 1 ? 90 : rank == 2 ? 16 : 6);
  }
}

typedef void visitor(void *context, long x, long w, long y);

/* Calls visit with the positions of x and y (examples and space) and of w (kernel element) for every pair that meets. */
static void each_tap(const struct axis *a, long examples, visitor *visit, void *context) {
  for (long n = 0, y = 0; n < examples; n++)
    for (long o0 = 0; o0 < a[0].count; o0++)
      for (long o1 = 0; o1 < a[1].count; o1++)
        for (long o2 = 0; o2 < a[2].count; o2++, y++)
          for (long k0 = 0, w = 0; k0 < a[0].window; k0++)
            for (long k1 = 0; k1 < a[1].window; k1++)
              for (long k2 = 0; k2 < a[2].window; k2++, w++) {
                long p0 = o0 * a[0].stride + k0 * a[0].dilation - a[0].low;
                long p1 = o1 * a[1].stride + k1 * a[1].dilation - a[1].low;
                long p2 = o2 * a[2].stride + k2 * a[2].dilation - a[2].low;
                if (p0 < 0 || p0 >= a[0].size || p1 < 0 || p1 >= a[1].size || p2 < 0 || p2 >= a[2].size) continue;
                visit(context, ((n * a[0].size + p0) * a[1].size + p1) * a[2].size + p2, w, y);
              }
}

struct reference {
  struct array x, w, y;
  long in, out, groups;
  int kind;
  double *sums;
};

static void convolve_tap(void *context, long x, long w, long y) {
  struct reference *r = context;
  for (long g = 0; g < r->groups; g++)
    for (long i = 0; i < r->in; i++)
      for (long o = 0; o < r->out; o++) {
        long xi = (x * r->groups + g) * r->in + i, yo = (y * r->groups + g) * r->out + o;
        long wio = ((w * r->in + i) * r->groups + g) * r->out + o;
        if (r->kind == 0) r->sums[yo] += get(&r->x, xi) * get(&r->w, wio);
        else if (r->kind == 1) r->sums[xi] += get(&r->y, yo) * get(&r->w, wio);
        else r->sums[wio] += get(&r->x, xi) * get(&r->y, yo);
      }
}

static int convolution_round(void) {
  struct axis a[3];
  struct reference r = {0};
  long examples, xs, ws, ys;
  do {
    random_axes(a);
    examples = any(1, 4);
    r.groups = any(0, 2) == 0 ? any(1, 5) : 1;
    r.in = any(0, 1) ? any(1, 6) : any(1, 40);
    r.out = any(0, 1) ? any(1, 6) : any(1, 40);
    if (any(0, 6) == 0) r.groups = any(1, 40), r.in = r.out = 1;
    if (any(0, 20) == 0) r.in = any(60, 200);
    xs = examples * a[0].size * a[1].size * a[2].size * r.groups * r.in;
    ys = examples * a[0].count * a[1].count * a[2].count * r.groups * r.out;
    ws = a[0].window * a[1].window * a[2].window * r.in * r.groups * r.out;
  } while (ys * (ws / (r.groups * r.out)) > 1000000);
  int wide = (int)any(0, 1), finish = any(0, 1) > 0, fractions = any(0, 3) == 0;
  r.kind = (int)any(0, 2);
  struct array *tensors[] = {&r.x, &r.w, &r.y};
  long counts[] = {xs, ws, ys};
  int result = r.kind == 0 ? 2 : r.kind == 1 ? 0 : 1;
  for (int i = 0; i < 3; i++)
    if (i != result) *tensors[i] = random_array(counts[i], wide, fractions);
  long span = counts[result];
  r.sums = calloc((size_t)span, sizeof *r.sums);
  each_tap(a, examples, convolve_tap, &r);

  struct gradus_convolution c = {.examples = examples, .groups = r.groups, .channelsIn = r.in, .channelsOut = r.out};
  for (int d = 0; d < 3; d++) {
    c.input[d] = a[d].size, c.kernel[d] = a[d].window, c.output[d] = a[d].count;
    c.stride[d] = a[d].stride, c.dilation[d] = a[d].dilation, c.low[d] = a[d].low;
  }
  c.a = start_of(r.kind == 1 ? &r.y : &r.x);
  c.b = start_of(r.kind == 2 ? &r.y : &r.w);
  void (*calls[3][2])(long, long, const void *) = {{call_gradus_convolution_f32, call_gradus_convolution_f64},
                                                   {call_gradus_convolution_input_f32, call_gradus_convolution_input_f64},
                                                   {call_gradus_convolution_filter_f32, call_gradus_convolution_filter_f64}};
  long columns = r.groups * (r.kind == 1 ? r.in : r.out), teams[3] = {1, any(2, 4), any(5, MOST)};
  struct array results[3];
  char what[300];
  int good = 1;
  for (long i = 0; i < span; i++) r.sums[i] += finish;
  for (int team = 0; team < 3; team++) {
    results[team] = array_of(span, wide);
    for (long i = 0; i < span; i++) set(results + team, i, finish ? 0 : -77);
    struct collection collection = {results[team], 0, columns, 0};
    c.result = finish ? NULL : start_of(results + team);
    c.finish = finish ? collect : NULL;
    c.context = &collection;
    run(calls[r.kind][wide], &c, teams[team]);
    int length = snprintf(what, sizeof what, "%s %s, %ld examples, %ld groups of %ld to %ld, threads %ld, finish %d",
                          (const char *[]){"forward", "input", "filter"}[r.kind], wide ? "f64" : "f32", examples, r.groups, r.in, r.out,
                          teams[team], finish);
    for (int d = 0; d < 3; d++) {
      length += snprintf(what + length, sizeof what - (size_t)length, "; %ld to %ld, window %ld, stride %ld, dilation %ld, low %ld",
                         a[d].size, a[d].count, a[d].window, a[d].stride, a[d].dilation, a[d].low);
    }
    if (!fractions) good = good && compare(what, results + team, r.sums);
    else good = good && same_bits(what, results + team, results);
    if (collection.misplaced && good) printf("%s: a tile is not aligned\n", what), good = 0;
  }
  for (long i = 0; fractions && i < span; i++) {
    double error = get(results, i) - r.sums[i], limit = (wide ? 1e-12 : 1e-3);
    if (good && !(error < limit && error > -limit)) printf("%s: off by %g\n", what, error), good = 0;
  }
  for (int team = 0; team < 3; team++) drop(results + team);
  for (int i = 0; i < 3; i++)
    if (i != result) drop(tensors[i]);
  free(r.sums);
  return good;
}

struct pooled {
  struct array x;
  long channels;
  int kind;
  double *y;
};

static void pool_tap(void *context, long x, long w, long y) {
  struct pooled *p = context;
  (void)w;
  for (long c = 0; c < p->channels; c++) {
    long tensor = x * p->channels + c, window = y * p->channels + c;
    if (p->kind == 1) p->y[window] += get(&p->x, tensor);
    else if (p->kind == 2) p->y[tensor] += get(&p->x, window);
    else {
      double best = p->y[window] < 0 ? 0 : get(&p->x, (long)p->y[window]);
      if (p->y[window] < 0 || (best == best && !(get(&p->x, tensor) <= best))) p->y[window] = (double)tensor;
    }
  }
}

static int pooling_round(void) {
  struct axis a[3];
  random_axes(a);
  long examples = any(1, 4);
  int wide = (int)any(0, 1);
  struct pooled r = {.channels = any(1, 40), .kind = (int)any(0, 2)};
  long xs = examples * a[0].size * a[1].size * a[2].size * r.channels, ys = examples * a[0].count * a[1].count * a[2].count * r.channels;
  long from = r.kind == 2 ? ys : xs, to = r.kind == 2 ? xs : ys;
  r.x = random_array(from, wide, 0);
  if (r.kind == 0)
    for (long i = 0; i < from; i++)
      if (any(0, 15) == 0) set(&r.x, i, any(0, 1) ? __builtin_nan("") : -__builtin_inf());
  r.y = calloc((size_t)to, sizeof *r.y);
  for (long i = 0; i < to; i++) r.y[i] = r.kind == 0 ? -1 : 0;
  each_tap(a, examples, pool_tap, &r);
  struct gradus_pooling p = {.examples = examples, .channels = r.channels, .x = start_of(&r.x)};
  for (int d = 0; d < 3; d++) {
    p.input[d] = a[d].size, p.window[d] = a[d].window, p.output[d] = a[d].count;
    p.stride[d] = a[d].stride, p.dilation[d] = a[d].dilation, p.low[d] = a[d].low;
  }
  void (*calls[3][2])(long, long, const void *) = {{call_gradus_max_pool_indices_f32, call_gradus_max_pool_indices_f64},
                                                   {call_gradus_sum_pool_f32, call_gradus_sum_pool_f64},
                                                   {call_gradus_sum_pool_transpose_f32, call_gradus_sum_pool_transpose_f64}};
  int good = 1;
  for (long threads = 1; threads <= 4 && good; threads += any(1, 3)) {
    /* Indices are of 32 bits. */
    struct array y = array_of(to, r.kind == 0 ? 0 : wide);
    p.y = start_of(&y);
    run(calls[r.kind][wide], &p, threads);
    if (r.kind == 0) {
      const int32_t *indices = start_of(&y);
      for (long i = 0; i < to; i++) {
        int32_t index = indices[i];
        set(&y, i, (double)index);
      }
    }
    char what[300];
    int length = snprintf(what, sizeof what, "%s %s, %ld examples, %ld channels, threads %ld",
                          (const char *[]){"max", "sum", "transpose"}[r.kind], wide ? "f64" : "f32", examples, r.channels, threads);
    for (int d = 0; d < 3; d++) {
      length += snprintf(what + length, sizeof what - (size_t)length, "; %ld to %ld, window %ld, stride %ld, dilation %ld, low %ld",
                         a[d].size, a[d].count, a[d].window, a[d].stride, a[d].dilation, a[d].low);
    }
    good = compare(what, &y, r.y);
    drop(&y);
  }
  drop(&r.x), free(r.y);
  return good;
}

int main(int count, char **arguments) {
  const struct {
    const char *name;
    int (*round)(void);
  } facts[] = {
      {"matmul", matmul_round},
      {"convolution", convolution_round},
      {"pooling", pooling_round},
  };
  if (count != 4) return 2;
  state = strtoull(arguments[2], NULL, 10);
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
    if (strcmp(arguments[1], facts[i].name) != 0) continue;
    for (long r = strtol(arguments[3], NULL, 10); r > 0; r--)
      if (!facts[i].round()) return 1;
    printf("ok\n");
    return 0;
  }
  return 2;
}
