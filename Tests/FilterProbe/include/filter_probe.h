/* Runs one system call in a child process under a filter and says what became of it. For tests. */
#ifndef FILTER_PROBE_H
#define FILTER_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "allocation_probe.h"
#include "mount_probe.h"
#include "socket_probe.h"

enum probe_entry {
	PROBE_NATIVE = 0,
	PROBE_I386, /* int 0x80; x86-64 only */
};

struct filter_probe_result {
	int failed; /* errno of the probe itself: fork, loading the filter; else 0 */
	int signal; /* what killed the child, or 0 */
	int64_t value; /* what the call returned: a result, or -errno */
};

/*
 * program: an array of struct sock_filter, as bytes; NULL for no filter. The child ends without
 * atexit handlers, so the call may be made from a process with threads.
 */
struct filter_probe_result filter_probe(const void *program, size_t bytes, enum probe_entry entry,
				 long number, const uint64_t arguments[6]);

/*
 * Runs a program under a filter with its output in out, which has room for capacity bytes and is
 * ended by a NUL. argv ends with NULL. value: its exit status.
 */
struct filter_probe_result filter_probe_program(const void *program, size_t bytes,
					 const char *const argv[], char *out, size_t capacity);

/* The call's number as libseccomp has it, on arm64 or x86-64; below zero when it has none. */
int probe_library_number(bool arm64, const char *name);

/* pidfd_open(2): a descriptor that is readable once the process has ended, or -1 with errno. */
int probe_process(int pid);

#endif
