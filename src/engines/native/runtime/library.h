/*
 * What the files of the runtime library share among themselves: the functions of the table, where there is an implementation.
 * A new kernel is declared here, named in table.c, and (where its arguments are new) described in gradus.h.
 *
 * The first program on a machine waits for what it needs of the library to be compiled, so that is little: products, convolutions
 * and pooling are libraries of their own (see library.ts for their files), each compiled for one width, 32 or 64 bits, which
 * GRADUS_REAL_BITS says. Undefined (a compilation by hand of all files together) means both. No file of kernels should take more than
 * half a second to compile at -O2 for one width.
 */
#ifndef GRADUS_LIBRARY_H
#define GRADUS_LIBRARY_H

#include "gradus.h"

/* pool.c */
void gradus_pool_barrier(struct gradus_runtime *rt, long thread, long threads);
int64_t gradus_pool_units(struct gradus_runtime *rt, long thread);
long gradus_pool_next(struct gradus_runtime *rt, long thread, long threads, long count, int64_t work);

/* memory.c */
struct gradus_memory *gradus_memory_create(void);
void gradus_memory_destroy(struct gradus_memory *memory);
void *gradus_memory_scratch(struct gradus_runtime *rt, long thread, long bytes);
void *gradus_memory_shared(struct gradus_runtime *rt, long thread, long threads, long bytes);

/* gemm.c */
GRADUS_EXPORT gradus_product_function gradus_matmul_f32, gradus_matmul_f64;

/* convolution.c */
GRADUS_EXPORT gradus_convolution_function gradus_convolution_f32, gradus_convolution_f64;
GRADUS_EXPORT gradus_convolution_function gradus_convolution_input_f32, gradus_convolution_input_f64;
GRADUS_EXPORT gradus_convolution_function gradus_convolution_filter_f32, gradus_convolution_filter_f64;

/* pooling.c */
GRADUS_EXPORT gradus_pooling_function gradus_max_pool_indices_f32, gradus_max_pool_indices_f64;
GRADUS_EXPORT gradus_pooling_function gradus_sum_pool_f32, gradus_sum_pool_f64;
GRADUS_EXPORT gradus_pooling_function gradus_sum_pool_transpose_f32, gradus_sum_pool_transpose_f64;

/* Most threads of a run, the caller's included. */
#define GRADUS_MOST_THREADS 256

#endif
