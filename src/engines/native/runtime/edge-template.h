/* A register tile at the edge of its result, for one type of elements; see tiles.h. */
#include "vectors.h"

/* c, `count` rows of `columns`, at most a tile, = or += its sums; what is outside of c is left alone. */
INLINE void NAME(edge_tile)(const REAL *const *rows, const long *steps, long k, const REAL *b, long bStep, REAL *c, long cStride,
                            long count, long columns, enum gradus_mode mode) {
  long vectors = (columns + LANES - 1) / LANES;
  NAME(gradus_tile) *tile = NAME(gradus_tiles)[vectors - 1][count - 1];
  if (columns == vectors * LANES) {
    tile(rows, steps, k, b, bStep, c, cStride, mode);
    return;
  }
  REAL sums[TILE_ROWS * TILE_COLUMNS];
  tile(rows, steps, k, b, bStep, sums, TILE_COLUMNS, GRADUS_STORE);
  for (long r = 0; r < count; r++) {
    for (long j = 0; j < columns; j++) {
      REAL sum = sums[r * TILE_COLUMNS + j];
      c[r * cStride + j] = mode == GRADUS_ADD ? c[r * cStride + j] + sum : sum;
    }
  }
}
