/* The table of functions that programs get. */
#include "library.h"

#include <stdlib.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

EXPORT int32_t gradus_abi(void) { return GRADUS_ABI; }

/* NULL: there is no memory. */
EXPORT struct gradus_runtime *gradus_runtime_create(int32_t (*host)(int32_t call, int32_t count, char *const *operands)) {
  struct gradus_runtime *rt = calloc(1, sizeof *rt);
  if (!rt) return NULL;
  rt->memory = gradus_memory_create();
  if (!rt->memory) {
    free(rt);
    return NULL;
  }
  rt->abi = GRADUS_ABI;
  rt->barrier = gradus_pool_barrier;
  rt->scratch = gradus_memory_scratch;
  rt->shared = gradus_memory_shared;
  rt->host = host;
  return rt;
}

EXPORT void gradus_runtime_destroy(struct gradus_runtime *rt) {
  if (!rt) return;
  gradus_memory_destroy(rt->memory);
  free(rt);
}
