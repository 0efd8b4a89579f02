/*
 * How fast the kernels of the native engine are, shape by shape: GFLOP/s (a multiply-add is two), and the share of the processor's
 * peak, which is measured first. From the repository's root:
 *
 *   R=src/engines/native/runtime; cc -O3 -march=native -I$R bench/micro/native.c $R/{tiles,gemm,convolution,pooling}.c -lm -o /tmp/native
 *   taskset -c 1 /tmp/native [filter]
 */
#include "library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Time of the processor, not of the clock: the machine may be shared. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *own(struct gradus_runtime *rt, long thread, long bytes) {
  static void *memory;
  static long size;
  (void)rt, (void)thread;
  if (bytes > size) {
    free(memory);
    size = (bytes + 63) / 64 * 64;
    memory = aligned_alloc(64, (size_t)size);
  }
  return memory;
}
static void *shared(struct gradus_runtime *rt, long thread, long threads, long bytes) {
  static char memory[1 << 24] __attribute__((aligned(64)));
  (void)rt, (void)thread, (void)threads;
  if (bytes > (long)sizeof memory) abort();
  return memory;
}
static double spell = 0.2;
static struct gradus_runtime runtime = {.scratch = own, .shared = shared};

/* Seconds of one call, the best of many short runs: other programs may share the machine. */
static double best(void (*call)(const void *), const void *job) {
  double shortest = 1e9, start = now();
  long times = 1;
  for (;;) {
    double before = now();
    for (long i = 0; i < times; i++) call(job);
    double spent = now() - before;
    if (spent < 5e-4) times *= 2;
    else if (spent / (double)times < shortest) shortest = spent / (double)times;
    if (now() - start > spell && shortest < 1e8) return shortest;
  }
}

/* Multiply-adds of registers alone. */
#define ALL(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11)
#define START(r) s##r = {0},
#define STEP(r) s##r += x * y; __asm__ volatile("" : "+" REGISTER (s##r));
#if defined(__aarch64__)
#define REGISTER "w"
#else
#define REGISTER "x"
#endif
#define PEAK(name, type)                                                                                                        \
  typedef type name##_vector __attribute__((vector_size(VECTOR)));                                                              \
  static void name(const void *job) {                                                                                           \
    name##_vector ALL(START) x = {0}, y = {0};                                                                                  \
    for (long i = 0; i < *(const long *)job; i++) {                                                                             \
      __asm__ volatile("" : "+" REGISTER (x), "+" REGISTER (y));                                                                  \
      ALL(STEP)                                                                                                                 \
    }                                                                                                                           \
  }
#if defined(__AVX512F__)
#define VECTOR 64
#elif defined(__AVX__)
#define VECTOR 32
#else
#define VECTOR 16
#endif
PEAK(peak_f32, float)
PEAK(peak_f64, double)

static void matmul_f32(const void *job) { gradus_matmul_f32(&runtime, 0, 1, job); }
static void matmul_f64(const void *job) { gradus_matmul_f64(&runtime, 0, 1, job); }
static void convolution_f32(const void *job) { gradus_convolution_f32(&runtime, 0, 1, job); }
static void convolution_input_f32(const void *job) { gradus_convolution_input_f32(&runtime, 0, 1, job); }
static void convolution_filter_f32(const void *job) { gradus_convolution_filter_f32(&runtime, 0, 1, job); }

static double sink;
static void finish_f32(void *context, void *tile, long stride, long row, long column, long rows, long columns, long batch) {
  (void)context, (void)row, (void)column, (void)batch;
  float *t = tile;
  for (long i = 0; i < rows; i++)
    for (long j = 0; j < columns; j++) t[i * stride + j] = t[i * stride + j] > 0 ? t[i * stride + j] : 0;
  sink += t[0];
}

struct shape {
  const char *name;
  long m, k, n, batch;
  const char *layout;
};

