/*
 * Convolutions over three spatial axes, channels last, and their gradients: products of the matrix of windows, which is never formed,
 * and the filter. The register tiles (tiles.h) read the windows where they are, in a frame of zeros (windows.h).
 */
#include "library.h"
#include "tiles.h"
#include "windows.h"

#include <string.h>

/* Terms of a sum, rows and columns that are computed before the next: panels of the filter stay in the first-level cache. */
enum { MOST_TERMS = 512, MOST_ROWS = 96, FINISHED_COLUMNS = 64 };
/* Results of a band and bytes of its frame; positions that gradients of filters sum at once. */
enum { MOST_POSITIONS = 4096, MOST_FRAME_BYTES = 1 << 17, MOST_SUMMED = 320 };
/* Gradients of filters are summed in so many pieces, if they have no more elements altogether than this. */
enum { MOST_PIECES = 16, MOST_PARTIALS = 1 << 18 };

#if GRADUS_REAL_BITS != 64
#define REAL_BITS 32
#include "convolution-template.h"
#undef REAL_BITS
#endif
#if GRADUS_REAL_BITS != 32
#define REAL_BITS 64
#include "convolution-template.h"
#endif
