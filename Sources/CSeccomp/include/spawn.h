/* Starts a program of the host for the supervisor: not confined, with the supervisor's rights. See docs/broker.md. */
#ifndef SPAWN_H
#define SPAWN_H

struct spawn_program {
	int file;              /* O_PATH, for execveat(2); or -1 */
	const char *path;      /* absolute; used when there is no file */
	char *const *argv;
	char *const *envp;
	int standard[3];       /* become 0, 1 and 2; nothing else is kept */
	int death_signal;      /* when the calling thread ends (PR_SET_PDEATHSIG) */
};

/*
 * The program runs in a process group of its own, with default signals. Returns the pid and its pidfd once exec has succeeded, or
 * -1 with the errno of what failed.
 */
int spawn_start(const struct spawn_program *what, int *pidfd);

#endif
