/*
 * Pooling over windows, channels last: vectors run along the channels, and threads divide the rows of the result. What a window sees of
 * the padding does not exist.
 */
#include "library.h"

#include <string.h>

/* Window elements t of the window that starts at `start` (from ..< to) with start + t · dilation inside of 0 ..< size. */
static inline void inside(long start, long size, long window, long dilation, long *from, long *to) {
  *from = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
  *to = start >= size ? 0 : (size - 1 - start) / dilation + 1;
  if (*to > window) *to = window;
  if (*from > *to) *from = *to;
}

/* What a result takes in: along each axis, places first + i · step for i < count. */
struct reached {
  long first[3], step[3], count[3];
};

/* Elements of the tensor that window `o` sees. */
static inline void seen(const struct gradus_pooling *p, int axis, long o, struct reached *r) {
  long start = o * p->stride[axis] - p->low[axis], from, to;
  inside(start, p->input[axis], p->window[axis], p->dilation[axis], &from, &to);
  r->first[axis] = start + from * p->dilation[axis];
  r->step[axis] = p->dilation[axis];
  r->count[axis] = to - from;
}

/* Windows that see element `e` of the tensor: o with o · stride + t · dilation = e + low, every `step`th of which has such a t. */
static inline void seeing(const struct gradus_pooling *p, int axis, long e, struct reached *r) {
  long place = e + p->low[axis], stride = p->stride[axis], dilation = p->dilation[axis];
  long lowest = place - (p->window[axis] - 1) * dilation;
  long from = lowest <= 0 ? 0 : (lowest + stride - 1) / stride, to = place < 0 ? -1 : place / stride;
  if (to >= p->output[axis]) to = p->output[axis] - 1;
  long step = 1;
  if (dilation > 1) {
    while (from <= to && (place - from * stride) % dilation != 0) from++;
    while (step * stride % dilation != 0) step++;
  }
  r->first[axis] = from;
  r->step[axis] = step;
  r->count[axis] = from > to ? 0 : (to - from) / step + 1;
}

#if GRADUS_REAL_BITS != 64
#define REAL_BITS 32
#include "pooling-template.h"
#undef REAL_BITS
#endif
#if GRADUS_REAL_BITS != 32
#define REAL_BITS 64
#include "pooling-template.h"
#endif
