/* Convolutions for one type of elements; see convolution.c. */
#include "edge-template.h"

/* The source of a band as tiles read it; `frame` has room for it, and keeps what it held for the last band, `*before`. */
static const REAL *NAME(source_of)(const struct gradus_windows *w, const struct gradus_band *b, const REAL *source, REAL *frame,
                                   long *before) {
  long origin[3];
  for (int a = 0; a < 3; a++) origin[a] = w->origin[a] + b->from[a] / w->phases[a] * w->move[a];
  const REAL *image = source + b->example * w->source[0] * w->source[1] * w->source[2] * w->sourceChannels;
  if (!w->framed) return image + origin[0] * w->step[0] + origin[1] * w->step[1] + origin[2] * w->step[2];
  /* The same part of another example has its zeros where this one has them. */
  int zeros = *before != b->from[w->axis];
  *before = b->from[w->axis];
  long channels = w->sourceChannels;
  long left = origin[2] < 0 ? gradus_least(-origin[2], w->frame[2]) : 0;
  long right = gradus_least(w->frame[2], w->source[2] - origin[2]);
  if (right < left) right = left;
  for (long i = 0; i < w->frame[0]; i++) {
    for (long j = 0; j < w->frame[1]; j++) {
      REAL *to = frame + i * w->step[0] + j * w->step[1];
      long p = origin[0] + i, q = origin[1] + j;
      if (p < 0 || p >= w->source[0] || q < 0 || q >= w->source[1] || left == right) {
        if (zeros) memset(to, 0, (size_t)w->step[1] * sizeof(REAL));
        continue;
      }
      if (zeros) {
        memset(to, 0, (size_t)(left * channels) * sizeof(REAL));
        memset(to + right * channels, 0, (size_t)((w->frame[2] - right) * channels) * sizeof(REAL));
      }
      const REAL *from = image + ((p * w->source[1] + q) * w->source[2] + origin[2] + left) * channels;
      memcpy(to + left * channels, from, (size_t)((right - left) * channels) * sizeof(REAL));
    }
  }
  return frame;
}

static long NAME(frame_size)(const struct gradus_windows *w) {
  return w->framed ? gradus_round_up(w->frame[0] * w->step[0] + 2 * LANES, 16) : 0;
}

/* The weights of a group as the right operand of tiles: for each phase, blocks of terms, panels of columns. */
struct NAME(weights) {
  const REAL *at;
  /* Elements from (term, column) to the next term (channel of the source), column, kernel element. */
  long term, column, element;
  long terms, columns;
};

static REAL *NAME(pack_weights)(REAL *to, const struct NAME(weights) *w, const long *elements, long count) {
  long k = count * w->terms;
  for (long from = 0; from < k; from += MOST_TERMS) {
    long end = gradus_least(k, from + MOST_TERMS);
    for (long j = 0; j < w->columns; j += TILE_COLUMNS) {
      for (long t = from; t < end;) {
        long element = t / w->terms, channel = t % w->terms, terms = gradus_least(w->terms - channel, end - t);
        NAME(gradus_pack)(to, TILE_COLUMNS, gradus_least(TILE_COLUMNS, w->columns - j),
                          w->at + elements[element] * w->element + channel * w->term + j * w->column, w->column, w->term, terms, 1);
        to += terms * TILE_COLUMNS;
        t += terms;
      }
    }
  }
  return to;
}

/* c = `rows` × `columns` of the product of windows and weights; `weights` as packed, from column `column` on. */
static void NAME(slide)(const REAL *source, const long *places, const long *steps, long k, const REAL *weights, long width,
                        long column, REAL *c, long cStride, long rows, long columns) {
  for (long from = 0; from == 0 || from < k; from += MOST_TERMS) {
    long terms = gradus_least(MOST_TERMS, k - from);
    const REAL *panel = weights + from * width + column * terms;
    for (long j = 0; j < columns; j += TILE_COLUMNS, panel += terms * TILE_COLUMNS) {
      for (long i = 0; i < rows; i += TILE_ROWS) {
        long count = gradus_least(TILE_ROWS, rows - i);
        const REAL *pointers[TILE_ROWS];
        for (long r = 0; r < count; r++) pointers[r] = source + places[i + r];
        NAME(edge_tile)(pointers, steps + from, terms, panel, TILE_COLUMNS, c + i * cStride + j, cStride, count,
                        gradus_least(TILE_COLUMNS, columns - j), from == 0 ? GRADUS_STORE : GRADUS_ADD);
      }
    }
  }
}

