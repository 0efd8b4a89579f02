/*
 * Windows that slide over images, as convolutions see them. A result position p (along one axis) takes its sum over elements of a
 * source, the image or the windows' values. With a stride s the gradient of the image falls into s phases, p mod s, each of which
 * meets other elements of the kernel; within a phase (p = phase + s · q), and in a forward convolution, everything moves evenly:
 *
 *   place in the source = origin + q · move + offset of the kernel's element
 *
 * The source is read in a frame, a copy with zeros around it, so that all places exist; where nothing reaches outside, in place. Results
 * are computed band by band along one axis, so that frames stay in the cache and there is something to divide among threads.
 */
#ifndef GRADUS_WINDOWS_H
#define GRADUS_WINDOWS_H

#include "gradus.h"

struct gradus_windows {
  long examples;
  /* Of the source and of the result: extents and all channels. */
  long source[3], result[3];
  long sourceChannels, resultChannels;
  long kernel[3];
  /* Along each axis. `offset` of kernel element e: see gradus_tap. */
  long phases[3], move[3], origin[3], reach[3];
  long scale[3], shift[3];
  /* The axis of bands, result positions in each (a multiple of its phases), and how many there are to an example. */
  long axis, band, bands;
  /* Whether the source is copied, the extents of a frame, and the distances of its positions in elements. */
  int framed;
  long frame[3], step[3];
};

static inline long gradus_least(long a, long b) { return a < b ? a : b; }
static inline long gradus_round_up(long value, long step) { return (value + step - 1) / step * step; }
static inline long gradus_modulo(long a, long b) { return (a % b + b) % b; }

/* Offset of kernel element `e` in the frame; -1: it does not belong to this phase. */
static inline long gradus_tap(const struct gradus_windows *w, int axis, long phase, long e) {
  long place = phase * (w->phases[axis] > 1) + w->shift[axis] + e * w->scale[axis];
  if (gradus_modulo(place, w->phases[axis]) != 0) return -1;
  return place / w->phases[axis] - w->origin[axis];
}

/* Fills in bands and frames; `most` results and `bytes` of a frame to a band, and at least `atLeast` bands in all, if possible. */
static void gradus_cut(struct gradus_windows *w, long most, long bytes, long elementBytes, long atLeast) {
  w->axis = 0;
  while (w->axis < 2 && w->result[w->axis] <= 1) w->axis++;
  long inner = 1, row = w->sourceChannels * elementBytes;
  for (long a = 0; a < 3; a++) {
    w->frame[a] = ((w->result[a] + w->phases[a] - 1) / w->phases[a] - 1) * w->move[a] + w->reach[a];
    if (w->frame[a] < 1) w->frame[a] = 1;
    if (a > w->axis) inner *= w->result[a];
    if (a != w->axis) row *= w->frame[a];
  }
  long phases = w->phases[w->axis], extent = w->result[w->axis] > 0 ? w->result[w->axis] : 1;
  long wanted = w->examples > 0 ? (atLeast + w->examples - 1) / w->examples : 1;
  long rows = gradus_least(extent, most / (inner > 0 ? inner : 1));
  rows = gradus_least(rows, (bytes / (row > 0 ? row : 1) - w->reach[w->axis] + 1) / w->move[w->axis] * phases);
  rows = gradus_least(rows, (extent + wanted - 1) / wanted);
  if (rows < 1) rows = 1;
  /* Equal bands. */
  long bands = (extent + rows - 1) / rows;
  w->band = gradus_round_up((extent + bands - 1) / bands, phases);
  w->bands = w->result[w->axis] == 0 ? 0 : (extent + w->band - 1) / w->band;

  w->framed = 0;
  for (long a = 0; a < 3; a++)
    if (w->origin[a] < 0 || w->origin[a] + w->frame[a] > w->source[a]) w->framed = 1;
  if (w->framed) w->frame[w->axis] = (gradus_least(w->band, gradus_round_up(extent, phases)) / phases - 1) * w->move[w->axis] + w->reach[w->axis];
  const long *extents = w->framed ? w->frame : w->source;
  w->step[2] = w->sourceChannels;
  w->step[1] = w->step[2] * extents[2];
  w->step[0] = w->step[1] * extents[1];
}

static void gradus_forward_windows(struct gradus_windows *w, const struct gradus_convolution *c) {
  w->examples = c->examples;
  w->sourceChannels = c->groups * c->channelsIn;
  w->resultChannels = c->groups * c->channelsOut;
  for (int a = 0; a < 3; a++) {
    w->source[a] = c->input[a];
    w->result[a] = c->output[a];
    w->kernel[a] = c->kernel[a];
    w->phases[a] = 1;
    w->move[a] = c->stride[a];
    w->origin[a] = -c->low[a];
    w->shift[a] = -c->low[a];
    w->scale[a] = c->dilation[a];
    w->reach[a] = c->kernel[a] > 0 ? (c->kernel[a] - 1) * c->dilation[a] + 1 : 1;
  }
}

static void gradus_transposed_windows(struct gradus_windows *w, const struct gradus_convolution *c) {
  w->examples = c->examples;
  w->sourceChannels = c->groups * c->channelsOut;
  w->resultChannels = c->groups * c->channelsIn;
  for (int a = 0; a < 3; a++) {
    w->source[a] = c->output[a];
    w->result[a] = c->input[a];
    w->kernel[a] = c->kernel[a];
    w->phases[a] = c->stride[a];
    w->move[a] = 1;
    w->shift[a] = c->low[a];
    w->scale[a] = -c->dilation[a];
    /* Every element of the kernel belongs to one phase. */
    long first = 0, last = 0;
    for (long e = 0; e < c->kernel[a]; e++) {
      long place = c->low[a] - e * c->dilation[a];
      long at = (place + gradus_modulo(-place, c->stride[a])) / c->stride[a];
      if (e == 0 || at < first) first = at;
      if (e == 0 || at > last) last = at;
    }
    w->origin[a] = first;
    w->reach[a] = last - first + 1;
  }
}

/* A part of the results of one example: [from, to) along each axis. */
struct gradus_band {
  long example, from[3], to[3];
  /* The first result in it, counted over all examples, and how many; they follow each other. */
  long row, rows;
};

static inline struct gradus_band gradus_band_of(const struct gradus_windows *w, long unit) {
  struct gradus_band b = {.example = unit / w->bands};
  b.row = b.example;
  b.rows = 1;
  for (long a = 0; a < 3; a++) {
    b.from[a] = 0;
    b.to[a] = w->result[a];
    if (a == w->axis) {
      b.from[a] = unit % w->bands * w->band;
      b.to[a] = gradus_least(b.from[a] + w->band, w->result[a]);
    }
    b.row = b.row * w->result[a] + b.from[a];
    b.rows *= b.to[a] - b.from[a];
  }
  return b;
}

#endif
