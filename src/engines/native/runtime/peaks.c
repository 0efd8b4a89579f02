/*
 * What the processor can do at most, on one thread: multiply-adds from registers, counted as two operations, and bytes through memory,
 * per second, the best of some rounds. A library of its own, for profiles; bench/native/peak.c includes it for several threads.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif

#if defined(_WIN32)
#define PEAK __declspec(dllexport) double
#else
#define PEAK __attribute__((visibility("default"))) double
#endif

typedef float floats __attribute__((vector_size(BYTES)));
typedef double doubles __attribute__((vector_size(BYTES)));

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Twelve chains hide the latency of two units; the result depends on all of them, so none is left out. */
#define CHAINS 12
#define STEPS 400000L
#define MULTIPLY_ADDS(NAME, VECTOR, SCALAR)                                   \
  PEAK NAME(int rounds) {                                                     \
    VECTOR sums[CHAINS], factor, term;                                        \
    volatile SCALAR seed = (SCALAR)0.999;                                     \
    for (unsigned i = 0; i < BYTES / sizeof(SCALAR); i++) {                   \
      factor[i] = seed;                                                       \
      term[i] = (SCALAR)1 - seed;                                             \
      for (int c = 0; c < CHAINS; c++) sums[c][i] = (SCALAR)c;                \
    }                                                                         \
    double best = 0;                                                          \
    for (int round = 0; round < rounds; round++) {                            \
      double begin = seconds_now();                                           \
      for (long n = 0; n < STEPS; n++)                                        \
        for (int c = 0; c < CHAINS; c++) sums[c] = sums[c] * factor + term;   \
      double seconds = seconds_now() - begin;                                 \
      double rate = 2.0 * STEPS * CHAINS * (BYTES / sizeof(SCALAR)) / seconds; \
      if (rate > best) best = rate;                                           \
    }                                                                         \
    volatile SCALAR sink = 0;                                                 \
    for (int c = 0; c < CHAINS; c++) sink += sums[c][0];                      \
    return best;                                                              \
  }

MULTIPLY_ADDS(gradus_peak_f32, floats, float)
MULTIPLY_ADDS(gradus_peak_f64, doubles, double)

/* y = x + s z over 64 MiB each: two reads and a write, as elementwise kernels have them. 0: there is no memory. */
#define LENGTH (16L << 20)
PEAK gradus_peak_bytes(int rounds) {
  float *x = malloc(LENGTH * 4), *y = malloc(LENGTH * 4), *z = malloc(LENGTH * 4);
  double best = 0;
  if (x && y && z) {
    memset(x, 0, LENGTH * 4);
    memset(y, 0, LENGTH * 4);
    memset(z, 0, LENGTH * 4);
    volatile float seed = 1.5f;
    for (int round = 0; round < rounds; round++) {
      float s = seed;
      double begin = seconds_now();
      for (long i = 0; i < LENGTH; i++) y[i] = x[i] + s * z[i];
      double rate = 3.0 * LENGTH * 4 / (seconds_now() - begin);
      if (rate > best) best = rate;
      seed = y[round];
    }
  }
  free(x);
  free(y);
  free(z);
  return best;
}
