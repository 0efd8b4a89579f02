/*
 * Register tiles, the one inner loop of matrix products and convolutions (tiles.c, tiles-template.h):
 *
 *   c[r, j] (+)= Σ over p of rows[r][steps[p]] · b[p, j]      r < the tile's rows, j < its vectors · lanes
 *
 * The left operand is read where it is: `rows` and `steps` give its element (r, p) as a sum of two places, which serves a packed
 * panel, a matrix with any strides, and the windows of an image that a convolution slides over.
 */
#ifndef GRADUS_TILES_H
#define GRADUS_TILES_H

#include "gradus.h"

/* What becomes of the sums. */
enum gradus_mode { GRADUS_STORE, GRADUS_ADD };

/* b: `bStep` elements from one step of the reduction to the next; c: `cStride` elements from row to row. */
typedef void gradus_tile_f32(const float *const *rows, const long *steps, long k, const float *b, long bStep, float *c,
                             long cStride, enum gradus_mode mode);
typedef void gradus_tile_f64(const double *const *rows, const long *steps, long k, const double *b, long bStep, double *c,
                             long cStride, enum gradus_mode mode);

/* What files of one library share, and no other. */
#if defined(_WIN32)
#define GRADUS_HIDDEN
#else
#define GRADUS_HIDDEN __attribute__((visibility("hidden")))
#endif

/* [vectors - 1][rows - 1] */
extern GRADUS_HIDDEN gradus_tile_f32 *const gradus_tiles_f32[][16];
extern GRADUS_HIDDEN gradus_tile_f64 *const gradus_tiles_f64[][16];

/*
 * The full tile over packed panels: element (r, p) of the left operand at a[p · TILE_ROWS + r], of the right at b[p · TILE_COLUMNS + j].
 * From `next` on, as many cache lines as there are fours of steps are fetched meanwhile.
 */
GRADUS_HIDDEN void gradus_packed_tile_f32(const float *a, long k, const float *b, float *c, long cStride, enum gradus_mode mode,
                                          const float *next);
GRADUS_HIDDEN void gradus_packed_tile_f64(const double *a, long k, const double *b, double *c, long cStride, enum gradus_mode mode,
                                          const double *next);

/* The same with element (r, p) of the left operand at a[r · aRow + p], where vectors.h defines BROADCAST. */
GRADUS_HIDDEN void gradus_rows_tile_f32(const float *a, long aRow, long k, const float *b, float *c, long cStride,
                                        enum gradus_mode mode, const float *next);
GRADUS_HIDDEN void gradus_rows_tile_f64(const double *a, long aRow, long k, const double *b, double *c, long cStride,
                                        enum gradus_mode mode, const double *next);

/*
 * to[p · width + r] = from[r · row + p · step] for r < count, p < k; 0 for count ≤ r < width when `fill`. Without `fill`, what lies
 * there is not defined, and up to GRADUS_PANEL_SLACK elements after the panel may be overwritten.
 */
GRADUS_HIDDEN void gradus_pack_f32(float *to, long width, long count, const float *from, long row, long step, long k, int fill);
GRADUS_HIDDEN void gradus_pack_f64(double *to, long width, long count, const double *from, long row, long step, long k, int fill);
enum { GRADUS_PANEL_SLACK = 16 };

#endif
