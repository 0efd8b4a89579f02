/*
 * What generated programs and the runtime library share. The library (all the .c files beside this one) is compiled once on a
 * machine, a program is one generated translation unit; both include this file. A program is not linked with the library: it
 * reaches it through the table of functions in `struct gradus_runtime`, which every call carries.
 *
 * Threads (SPMD): all threads run the whole program, gradus_run(memory, thread, threads, rt), on the same memory; thread 0 is the
 * one that JavaScript called from. A launch is done by thread 0 alone, or divided: each thread computes its own part of the
 * results. The program places the barriers (gradus_barrier) between launches that depend on each other; a function of the
 * library that is called by all threads needs none inside unless it says so, and returns when its own part is done.
 * With threads == 1 a barrier costs nothing. The number of threads may change from run to run and must not change a bit.
 *
 * Memory: every buffer starts at a multiple of 64 bytes and has room up to the next multiple, so that whole vectors may be read
 * past its end (what lies there means nothing). Kernels keep less than 256 KiB on the stack: for more there is gradus_scratch.
 *
 * Strides, sizes and offsets count elements, not bytes, unless they say otherwise.
 */
#ifndef GRADUS_H
#define GRADUS_H

#include <stddef.h>
#include <stdint.h>

/* Counted up when anything below changes its layout or meaning. (The cache keys contain the text of this file besides.) */
#define GRADUS_ABI 3

struct gradus_runtime;

/*
 * Called by a product for each finished block: `tile` holds rows × columns finished elements (float or double), `stride` elements
 * from row to row, the first of which is element (row, column) of matrix `batch` of the result. Blocks partition the result, each is
 * finished by one call on one thread, in any order; the tile may be overwritten. Of a convolution, rows are all positions of the
 * output (example and space), columns its channels, and batch is 0.
 */
typedef void (*gradus_finish)(void *context, void *tile, long stride, long row, long column, long rows, long columns, long batch);

/*
 * C[b, i, j] = Σ_k A[b, i, k] · B[b, k, j] for a batch of `depth` dimensions, row-major: matrix b of A starts at a + Σ_d
 * aBatch[d] · index[d], and so on. With `finish` the product goes there; without, it is stored in c.
 */
struct gradus_product {
  long m, n, k;
  long depth;
  const long *batch, *aBatch, *bBatch, *cBatch;
  const void *a, *b;
  void *c;
  long aRow, aColumn, bRow, bColumn, cRow, cColumn;
  gradus_finish finish;
  void *context;
};

/*
 * The three convolutions, channels last: x [examples, input…, groups · channelsIn], w [kernel…, channelsIn, groups · channelsOut],
 * y [examples, output…, groups · channelsOut]; channelsIn and channelsOut are those of one group. Always three spatial axes, the
 * leading ones of size 1 where there are fewer (stride and dilation 1, padding 0). `low` is the padding before the first element.
 *   forward          a = x, b = w, result y
 *   input gradient   a = y, b = w, result x
 *   filter gradient  a = x, b = y, result w (rows of its epilogue: kernel position and input channel)
 * With `finish` the result goes there; without, it is stored in `result`.
 */
struct gradus_convolution {
  long examples, groups, channelsIn, channelsOut;
  long input[3], kernel[3], output[3], stride[3], dilation[3], low[3];
  const void *a, *b;
  void *result;
  gradus_finish finish;
  void *context;
};

/*
 * Pooling over windows, channels last: tensor [examples, input…, channels], windows [examples, output…, channels]; three spatial
 * axes as above. What lies in the padding does not exist.
 */
struct gradus_pooling {
  long examples, channels;
  long input[3], window[3], output[3], stride[3], dilation[3], low[3];
  const void *x;
  void *y;
};

typedef void gradus_product_function(struct gradus_runtime *rt, long thread, long threads, const struct gradus_product *p);
typedef void gradus_convolution_function(struct gradus_runtime *rt, long thread, long threads, const struct gradus_convolution *c);
typedef void gradus_pooling_function(struct gradus_runtime *rt, long thread, long threads, const struct gradus_pooling *p);

/*
 * One per JavaScript thread. The kernels are in libraries of their own, which are compiled and loaded when a program is whose source
 * calls one of them, by the words rt->matmul_f32 and the like; the pointers of all others are NULL. All threads of a run call a
 * kernel with the same arguments, each with its own number.
 */
struct gradus_runtime {
  /*
   * Whether a host call has thrown: what follows is garbage, and loops that depend on it must end. `thrown` is set at once, for the
   * first thread; `failed` by the next barrier, so that all threads find out at the same point. See gradus_failed.
   */
  int32_t thrown;
  volatile int32_t failed;
  int32_t abi;