static const struct shape shapes[] = {
    {"spiral layer 2", 64, 32, 32, 1, "nn"},
    {"spiral weights", 32, 64, 32, 1, "tn"},
    {"mlp128 layer 1", 64, 784, 128, 1, "nn"},
    {"mlp128 weights 1", 784, 64, 128, 1, "tn"},
    {"mlp128 layer 2", 64, 128, 10, 1, "nn"},
    {"mlp128 weights 2", 128, 64, 10, 1, "tn"},
    {"mlp128 input 2", 64, 10, 128, 1, "nt"},
    {"mlp512 layer 1", 128, 784, 512, 1, "nn"},
    {"mlp512 weights 1", 784, 128, 512, 1, "tn"},
    {"mlp512 layer 2", 128, 512, 512, 1, "nn"},
    {"mlp512 weights 2", 512, 128, 512, 1, "tn"},
    {"mlp512 input 2", 128, 512, 512, 1, "nt"},
    {"mlp512 input 3", 128, 10, 512, 1, "nt"},
    {"gpt projection", 512, 128, 384, 1, "nn"},
    {"gpt projection w", 128, 512, 384, 1, "tn"},
    {"gpt projection x", 512, 384, 128, 1, "nt"},
    {"gpt up", 512, 128, 512, 1, "nn"},
    {"gpt down", 512, 512, 128, 1, "nn"},
    {"gpt scores", 64, 32, 64, 32, "nt"},
    {"gpt mix", 64, 64, 32, 32, "nn"},
    {"gpt mix, values", 64, 64, 32, 32, "tn"},
    {"gru step", 32, 64, 192, 1, "nn"},
    {"gru step input", 32, 192, 64, 1, "nt"},
    {"gru weights", 64, 32, 192, 1, "tn"},
    {"hvp layer 1", 256, 64, 128, 1, "nn"},
    {"cnn last", 64, 1568, 10, 1, "nn"},
    {"cnn last weights", 1568, 64, 10, 1, "tn"},
    {"cnn last input", 64, 10, 1568, 1, "nt"},
    {"infer1 layer 1", 1, 784, 128, 1, "nn"},
    {"infer1 transposed", 1, 784, 128, 1, "nt"},
    {"batch 4, wide", 4, 512, 512, 1, "nn"},
    {"batch 16, wide", 16, 512, 512, 1, "nn"},
    {"logreg", 10000, 100, 1, 1, "nn"},
    {"logreg weights", 100, 10000, 1, 1, "tn"},
    {"tall", 16, 20000, 16, 1, "tn"},
    {"square 64", 64, 64, 64, 1, "nn"},
    {"square 128", 128, 128, 128, 1, "nn"},
    {"square 256", 256, 256, 256, 1, "nn"},
    {"square 512", 512, 512, 512, 1, "nn"},
    {"square 1024", 1024, 1024, 1024, 1, "nn"},
    {"square 1024 nt", 1024, 1024, 1024, 1, "nt"},
    {"square 2048", 2048, 2048, 2048, 1, "nn"},
};

static double rate(const struct shape *s, int wide, gradus_finish finish, double *seconds) {
  size_t size = wide ? 8 : 4;
  size_t counts[] = {(size_t)(s->batch * s->m * s->k), (size_t)(s->batch * s->k * s->n), (size_t)(s->batch * s->m * s->n)};
  void *data[3];
  for (int i = 0; i < 3; i++) {
    data[i] = aligned_alloc(64, (counts[i] * size + 127) / 64 * 64);
    for (size_t j = 0; j < counts[i]; j++) {
      double value = (double)(j * 7919 % 1000) / 1000 - 0.5;
      if (wide) ((double *)data[i])[j] = value;
      else ((float *)data[i])[j] = (float)value;
    }
  }
  long strides[] = {s->m * s->k, s->k * s->n, s->m * s->n};
  int ta = s->layout[0] == 't', tb = s->layout[1] == 't';
  struct gradus_product p = {
      .m = s->m, .n = s->n, .k = s->k, .depth = 1, .batch = &s->batch, .aBatch = strides, .bBatch = strides + 1,
      .cBatch = strides + 2, .a = data[0], .b = data[1], .c = finish ? NULL : data[2], .aRow = ta ? 1 : s->k, .aColumn = ta ? s->m : 1,
      .bRow = tb ? 1 : s->n, .bColumn = tb ? s->k : 1, .cRow = s->n, .cColumn = 1, .finish = finish};
  *seconds = best(wide ? matmul_f64 : matmul_f32, &p);
  for (int i = 0; i < 3; i++) free(data[i]);
  return 2e-9 * (double)(s->m * s->n * s->k * s->batch) / *seconds;
}

