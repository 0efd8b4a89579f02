/* Register tiles and the packing of panels, for float and for double; see tiles.h. */
#include "tiles.h"

#include <string.h>

#if GRADUS_REAL_BITS != 64
#define REAL_BITS 32
#include "tiles-template.h"
#undef REAL_BITS
#endif
#if GRADUS_REAL_BITS != 32
#define REAL_BITS 64
#include "tiles-template.h"
#endif