/* Forward convolutions, and gradients of images: these are convolutions of the windows' values, phase by phase. */
static void NAME(sliding)(struct gradus_runtime *rt, long thread, long threads, const struct gradus_convolution *job, int transposed) {
  struct gradus_windows w;
  if (transposed) gradus_transposed_windows(&w, job);
  else gradus_forward_windows(&w, job);
  gradus_cut(&w, MOST_POSITIONS, MOST_FRAME_BYTES, sizeof(REAL), threads);
  long groups = job->groups, sourceChannels = w.sourceChannels / groups, columns = w.resultChannels / groups;
  long width = gradus_round_up(columns, TILE_COLUMNS), elements = w.kernel[0] * w.kernel[1] * w.kernel[2];
  long phases = w.phases[0] * w.phases[1] * w.phases[2];
  long bandRows = gradus_round_up(w.band, 1);
  for (int a = 0; a < 3; a++)
    if (a != w.axis) bandRows *= w.result[a];

  /* What each thread keeps. */
  long weightsSize = gradus_round_up(elements * sourceChannels * width * groups, 16) + GRADUS_PANEL_SLACK;
  long frameSize = NAME(frame_size)(&w);
  long blockSize = MOST_ROWS * gradus_round_up(gradus_least(FINISHED_COLUMNS, columns), TILE_COLUMNS);
  long imageStride = gradus_round_up(w.resultChannels, TILE_COLUMNS);
  long imageSize = phases > 1 && job->finish ? bandRows * imageStride : 0;
  long reals = weightsSize + frameSize + blockSize + imageSize;
  long longs = elements * sourceChannels + bandRows + elements;
  REAL *weights = rt->scratch(rt, thread, reals * (long)sizeof(REAL) + longs * (long)sizeof(long));
  REAL *frame = weights + weightsSize, *block = frame + frameSize, *image = block + blockSize;
  long *steps = (long *)(image + imageSize), *places = steps + elements * sourceChannels, *list = places + bandRows;

  struct gradus_units units = gradus_units(rt, thread, threads, w.examples * w.bands);
  if (units.count == 0) return;

  /* Phase by phase: where the terms of a window are, and the weights they meet. */
  REAL *packed = weights;
  long *step = steps;
  for (long phase = 0; phase < phases; phase++) {
    long f[3] = {phase / (w.phases[1] * w.phases[2]), phase / w.phases[2] % w.phases[1], phase % w.phases[2]}, count = 0;
    for (long e = 0; e < elements; e++) {
      long t[3] = {gradus_tap(&w, 0, f[0], e / (w.kernel[1] * w.kernel[2])), gradus_tap(&w, 1, f[1], e / w.kernel[2] % w.kernel[1]),
                   gradus_tap(&w, 2, f[2], e % w.kernel[2])};
      if (t[0] < 0 || t[1] < 0 || t[2] < 0) continue;
      list[count++] = e;
      for (long c = 0; c < sourceChannels; c++) *step++ = t[0] * w.step[0] + t[1] * w.step[1] + t[2] * w.step[2] + c;
    }
    for (long g = 0; g < groups; g++) {
      long all = groups * job->channelsOut;
      struct NAME(weights) weight = {.at = (const REAL *)job->b + g * job->channelsOut, .element = job->channelsIn * all,
                                     .term = transposed ? 1 : all, .column = transposed ? all : 1, .terms = sourceChannels,
                                     .columns = columns};
      packed = NAME(pack_weights)(packed, &weight, list, count);
    }
  }

  long before = -1, placed = -1;
  while (gradus_next(&units)) {
    struct gradus_band b = gradus_band_of(&w, units.unit);
    const REAL *source = NAME(source_of)(&w, &b, job->a, frame, &before);
    packed = weights;
    step = steps;
    for (long phase = 0; phase < phases; phase++) {
      long f[3] = {phase / (w.phases[1] * w.phases[2]), phase / w.phases[2] % w.phases[1], phase % w.phases[2]};
      long k = sourceChannels, count[3];
      for (int a = 0; a < 3; a++) {
        long taps = 0;
        for (long e = 0; e < w.kernel[a]; e++) taps += gradus_tap(&w, a, f[a], e) >= 0;
        k *= taps;
        count[a] = (b.to[a] - b.from[a] - f[a] + w.phases[a] - 1) / w.phases[a];
        if (count[a] < 0) count[a] = 0;
      }
      long rows = count[0] * count[1] * count[2];
      if (phases > 1 || placed != rows) {
        placed = rows;
        long *place = places;
        for (long p = 0; p < count[0]; p++)
          for (long q = 0; q < count[1]; q++)
            for (long r = 0; r < count[2]; r++) *place++ = p * w.move[0] * w.step[0] + q * w.move[1] * w.step[1] + r * w.move[2] * w.step[2];
      }
      for (long row = 0; row < rows; row += MOST_ROWS) {
        long someRows = gradus_least(MOST_ROWS, rows - row);
        for (long g = 0; g < groups; g++) {
          const REAL *own = packed + g * k * width;
          for (long column = 0; column < columns; column += FINISHED_COLUMNS) {
            long some = gradus_least(FINISHED_COLUMNS, columns - column), at = g * columns + column;
            int direct = phases == 1 && !job->finish;
            REAL *c = direct ? (REAL *)job->result + (b.row + row) * w.resultChannels + at : block;
            long stride = direct ? w.resultChannels : gradus_round_up(some, TILE_COLUMNS);
            NAME(slide)(source + g * sourceChannels, places + row, step, k, own, width, column, c, stride, someRows, some);
            if (direct) continue;
            if (phases == 1) {
              job->finish(job->context, c, stride, b.row + row, at, someRows, some, 0);
              continue;
            }
            /* To their places among the results of other phases. */
            REAL *to = job->finish ? image : (REAL *)job->result + b.row * w.resultChannels;
            long toStride = job->finish ? imageStride : w.resultChannels;
            for (long i = 0; i < someRows; i++) {
              long p = (row + i) / (count[1] * count[2]), q = (row + i) / count[2] % count[1], r = (row + i) % count[2];
              long place = ((p * w.phases[0] + f[0]) * (b.to[1] - b.from[1]) + q * w.phases[1] + f[1]) * (b.to[2] - b.from[2]) +
                           r * w.phases[2] + f[2];
              memcpy(to + place * toStride + at, c + i * stride, (size_t)some * sizeof(REAL));
            }
          }
        }
      }
      packed += groups * k * width;
      step += k;
    }
    if (phases > 1 && job->finish) {
      for (long row = 0; row < b.rows; row += MOST_ROWS) {
        job->finish(job->context, image + row * imageStride, imageStride, b.row + row, 0, gradus_least(MOST_ROWS, b.rows - row),
                    w.resultChannels, 0);
      }
    }
  }
}

