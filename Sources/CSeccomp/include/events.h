/* epoll(7): many doors, of which few are ready. All return -1 with errno. */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdint.h>

#define EVENTS_AT_ONCE 32

enum { EVENT_READABLE = 1, EVENT_WRITABLE = 2, EVENT_HUNG_UP = 4 };

struct kernel_event {
	uint64_t token; /* as given */
	uint32_t ready; /* EVENT_* */
	uint32_t reserved;
};

int kernel_events_make(void);
/* wanted: EVENT_READABLE | EVENT_WRITABLE, or 0: only the end. change: 0 adds, 1 changes. */
int kernel_events_set(int events, int fd, uint64_t token, uint32_t wanted, int change);
int kernel_events_remove(int events, int fd);
/* Waits at most timeout_ms (-1: for ever). Returns how many are in `out`. */
int kernel_events_wait(int events, struct kernel_event out[EVENTS_AT_ONCE], int64_t timeout_ms);

/* CLOCK_BOOTTIME, in microseconds. */
int64_t kernel_boot_us(void);

#endif
