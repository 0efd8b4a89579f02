/* The table of functions that programs get. */
#include "library.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

GRADUS_EXPORT int32_t gradus_abi(void) { return GRADUS_ABI; }

/* JavaScript reads where operands are, in bytes from the start of the program's memory, without a conversion: they are numbers there. */
static int32_t call_host(struct gradus_runtime *rt, int32_t call, int32_t count, char *const *operands) {
  for (int32_t i = 0; i < count; i++) rt->arguments[i] = (double)(operands[i] - rt->base);
  return rt->call(call);
}

/* `call` computes an operation, whose operands it finds in `arguments`, and returns 1 if it has thrown. NULL: there is no memory. */
GRADUS_EXPORT struct gradus_runtime *gradus_runtime_create(int32_t (*call)(int32_t call), double *arguments) {
  struct gradus_runtime *rt = calloc(1, sizeof *rt);
  if (!rt) return NULL;
  rt->memory = gradus_memory_create();
  if (!rt->memory) {
    free(rt);
    return NULL;
  }
  rt->abi = GRADUS_ABI;
  rt->barrier = gradus_pool_barrier;
  rt->units = gradus_pool_units;
  rt->next = gradus_pool_next;
  rt->scratch = gradus_memory_scratch;
  rt->shared = gradus_memory_shared;
  rt->host = call_host;
  rt->call = call;
  rt->arguments = arguments;
  return rt;
}

GRADUS_EXPORT void gradus_runtime_destroy(struct gradus_runtime *rt) {
  if (!rt) return;
  gradus_memory_destroy(rt->memory);
  free(rt);
}

/* Where a kernel's pointer is. */
static const struct {
  const char *name;
  size_t offset;
} kernels[] = {
#define KERNEL(name) {#name, offsetof(struct gradus_runtime, name)}
    KERNEL(matmul_f32),
    KERNEL(matmul_f64),
    KERNEL(convolution_f32),
    KERNEL(convolution_f64),
    KERNEL(convolution_input_f32),
    KERNEL(convolution_input_f64),
    KERNEL(convolution_filter_f32),
    KERNEL(convolution_filter_f64),
    KERNEL(max_pool_indices_f32),
    KERNEL(max_pool_indices_f64),
    KERNEL(sum_pool_f32),
    KERNEL(sum_pool_f64),
    KERNEL(sum_pool_transpose_f32),
    KERNEL(sum_pool_transpose_f64),
#undef KERNEL
};

/* Puts a kernel, from a library of its own, into the table; 1: there is none of that name. */
GRADUS_EXPORT int32_t gradus_runtime_provide(struct gradus_runtime *rt, const char *name, void *function) {
  for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
    if (strcmp(kernels[i].name, name) != 0) continue;
    memcpy((char *)rt + kernels[i].offset, &function, sizeof function);
    return 0;
  }
  return 1;
}
