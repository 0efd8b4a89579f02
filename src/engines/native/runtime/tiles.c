/* Register tiles and the packing of panels, for float and for double; see tiles.h. */
#include "tiles.h"

#include <string.h>

#define REAL_BITS 32
#include "tiles-template.h"
#undef REAL_BITS
#define REAL_BITS 64
#include "tiles-template.h"
