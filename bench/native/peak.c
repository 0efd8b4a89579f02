// What the processor can do at most, on as many threads: multiply-adds per second from registers, and bytes per second from memory.
// Usage: peak THREADS. Prints a line of JSON.

#include "../../src/engines/native/runtime/peaks.c"

#include <pthread.h>
#include <stdio.h>

struct figures {
  double floats, doubles, bandwidth;
};

static pthread_barrier_t together;

static void *measure(void *result) {
  struct figures *f = result;
  pthread_barrier_wait(&together);
  f->floats = gradus_peak_f32(40);
  pthread_barrier_wait(&together);
  f->doubles = gradus_peak_f64(40);
  pthread_barrier_wait(&together);
  f->bandwidth = gradus_peak_bytes(8);
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
