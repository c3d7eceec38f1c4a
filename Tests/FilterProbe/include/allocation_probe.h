/* How often this thread has asked for memory of the heap. For tests. */
#ifndef ALLOCATION_PROBE_H
#define ALLOCATION_PROBE_H

#include <stdint.h>

/* malloc, calloc, realloc and their aligned sisters, of this thread, since it began. */
uint64_t probe_allocations(void);

#endif
