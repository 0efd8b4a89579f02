/* Memory that kernels work in: a block for each thread and one for all, each as large as the largest that was asked for. */
#include "library.h"

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#define HUGE_PAGE (2l << 20)

struct block {
  _Alignas(64) void *start;
  long bytes;
};

struct gradus_memory {
  struct block own[GRADUS_MOST_THREADS];
  struct block shared;
};

static void *reserve(long bytes, long alignment) {
#if defined(_WIN32)
  return _aligned_malloc(bytes, alignment);
#else
  void *start = NULL;
  return posix_memalign(&start, alignment, bytes) == 0 ? start : NULL;
#endif
}

static void release(void *start) {
#if defined(_WIN32)
  _aligned_free(start);
#else
  free(start);
#endif
}

/* Doubles, so that a program whose kernels ask for more and more settles soon. */
static void grow(struct block *block, long bytes) {
  long wanted = bytes > 2 * block->bytes ? bytes : 2 * block->bytes;
  long alignment = wanted >= HUGE_PAGE ? HUGE_PAGE : 4096;
  wanted = (wanted + alignment - 1) / alignment * alignment;
  release(block->start);
  block->start = reserve(wanted, alignment);
  if (!block->start) {
    fprintf(stderr, "gradus: no memory for the %ld bytes that a kernel works in\n", wanted);
    abort();
  }
#if defined(__linux__)
  /* Panels are walked in many short strides: large pages spare most of the address translation. */
  if (alignment == HUGE_PAGE) madvise(block->start, wanted, MADV_HUGEPAGE);
#endif
  block->bytes = wanted;
}

/* Asks for large pages for memory that nothing has been written to yet. */
GRADUS_EXPORT void gradus_advise(void *start, int64_t bytes) {
#if defined(__linux__)
  uintptr_t from = ((uintptr_t)start + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE, to = ((uintptr_t)start + (uintptr_t)bytes) / HUGE_PAGE * HUGE_PAGE;
  if (from < to) madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
  (void)start, (void)bytes;
#endif
}

struct gradus_memory *gradus_memory_create(void) {
  struct gradus_memory *memory = reserve(sizeof *memory, 64);
  if (!memory) return NULL;
  for (long i = 0; i < GRADUS_MOST_THREADS; i++) memory->own[i] = (struct block){NULL, 0};
  memory->shared = (struct block){NULL, 0};
  return memory;
}

void gradus_memory_destroy(struct gradus_memory *memory) {
  for (long i = 0; i < GRADUS_MOST_THREADS; i++) release(memory->own[i].start);
  release(memory->shared.start);
  release(memory);
}

void *gradus_memory_scratch(struct gradus_runtime *rt, long thread, long bytes) {
  struct block *block = &rt->memory->own[thread];
  if (block->bytes < bytes) grow(block, bytes);
  return block->start;
}

/* The size changes only between the two barriers, when all have compared it: they decide alike. */
void *gradus_memory_shared(struct gradus_runtime *rt, long thread, long threads, long bytes) {
  struct block *block = &rt->memory->shared;
  if (block->bytes < bytes) {
    gradus_barrier(rt, thread, threads);
    if (thread == 0) grow(block, bytes);
    gradus_barrier(rt, thread, threads);
  }
  return block->start;
}