struct layer {
  const char *name;
  long examples, size, in, out, window;
};

static const struct layer layers[] = {
    {"conv 28×28×1→16", 64, 28, 1, 16, 3},
    {"conv 14×14×16→32", 64, 14, 16, 32, 3},
    {"conv 56×56×64→64", 1, 56, 64, 64, 3},
    {"conv 14×14×256→256", 1, 14, 256, 256, 3},
};

int main(int count, char **arguments) {
  const char *filter = count > 1 ? arguments[1] : "";
  long rounds = 20000;
  double flops = (double)rounds * 12 * 2 * VECTOR;
  double single = 1e-9 * flops / 4 / best(peak_f32, &rounds), wide = 1e-9 * flops / 8 / best(peak_f64, &rounds);
  printf("peak: %.1f GFLOP/s float, %.1f double\n", single, wide);
  printf("%-20s %-16s %9s %8s %5s %14s %14s\n", "product", "m×k×n", "µs", "GFLOP/s", "peak", "with finish", "double");
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const struct shape *s = shapes + i;
    if (!strstr(s->name, filter)) continue;
    double seconds, other, f = rate(s, 0, NULL, &seconds), e = rate(s, 0, finish_f32, &other), d = rate(s, 1, NULL, &other);
    char size[40];
    snprintf(size, sizeof size, "%ldx%ldx%ld %s", s->m, s->k, s->n, s->layout);
    printf("%-20s %-16s %9.2f %8.1f %4.0f%% %8.1f %4.0f%% %8.1f %4.0f%%\n", s->name, size, 1e6 * seconds, f, 100 * f / single, e,
           100 * e / single, d, 100 * d / wide);
  }
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
    const struct layer *l = layers + i;
    if (!strstr(l->name, filter)) continue;
    size_t xs = (size_t)(l->examples * l->size * l->size * l->in), ys = (size_t)(l->examples * l->size * l->size * l->out);
    size_t ws = (size_t)(l->window * l->window * l->in * l->out);
    float *x = aligned_alloc(64, (xs * 4 + 127) / 64 * 64), *w = aligned_alloc(64, (ws * 4 + 127) / 64 * 64);
    float *y = aligned_alloc(64, (ys * 4 + 127) / 64 * 64);
    for (size_t j = 0; j < xs; j++) x[j] = (float)(j * 7919 % 1000) / 1000 - 0.5f;
    for (size_t j = 0; j < ws; j++) w[j] = (float)(j * 7919 % 1000) / 1000 - 0.5f;
    for (size_t j = 0; j < ys; j++) y[j] = (float)(j * 7919 % 1000) / 1000 - 0.5f;
    struct gradus_convolution c = {.examples = l->examples, .groups = 1, .channelsIn = l->in, .channelsOut = l->out,
                                   .input = {1, l->size, l->size}, .kernel = {1, l->window, l->window}, .output = {1, l->size, l->size},
                                   .stride = {1, 1, 1}, .dilation = {1, 1, 1}, .low = {0, l->window / 2, l->window / 2}};
    double work = 2e-9 * (double)(l->examples * l->size * l->size * l->window * l->window * l->in * l->out);
    c.a = x, c.b = w, c.result = y;
    double forward = best(convolution_f32, &c);
    c.result = NULL, c.finish = finish_f32;
    double finished = best(convolution_f32, &c);
    c.a = y, c.b = w, c.result = x, c.finish = NULL;
    double input = best(convolution_input_f32, &c);
    c.a = x, c.b = y, c.result = w;
    double weights = best(convolution_filter_f32, &c);
    printf("%-20s forward %8.1f µs %5.1f GFLOP/s, with finish %5.1f; input %8.1f µs %5.1f; filter %8.1f µs %5.1f\n", l->name, 1e6 * forward,
           work / forward, work / finished, 1e6 * input, work / input, 1e6 * weights, work / weights);
    free(x), free(w), free(y);
  }
  return sink == 0.123 ? 1 : 0;
}
