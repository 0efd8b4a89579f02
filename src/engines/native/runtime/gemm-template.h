/* The blocked product of two matrices for one type of elements; see gemm.c. */
#include "edge-template.h"

/* One matrix product; places are those of the first element. */
struct NAME(product) {
  const REAL *a, *b;
  REAL *c;
  long m, n, k;
  long aRow, aColumn, bRow, bColumn;
  /** Of c, whose columns are neighbours. */
  long cRow;
  gradus_finish finish;
  void *context;
  long batch;
};

/* Rows of the left operand as tiles read them: element (r, t) at at[r · row + t · step]; those of a panel, if there are `panels`. */
struct NAME(left) {
  const REAL *at;
  int panels;
  long row, step;
  /* t · step, and how many terms there are. */
  const long *steps;
  long terms;
};

/* Tiles that fetch the next panel of the right operand: in four steps a tile reads so many lines of 64 bytes, and fetches one. */
#undef FETCHES
#define FETCHES (TILE_VECTORS * VECTOR_BYTES / 16)

/* c = or += `rows` × `columns` (at most FINISHED_COLUMNS) of the product; b: panels, or the matrix itself when bStep is not TILE_COLUMNS. */
static void NAME(block)(const struct NAME(left) *left, const REAL *b, long bStep, long bPanel, REAL *c, long cStride, long rows,
                        long columns, enum gradus_mode mode) {
  long terms = left->terms;
  for (long j = 0; j < columns; j += TILE_COLUMNS, b += bPanel) {
    long width = least(TILE_COLUMNS, columns - j);
    for (long i = 0; i < rows; i += TILE_ROWS) {
      long count = least(TILE_ROWS, rows - i);
      REAL *to = c + i * cStride + j;
      const REAL *a = left->at + i * (left->panels ? terms : left->row);
      if (count == TILE_ROWS && width == TILE_COLUMNS && bStep == TILE_COLUMNS) {
        /* A tile fetches a part of the next panel of the right operand; when all of that is there, the next of the left one. */
        long tile = i / TILE_ROWS;
        const REAL *next = tile < FETCHES ? b + bPanel + tile * terms * TILE_COLUMNS / FETCHES
                                          : a + TILE_ROWS * (left->panels ? terms : left->row);
        if (left->panels) {
          NAME(gradus_packed_tile)(a, terms, b, to, cStride, mode, next);
          continue;
        }
#ifdef BROADCAST
        if (left->step == 1) {
          NAME(gradus_rows_tile)(a, left->row, terms, b, to, cStride, mode, next);
          continue;
        }
#endif
      }
      const REAL *pointers[TILE_ROWS];
      for (long r = 0; r < count; r++) pointers[r] = a + r * left->row;
      NAME(edge_tile)(pointers, left->steps, terms, b, bStep, to, cStride, count, width, mode);
    }
  }
}

/* Whole panels of columns that are neighbours, some at a time, so that memory is read in longer runs. */
static void NAME(pack_neighbours)(REAL *to, const REAL *from, long step, long k, long columns) {
  for (long j = 0; j < columns; j += NEIGHBOURS * TILE_COLUMNS) {
    long end = least(columns, j + NEIGHBOURS * TILE_COLUMNS);
    for (long p = 0; p < k; p++) {
      for (long i = j; i < end; i += TILE_COLUMNS) {
        const REAL *at = from + p * step + i;
        __builtin_prefetch(at + ROWS_AHEAD * step);
        UNROLL for (int v = 0; v < TILE_VECTORS; v++)
          VECTOR_AT(to + i * k + p * TILE_COLUMNS + v * LANES) = CONST_VECTOR_AT(at + v * LANES);
      }
    }
  }
}

/* Panels of rows that are neighbours, all at a time. */
static void NAME(pack_columns)(REAL *to, const REAL *from, long step, long k, long rows) {
  for (long p = 0; p < k; p++) {
    const REAL *at = from + p * step;
    for (long i = 0; i < rows; i += 64 / (long)sizeof(REAL)) __builtin_prefetch(at + ROWS_AHEAD * step + i);
    for (long i = 0; i < rows; i += TILE_ROWS) memcpy(to + i * k + p * TILE_ROWS, at + i, TILE_ROWS * sizeof(REAL));
  }
}

