/* poll(2) over a handful of doors. */
#ifndef POLLER_H
#define POLLER_H

#include <stddef.h>
#include <stdint.h>

struct kernel_door {
	int32_t fd;      /* negative: skipped */
	int16_t wanted;  /* KERNEL_READABLE | KERNEL_WRITABLE */
	int16_t ready;   /* the same, and KERNEL_HUNG_UP */
};

enum { KERNEL_READABLE = 1, KERNEL_WRITABLE = 4, KERNEL_HUNG_UP = 16 };

/* Waits at most timeout_ms (-1: for ever) for one of at most 64 doors. Returns how many are ready, or -1 with errno. */
int kernel_poll(struct kernel_door *doors, size_t count, int64_t timeout_ms);
/* The same after giving back memory (kernel_shed_memory): nothing runs between, so little comes back. */
int kernel_poll_shedding(struct kernel_door *doors, size_t count, int64_t timeout_ms);

int kernel_set_nonblocking(int fd);
/* Stops the calling process, or its whole group, as Ctrl-Z does, until SIGCONT. All signals are blocked before. */
void kernel_stop_self(int with_group);
/* A description of its own of an open file, not blocking; for terminals, whose descriptions are shared. -1 with errno. */
int kernel_reopen(int fd, int for_writing);
/* 1 when the calling process is in the foreground group of the terminal, or fd is no terminal of its. */
int kernel_in_foreground(int fd);
#endif
