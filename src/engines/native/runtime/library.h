/*
 * What the files of the runtime library share among themselves: the functions of the table, where there is an implementation.
 * A new kernel is declared here, named in table.c, and (where its arguments are new) described in gradus.h.
 */
#ifndef GRADUS_LIBRARY_H
#define GRADUS_LIBRARY_H

#include "gradus.h"

/* pool.c */
void gradus_pool_barrier(struct gradus_runtime *rt, long thread, long threads);

/* memory.c */
struct gradus_memory *gradus_memory_create(void);
void gradus_memory_destroy(struct gradus_memory *memory);
void *gradus_memory_scratch(struct gradus_runtime *rt, long thread, long bytes);
void *gradus_memory_shared(struct gradus_runtime *rt, long thread, long threads, long bytes);

/* Most threads of a run, the caller's included. */
#define GRADUS_MOST_THREADS 256

#endif
