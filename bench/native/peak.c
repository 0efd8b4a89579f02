// What the processor can do at most, on as many threads: multiply-adds per second from registers, and bytes per second from memory.
// Usage: peak THREADS. Prints a line of JSON.

#include <pthread.h>
#include <stdio.h>
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

typedef float floats __attribute__((vector_size(BYTES)));
typedef double doubles __attribute__((vector_size(BYTES)));

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Twelve chains hide the latency of two units; the results depend on all of them, so none is left out.
#define CHAINS 12
#define ROUNDS 400000L
#define MULTIPLY_ADDS(NAME, VECTOR, SCALAR)                                   \
  static double NAME(void) {                                                  \
    VECTOR sums[CHAINS], factor, term;                                        \
    volatile SCALAR seed = (SCALAR)0.999;                                     \
    for (unsigned i = 0; i < BYTES / sizeof(SCALAR); i++) {                   \
      factor[i] = seed;                                                       \
      term[i] = (SCALAR)1 - seed;                                             \
      for (int c = 0; c < CHAINS; c++) sums[c][i] = (SCALAR)c;                \
    }                                                                         \
    double best = 0;                                                          \
    for (int round = 0; round < 40; round++) {                                \
      double begin = now();                                                   \
      for (long n = 0; n < ROUNDS; n++)                                       \
        for (int c = 0; c < CHAINS; c++) sums[c] = sums[c] * factor + term;   \
      double seconds = now() - begin;                                         \
      double rate = 2.0 * ROUNDS * CHAINS * (BYTES / sizeof(SCALAR)) / seconds; \
      if (rate > best) best = rate;                                           \
    }                                                                         \
    volatile SCALAR sink = 0;                                                 \
    for (int c = 0; c < CHAINS; c++) sink += sums[c][0];                      \
    return best;                                                              \
  }

MULTIPLY_ADDS(peak_floats, floats, float)
MULTIPLY_ADDS(peak_doubles, doubles, double)

// y = x + s z over 64 MiB each: two reads and a write, as elementwise kernels have them.
#define LENGTH (16L << 20)
static double bandwidth(void) {
  float *x = malloc(LENGTH * 4), *y = malloc(LENGTH * 4), *z = malloc(LENGTH * 4);
  memset(x, 0, LENGTH * 4);
  memset(y, 0, LENGTH * 4);
  memset(z, 0, LENGTH * 4);
  volatile float seed = 1.5f;
  double best = 0;
  for (int round = 0; round < 8; round++) {
    float s = seed;
    double begin = now();
    for (long i = 0; i < LENGTH; i++) y[i] = x[i] + s * z[i];
    double rate = 3.0 * LENGTH * 4 / (now() - begin);
    if (rate > best) best = rate;
    seed = y[round];
  }
  free(x);
  free(y);
  free(z);
  return best;
}

struct figures {
  double floats, doubles, bandwidth;
};

static pthread_barrier_t together;

static void *measure(void *result) {
  struct figures *f = result;
  pthread_barrier_wait(&together);
  f->floats = peak_floats();
  pthread_barrier_wait(&together);
  f->doubles = peak_doubles();
  pthread_barrier_wait(&together);
  f->bandwidth = bandwidth();
  return NULL;
}

int main(int count, char **words) {
  int threads = count > 1 ? atoi(words[1]) : 1;
  pthread_t ids[64];
  struct figures figures[64], sum = {0, 0, 0};
  if (threads < 1 || threads > 64) return 2;
  pthread_barrier_init(&together, NULL, (unsigned)threads);
  for (int i = 0; i < threads; i++) pthread_create(&ids[i], NULL, measure, &figures[i]);
  for (int i = 0; i < threads; i++) {
    pthread_join(ids[i], NULL);
    sum.floats += figures[i].floats;
    sum.doubles += figures[i].doubles;
    sum.bandwidth += figures[i].bandwidth;
  }
  printf("{\"float32\":%.4g,\"float64\":%.4g,\"bandwidth\":%.4g}\n", sum.floats, sum.doubles, sum.bandwidth);
  return 0;
}
