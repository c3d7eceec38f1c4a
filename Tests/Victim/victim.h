/*
 * A program that attacks. Each mode tries one thing that an app must not be able to do and says how it
 * ended: 0, it worked; an errno, it was refused; BROKEN, the attack itself is wrong. No library beyond libc.
 *
 * A wrapper is a mode that arranges something outside (a listener, a leaked descriptor, a segment) and then
 * runs the command after "--" in it, with %1, %2... in its words replaced by what was arranged.
 */
#ifndef VICTIM_H
#define VICTIM_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define BROKEN (-1)
/* What was looked for is not there. */
#define ABSENT ENOENT

struct attack {
	const char *name;
	/* How many words it needs after its name. */
	int words;
	int (*run)(char **words);
};

struct wrapper {
	const char *name;
	int words;
	/* Never returns on success but with the command's exit code. */
	int (*run)(char **words, char **command);
};

extern const struct attack call_attacks[], descriptor_attacks[], file_attacks[], identity_attacks[],
	inheritance_attacks[], ipc_attacks[], memory_attacks[], network_attacks[], process_attacks[],
	terminal_attacks[], crash_attacks[], steering_attacks[];
extern const struct wrapper host_wrappers[], leak_wrappers[], namespace_wrappers[];

/* 0, or errno of a call that gives -1. */
static inline int result_of(long value)
{
	return value == -1 ? (errno ? errno : EIO) : 0;
}

/* Runs a command with %1... replaced by values[0]...; gives its exit code, 128+N for a signal. */
int run_command(char **command, const char *const *values, int count);
/* As run_command, in place of this program. Gives 127 if it cannot. */
int exec_command(char **command, const char *const *values, int count);
/* The first errno, or 0, of a child that runs the function. */
int in_child(int (*run)(char **words), char **words);

#endif