void NAME(gradus_convolution)(struct gradus_runtime *rt, long thread, long threads, const struct gradus_convolution *job) {
  NAME(sliding)(rt, thread, threads, job, 0);
}

void NAME(gradus_convolution_input)(struct gradus_runtime *rt, long thread, long threads, const struct gradus_convolution *job) {
  NAME(sliding)(rt, thread, threads, job, 1);
}

/*
 * The gradient of the filter, [kernel elements · channels of x, channels of y]: its sum goes over all examples and positions, in a
 * number of pieces that depends on the shapes alone and that are added in their order.
 */
void NAME(gradus_convolution_filter)(struct gradus_runtime *rt, long thread, long threads, const struct gradus_convolution *job) {
  struct gradus_windows w;
  gradus_forward_windows(&w, job);
  gradus_cut(&w, MOST_SUMMED, MOST_FRAME_BYTES, sizeof(REAL), 1);
  long groups = job->groups, elements = w.kernel[0] * w.kernel[1] * w.kernel[2], all = w.resultChannels;
  long rows = elements * job->channelsIn, columns = job->channelsOut, units = w.examples * w.bands;
  long bandRows = w.band;
  for (int a = 0; a < 3; a++)
    if (a != w.axis) bandRows *= w.result[a];

  /* Small filters: each thread sums some of the pieces. Large ones: each thread sums everything for some of the rows. */
  long size = gradus_round_up(rows * all, 16), pieces = gradus_least(gradus_least(units, MOST_PIECES), MOST_PARTIALS / (size + 1));
  if (pieces < 2) pieces = 1;
  int inPlace = pieces == 1 && !job->finish;
  REAL *sums = inPlace ? job->result : rt->shared(rt, thread, threads, pieces * size * (long)sizeof(REAL));
  long firstRow = 0, lastRow = rows;
  struct gradus_units work = gradus_units(rt, pieces > 1 ? thread : 0, pieces > 1 ? threads : 1, pieces);
  if (pieces == 1) gradus_part(rows, TILE_ROWS, thread, threads, &firstRow, &lastRow);

  long frameSize = NAME(frame_size)(&w), edge = columns / TILE_COLUMNS * TILE_COLUMNS;
  long edgeSize = edge < columns ? bandRows * TILE_COLUMNS * groups + GRADUS_PANEL_SLACK : 0;
  long blockRows = gradus_least(MOST_ROWS, rows), stride = gradus_round_up(all, TILE_COLUMNS);
  edgeSize = gradus_round_up(edgeSize, 16);
  long reals = frameSize + edgeSize + blockRows * stride, longs = rows + bandRows;
  REAL *frame = rt->scratch(rt, thread, reals * (long)sizeof(REAL) + longs * (long)sizeof(long));
  REAL *edges = frame + frameSize, *block = edges + edgeSize;
  long *starts = (long *)(block + blockRows * stride), *places = starts + rows;

  for (long r = 0; r < rows; r++) {
    long e = r / job->channelsIn;
    long t[3] = {e / (w.kernel[1] * w.kernel[2]), e / w.kernel[2] % w.kernel[1], e % w.kernel[2]};
    starts[r] = r % job->channelsIn;
    for (int a = 0; a < 3; a++) starts[r] += t[a] * w.scale[a] * w.step[a];
  }
  long before = -1, placed = -1;
  while (gradus_next(&work)) {
    long piece = work.unit;
    REAL *target = sums + piece * size;
    long first = pieces > 1 ? units * piece / pieces : 0, last = pieces > 1 ? units * (piece + 1) / pieces : units;
    if (first == last) {
      for (long r = firstRow; r < lastRow; r++) memset(target + r * all, 0, (size_t)all * sizeof(REAL));
    }
    for (long unit = first; unit < last; unit++) {
      struct gradus_band b = gradus_band_of(&w, unit);
      const REAL *source = NAME(source_of)(&w, &b, job->a, frame, &before);
      const REAL *y = (const REAL *)job->b + b.row * all;
      if (placed != b.rows) {
        placed = b.rows;
        long *place = places;
        for (long p = b.from[0]; p < b.to[0]; p++)
          for (long q = b.from[1]; q < b.to[1]; q++)
            for (long r = b.from[2]; r < b.to[2]; r++)
              *place++ = (p - b.from[0]) * w.move[0] * w.step[0] + (q - b.from[1]) * w.move[1] * w.step[1] + (r - b.from[2]) * w.move[2] * w.step[2];
      }
      for (long g = 0; g < groups; g++) {
        for (long j = 0; j < columns; j += TILE_COLUMNS) {
          long width = gradus_least(TILE_COLUMNS, columns - j), step = all;
          const REAL *right = y + g * columns + j;
          if (width < TILE_COLUMNS) {
            REAL *packed = edges + g * bandRows * TILE_COLUMNS;
            NAME(gradus_pack)(packed, TILE_COLUMNS, width, right, 1, all, b.rows, 1);
            right = packed;
            step = TILE_COLUMNS;
          }
          for (long row = firstRow; row < lastRow; row += TILE_ROWS) {
            long count = gradus_least(TILE_ROWS, lastRow - row);
            const REAL *pointers[TILE_ROWS];
            for (long r = 0; r < count; r++) pointers[r] = source + starts[row + r] + g * job->channelsIn;
            NAME(edge_tile)(pointers, places, b.rows, right, step, target + row * all + g * columns + j, all, count, width,
                            unit == first ? GRADUS_STORE : GRADUS_ADD);
          }
        }
      }
    }
  }
  if (inPlace) return;

  gradus_barrier(rt, thread, threads);
  gradus_part(rows, 1, thread, threads, &firstRow, &lastRow);
  for (long row = firstRow; row < lastRow; row += blockRows) {
    long some = gradus_least(blockRows, lastRow - row);
    for (long i = 0; i < some; i++) {
      REAL *to = job->finish ? block + i * stride : (REAL *)job->result + (row + i) * all;
      const REAL *from = sums + (row + i) * all;
      for (long j = 0; j < all; j++) {
        REAL sum = from[j];
        for (long piece = 1; piece < pieces; piece++) sum += from[piece * size + j];
        to[j] = sum;
      }
    }
    if (job->finish) job->finish(job->context, block, stride, row, 0, some, all, 0);
  }
  /* The next call may write where another thread still reads. */
  gradus_barrier(rt, thread, threads);
}
