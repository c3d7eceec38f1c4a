/* The process that removes an app's cgroup when the supervisor cannot: it was killed. */
#ifndef JANITOR_H
#define JANITOR_H

#include <stdint.h>

#define JANITOR_DIRECTORIES 4

/* What to undo. Paths are absolute; NULL ends the list. They are copied by the fork. */
struct janitor_work {
	const char *directories[JANITOR_DIRECTORIES]; /* the app's, one in each hierarchy */
	const char *leaf;     /* where the supervisor moved itself, or NULL */
	const char *parent;   /* the directory that holds the leaf, or NULL */
	const char *disable;  /* what to write to the parent's cgroup.subtree_control, or NULL */
};

/*
 * Forks the janitor. When every write end of the pipe is closed it does its work and ends; a byte dismisses it.
 *
 * cgroup: a cgroup v2 directory for it to be born in, or -1: it must not be in the way of the controllers.
 * lifeline: the pipe's read end; writer: its write end, which the janitor closes in its own table. pidfd: where its own
 * goes (close-on-exec). Returns its pid, or -1 with errno.
 */
int janitor_start(const struct janitor_work *work, int lifeline, int writer, int cgroup,
		  int *pidfd);

/*
 * Forks a process that gives a terminal its modes back when the supervisor, which has made it raw, was killed: `raw` and
 * `saved` are the kernel's struct termios, 36 bytes. It acts only if the modes are still `raw`, byte by byte: otherwise
 * somebody else has the terminal by now, such as a shell that has put them right itself. Lifeline, writer, pidfd and
 * result as above; terminal: stays open in it.
 */
int janitor_guard(int terminal, const uint8_t raw[36], const uint8_t saved[36], int lifeline, int writer,
		  int *pidfd);

#endif
