/*
 * Shared by the files that run between clone and exec. SAFETY: they run in a fresh copy of a process, so they
 * may use raw system calls and errno, and nothing else: no malloc, no stdio, no lock, no exit handlers.
 * A test reads the undefined symbols of their object files.
 */
#ifndef CHILD_H
#define CHILD_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch_plan.h"

#define CHILD_OWN_DEVICES 64
#define CHILD_STACK_SIZE (64 * 1024)

/* What the steps leave for later steps. One per launch, on the child's stack. */
struct child {
	const struct launch_plan *plan;
	void *arena;      /* shared or mapped memory that brought the plan, else NULL */
	uint64_t arena_size;
	const int *passed; /* descriptors that came with the plan, else NULL; its steps name them by index, or */
	const int *passed_names; /* by the numbers they had where they came from; what is not among them was inherited */
	uint32_t passed_count;
	int has_default_signals; /* this process's ancestors have reset every disposition already */
	uint32_t step_base; /* steps that an earlier plan of this launch has run */
	int root_fd;      /* the new root, until it is entered; then "/" */
	uint32_t covered; /* how many of our own mounts lie beneath the new root, on the old one's place */
	int proc_self_fd; /* the process's own directory in the caller's /proc */
	int null_fd;      /* the new root's /dev/null, once needed */
	int terminal_fd;  /* the pty's app side */
	int landlock_fd;
	int network_fd;   /* written by the network helper */
	int network_error;
	int network_pid;
	int is_guest;     /* we are in the sandbox of an app that we did not start: its init is another process */
	int holds_signals; /* no signal leaves us and our children for others: kill(-1) is safe */
	int own_proc;     /* "proc" is a fresh one of ours */
	int app_failed;   /* the app reported a failed step */
	int app_pipe;     /* with a copied memory: where the app says so */
	int report_at;    /* where the app's copy of the report socket has moved to, or -1 */
	int witness_fd;   /* the app's way to the process that looks at its crashes */
	int witness_pid;  /* 0: there is none */
	uint32_t step;
	/* The file systems we made: only in them may a missing mount point be created. */
	uint64_t own_devices[CHILD_OWN_DEVICES];
	uint32_t own_device_count;
	int watched[LAUNCH_WATCHED_MAX];
	uint32_t watched_count;
};

/* The memory that an early child and the supervisor share, mapped at one address in both. */
#define LAUNCH_ARENA_SIZE (16 << 20)

struct launch_arena {
	struct launch_plan plan;
	uint64_t affinity_size; /* bytes; 0: nothing to restore */
	unsigned char affinity[128];
	unsigned char others[128]; /* without the supervisor's processor */
	/* Descriptors that the supervisor opened after the child was born, sent on the report socket. */
	uint32_t passed_count;
	int32_t passed_names[LAUNCH_PASSED_MAX];
	int32_t passed[LAUNCH_PASSED_MAX];
	char rest[] __attribute__((aligned(8)));
};

/* What an early child does from its birth on. Never returns. */
void child_early(const struct launch_early *early, uint64_t later, const struct launch_plan *ahead)
	__attribute__((noreturn));

static inline const char *child_text(const struct child *c, uint64_t offset)
{
	return c->plan->text + offset;
}

static inline size_t child_length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

/* The number, in this process, of a descriptor that a step names; -1 with errno. */
static inline int child_descriptor(const struct child *c, int named)
{
	uint32_t i;

	if (!c->passed)
		return named;
	if (c->passed_names) {
		for (i = 0; i < c->passed_count; i++)
			if (c->passed_names[i] == named)
				return c->passed[i];
		return named;
	}
	if (named >= 0 && (uint32_t)named < c->passed_count)
		return c->passed[named];
	errno = EBADF;
	return -1;
}

/* The first act of a new process: what all plans start from. */
void child_begin(struct child *c, const struct launch_plan *plan);
/* Runs from the current step to the next FORK_APP or END, and says whether there is an app to fork. */
int child_run_steps(struct child *c);
/* Runs the whole plan, from its first step to init's end. */
void child_run_plan(struct child *c) __attribute__((noreturn));
void child_fail(struct child *c, int error) __attribute__((noreturn));

/* Each step returns 0, or -1 with errno. */
int child_mount_step(struct child *c, const struct launch_step *s);
int child_app_step(struct child *c, const struct launch_step *s);
int child_close_unnamed(struct child *c);
int child_enter_namespace(struct child *c, const struct launch_step *s);
/* Has us killed with our parent, and ends us if the supervisor is gone already. */
void child_follow_parent(const struct child *c);
/* Closes everything but the descriptors named, which are sorted; those below zero count for nothing. */
void child_close_all_but(int *keep, uint32_t count);
/* Every signal's disposition becomes the default. */
int child_reset_dispositions(void);

void child_send(const struct child *c, const struct launch_report *report, int fd);

/*
 * The words of the command line that started the program, in our copy of its memory: /proc/1/cmdline would show them to the
 * app, with every path and option that its caller wrote (proc_pid_cmdline(5): no permission is needed). Set by clone.c.
 */
extern char *child_words;
extern size_t child_words_size;

/*
 * For a copy of the supervisor that lives as long as the app does: what that one read (the caller's environment, profiles) is
 * no business of its.
 */
void child_forget(struct child *c);
/* The heap alone. */
void child_forget_heap(void);

/* The process that looks at crashes (witness.c): its start, and in the app the meeting with it. */
int child_start_witness(struct child *c, const struct launch_step *s);
int child_meet_witness(struct child *c);

/* Without namespaces; child_alone.c. */
int child_stand_alone(struct child *c, const struct launch_step *s);

/* PID 1 of the app's pid namespace, from the fork of the app to the end. Never returns. */
void child_become_init(struct child *c, int app_pid) __attribute__((noreturn));

#endif