static void NAME(multiply)(const struct NAME(product) *p, struct part part, struct gradus_runtime *rt, long thread) {
  if (part.rows == 0 || part.columns == 0) return;
  long parts = p->k == 0 ? 1 : (p->k + MOST_TERMS - 1) / MOST_TERMS;
  long mostTerms = p->k == 0 ? 8 : round_up((p->k + parts - 1) / parts, 8);
  long mostColumns = least(BLOCK_COLUMNS, round_up(part.columns, TILE_COLUMNS));
  long mostRows = least(round_up(BLOCK_ROWS, TILE_ROWS), round_up(part.rows, TILE_ROWS));
  /* Packing costs about as much as a few tiles; not worth it for operands that few tiles read and that lie well. */
  int packB = p->bColumn != 1 || part.rows > 4 * TILE_ROWS;
  int packA = p->aColumn != 1 ? part.columns > TILE_COLUMNS : part.columns > 8 * TILE_COLUMNS;
#ifdef BROADCAST
  /* Rows that lie close together are as good as panels. */
  if (p->aColumn == 1 && p->aRow <= mostTerms + mostTerms / 2) packA = 0;
#endif
  long bSize = mostTerms * mostColumns + GRADUS_PANEL_SLACK;
  long aSize = packA ? mostTerms * mostRows + GRADUS_PANEL_SLACK : 0;
  /* Where sums wait for the rest of the terms, if not in c: whole blocks, one after the other. */
  long finishedColumns = least(FINISHED_COLUMNS, mostColumns);
  long blocks = parts > 1 ? (part.rows + mostRows - 1) / mostRows * (mostColumns / TILE_COLUMNS) : finishedColumns / TILE_COLUMNS;
  long waitingSize = p->finish ? blocks * TILE_COLUMNS * mostRows : 0;
  bSize = round_up(bSize, 16);
  aSize = round_up(aSize, 16);
  REAL *packedB = rt->scratch(rt, thread, (bSize + aSize + waitingSize) * (long)sizeof(REAL));
  REAL *packedA = packedB + bSize, *waiting = packedA + aSize;

  long steps[MOST_TERMS + 8];
  struct NAME(left) left = {.panels = packA, .row = packA ? 1 : p->aRow, .step = packA ? TILE_ROWS : p->aColumn, .steps = steps};
  for (long t = 0; t < mostTerms; t++) steps[t] = t * left.step;

  for (long column = 0; column < part.columns; column += mostColumns) {
    long columns = least(mostColumns, part.columns - column);
    for (long term = 0; term == 0 || term < p->k; term += mostTerms) {
      long terms = least(mostTerms, p->k - term);
      int last = term + terms >= p->k;
      enum gradus_mode mode = term == 0 ? GRADUS_STORE : GRADUS_ADD;
      const REAL *b = p->b + term * p->bRow + (part.column + column) * p->bColumn;
      /* Columns that do not fill a tile are packed in any case, so that tiles can read whole vectors. */
      long direct = packB ? 0 : columns / TILE_COLUMNS * TILE_COLUMNS;
      long packed = direct;
      if (packB && p->bColumn == 1) {
        packed = columns / TILE_COLUMNS * TILE_COLUMNS;
        NAME(pack_neighbours)(packedB, b, p->bRow, terms, packed);
      }
      for (long j = packed; j < columns; j += TILE_COLUMNS) {
        NAME(gradus_pack)(packedB + j * terms, TILE_COLUMNS, least(TILE_COLUMNS, columns - j), b + j * p->bColumn, p->bColumn,
                          p->bRow, terms, 1);
      }
      left.terms = terms;
      REAL *place = waiting;
      for (long row = 0; row < part.rows; row += mostRows) {
        long rows = least(mostRows, part.rows - row);
        const REAL *a = p->a + (part.row + row) * p->aRow + term * p->aColumn;
        long neighbours = packA && p->aRow == 1 ? rows / TILE_ROWS * TILE_ROWS : 0;
        if (neighbours > 0) NAME(pack_columns)(packedA, a, p->aColumn, terms, neighbours);
        for (long i = neighbours; packA && i < rows; i += TILE_ROWS) {
          NAME(gradus_pack)(packedA + i * terms, TILE_ROWS, least(TILE_ROWS, rows - i), a + i * p->aRow, p->aRow, p->aColumn, terms, 0);
        }
        left.at = packA ? packedA : a;
        for (long j = 0; j < columns; j += finishedColumns) {
          long width = least(finishedColumns, columns - j);
          long stride = p->finish ? round_up(width, TILE_COLUMNS) : p->cRow;
          REAL *c = p->finish ? place : p->c + (part.row + row) * p->cRow + part.column + column + j;
          if (p->finish && parts > 1) place += stride * rows;
          long plain = least(width, direct > j ? direct - j : 0);
          if (plain > 0) NAME(block)(&left, b + j, p->bRow, TILE_COLUMNS, c, stride, rows, plain, mode);
          if (plain < width) {
            NAME(block)(&left, packedB + (j + plain) * terms, TILE_COLUMNS, TILE_COLUMNS * terms, c + plain, stride, rows,
                        width - plain, mode);
          }
          if (p->finish && last) {
            p->finish(p->context, c, stride, part.row + row, part.column + column + j, rows, width, p->batch);
          }
        }
      }
    }
  }
}
