/*
 * Matrix products: blocked for the caches over the register tiles of tiles.h, after Goto and van de Geijn, "Anatomy of
 * High-Performance Matrix Multiplication" (2008); products with a vector are read once at the speed of memory.
 */
#include "library.h"
#include "tiles.h"

#include <string.h>

/* The reduction is summed in parts of about this many terms: a panel of the right operand, 16 KiB, then stays in the first-level cache. */
enum { MOST_TERMS = 320 };
/* Columns of the right operand packed at a time; rows of the left one packed at a time, rounded to tiles; columns finished at a time. */
enum { BLOCK_COLUMNS = 2048, BLOCK_ROWS = 96, FINISHED_COLUMNS = 64 };
/* Panels that are packed together; how many rows ahead they are fetched. */
enum { NEIGHBOURS = 4, ROWS_AHEAD = 8 };

static long least(long a, long b) { return a < b ? a : b; }
static long round_up(long value, long step) { return (value + step - 1) / step * step; }

/* A rectangle of the result. */
struct part {
  long row, rows, column, columns;
};

/*
 * The part of an m × n result that a thread computes, whole tiles. Of all grids of threads, one whose busiest thread has the fewest
 * tiles; of those, the one that packs the least.
 */
static struct part part_of(long m, long n, long tileRows, long tileColumns, long thread, long threads) {
  long down = (m + tileRows - 1) / tileRows, across = (n + tileColumns - 1) / tileColumns;
  long best = 1, bestTiles = -1, bestPacked = 0;
  for (long grid = 1; grid <= threads; grid++) {
    if (threads % grid != 0) continue;
    long rows = (down + grid - 1) / grid, columns = (across * grid + threads - 1) / threads;
    long tiles = rows * columns, packed = rows * tileRows + columns * tileColumns;
    if (bestTiles < 0 || tiles < bestTiles || (tiles == bestTiles && packed < bestPacked)) {
      best = grid;
      bestTiles = tiles;
      bestPacked = packed;
    }
  }
  long from, to;
  struct part part;
  gradus_part(m, tileRows, thread % best, best, &from, &to);
  part.row = from;
  part.rows = to - from;
  gradus_part(n, tileColumns, thread / best, threads / best, &from, &to);
  part.column = from;
  part.columns = to - from;
  return part;
}

#if GRADUS_REAL_BITS != 64
#define REAL_BITS 32
#include "gemm-template.h"
#include "gemv-template.h"
#include "matmul-template.h"
#undef REAL_BITS
#endif
#if GRADUS_REAL_BITS != 32
#define REAL_BITS 64
#include "gemm-template.h"
#include "gemv-template.h"
#include "matmul-template.h"
#endif