  /* The pool's barrier; call gradus_barrier. */
  void (*barrier)(struct gradus_runtime *rt, long thread, long threads);
  /*
   * At least `bytes` of memory of this thread, 64-byte aligned, until its next call of scratch; what it holds is undefined. A function
   * of the library may use it for its own duration; so may a kernel that calls no function of the library meanwhile.
   */
  void *(*scratch)(struct gradus_runtime *rt, long thread, long bytes);
  /* The same, but one block for all threads. All call it, with the same size; it contains a barrier when it has to grow. */
  void *(*shared)(struct gradus_runtime *rt, long thread, long threads, long bytes);
  /*
   * Computes an operation in JavaScript: `call` is its number in the program's list, `operands` its addresses (inputs, then
   * outputs, which arrive zeroed; at most 64). Thread 0 only. Use gradus_host.
   */
  int32_t (*host)(struct gradus_runtime *rt, int32_t call, int32_t count, char *const *operands);

  gradus_product_function *matmul_f32, *matmul_f64;
  gradus_convolution_function *convolution_f32, *convolution_f64;
  gradus_convolution_function *convolution_input_f32, *convolution_input_f64;
  gradus_convolution_function *convolution_filter_f32, *convolution_filter_f64;
  gradus_pooling_function *max_pool_indices_f32, *max_pool_indices_f64;
  gradus_pooling_function *sum_pool_f32, *sum_pool_f64;
  gradus_pooling_function *sum_pool_transpose_f32, *sum_pool_transpose_f64;

  /*
   * Units of work that threads take as they come to them, so that one on a slower or busier processor does fewer. All threads call
   * `units` where the work begins, for its number, and then `next` until that returns -1; each unit is handed out once, those of a thread's
   * own part first. Use gradus_units.
   */
  int64_t (*units)(struct gradus_runtime *rt, long thread);
  long (*next)(struct gradus_runtime *rt, long thread, long threads, long count, int64_t work);

  /* The library's own: memory handed out by scratch and shared; the run's memory; how JavaScript is called. */
  struct gradus_memory *memory;
  char *base;
  int32_t (*call)(int32_t call);
  double *arguments;
};

/* The entry of a program, gradus_run. */
typedef void gradus_program(char *memory, long thread, long threads, struct gradus_runtime *rt);
#if defined(_WIN32)
#define GRADUS_EXPORT __declspec(dllexport)
#else
#define GRADUS_EXPORT __attribute__((visibility("default")))
#endif
GRADUS_EXPORT gradus_program gradus_run;

/* Waits until all threads of the run are here; what each wrote before is visible to all after. */
static inline void gradus_barrier(struct gradus_runtime *rt, long thread, long threads) {
  if (threads > 1) rt->barrier(rt, thread, threads);
}

/* A host call, by thread 0; the others must not read what it writes before the next barrier. */
static inline void gradus_host(struct gradus_runtime *rt, long call, long count, char *const *operands) {
  if (!rt->thrown && rt->host(rt, (int32_t)call, (int32_t)count, operands) != 0) rt->thrown = 1;
}

/* For conditions of loops: a run that has failed leaves them, all threads that run the loop at the same round. */
static inline int gradus_failed(const struct gradus_runtime *rt, long threads) {
  return threads > 1 ? rt->failed != 0 : rt->thrown != 0;
}

/* The part [*from, *to) of `count` results that a thread computes, cut at multiples of `grain`: equal parts but for the last. */
static inline void gradus_part(long count, long grain, long thread, long threads, long *from, long *to) {
  long pieces = (count + grain - 1) / grain;
  long start = pieces * thread / threads * grain, end = pieces * (thread + 1) / threads * grain;
  *from = start < count ? start : count;
  *to = end < count ? end : count;
}

/* Units 0 ..< count that no two threads get: `struct gradus_units u = gradus_units(rt, thread, threads, count); while (gradus_next(&u)) … u.unit`. */
struct gradus_units {
  struct gradus_runtime *rt;
  long thread, threads, count, unit;
  int64_t work;
};

/* More units than a thread counts are its fixed part. */
#define GRADUS_MOST_UNITS (1l << 20)

static inline struct gradus_units gradus_units(struct gradus_runtime *rt, long thread, long threads, long count) {
  struct gradus_units u = {rt, thread, threads, count, -1, -1};
  if (threads > 1 && count <= GRADUS_MOST_UNITS) {
    u.work = rt->units(rt, thread);
  } else {
    gradus_part(count, 1, thread, threads, &u.unit, &u.count);
    u.unit--;
  }
  return u;
}

static inline int gradus_next(struct gradus_units *u) {
  if (u->work >= 0) return (u->unit = u->rt->next(u->rt, u->thread, u->threads, u->count, u->work)) >= 0;
  return ++u->unit < u->count;
}

#endif
