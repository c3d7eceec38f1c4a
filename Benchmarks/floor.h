/*
 * The floor: the isolation of `isolated run` done by hand, as leanly as plain C can. It is the yardstick
 * of the launch rows, and the place where ideas are tried before the launcher takes them up.
 */
#ifndef FLOOR_H
#define FLOOR_H

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>

/* Ideas that can be switched on one by one with --with NAME,NAME; none is on in the classic floor. */
enum variant {
	NET_HELPER = 1 << 0,     /* a helper process makes the network namespace meanwhile */
	SELF_MAP = 1 << 1,       /* ordinary user: the child writes its own id maps, no round trip */
	LATE_USER = 1 << 2,      /* root: the user namespace comes last, with self-written maps */
	FSMOUNT_ROOT = 1 << 3,   /* root tmpfs by fsopen, fsmount, move_mount onto "/" */
	COVER_OLD = 1 << 4,      /* the old tree stays, covered by the new root, as switch_root does */
	UMOUNT_HELPER = 1 << 5,  /* a helper process drops the old tree meanwhile, joined before exec */
	UMOUNT_INIT = 1 << 6,    /* init drops the old tree after the fork, the app waits before exec */
	ONE_TMPFS = 1 << 7,      /* /tmp, /run, /dev/shm are directories of one tmpfs */
	MKNOD = 1 << 8,          /* device nodes instead of binds (with LATE_USER) */
	MASK_BIND = 1 << 9,      /* cover 12 files of /proc by mount(MS_BIND) of /dev/null */
	MASK_CLONE = 1 << 10,    /* the same by open_tree of one descriptor and move_mount */
	PIECES = 1 << 11,        /* unshare namespace by namespace instead of one clone */
	VFORK_APP = 1 << 12,     /* init starts the app with vfork */
	NO_PRIVATE = 1 << 13,    /* leave the mounts slaves, as a new user namespace makes them */
	NET_EMPTY = 1 << 14,     /* lo stays down */
	FD_BINDS = 1 << 15,      /* binds by open_tree, mount_setattr, move_mount */
	NO_NET = 1 << 16,        /* no network namespace at all: what it costs */
	SPREAD = 1 << 17,        /* the network helper is moved off this processor at birth */
	EARLY = 1 << 19,         /* the child is born first and makes its network while the parent still works */
	EARLY_REPORT = 1 << 18,  /* init reports before it ends, and nobody waits for its end */
};

struct floor_options {
	unsigned int variants;
	const char *read_path; /* one more directory shown read-only, or NULL */
	int is_root;
	int has_init;
	unsigned int uid, gid; /* of the caller */
	cpu_set_t affinity;    /* the caller's, given back to a child that was moved */
	int work_us;           /* how long the parent is busy before it knows the plan */
};

/* Says what failed and ends the process: the floor has no half measures. */
void must(long rc, const char *what);

/* Builds the view in a tmpfs and enters it. The caller is the first process of its namespaces. */
void view_build(const struct floor_options *options);

/* Waits for what view_build left running in parallel. */
void view_join(void);

/* Drops the old tree, where view_build left it to the caller. */
void view_drop_old(void);

/* The descriptor of the network namespace that make_network(options) left, lo up. */
extern int network_fd;
int make_network(void *options);

/* Identity, user namespace where it comes last, every capability. */
void drop_all(const struct floor_options *options);

/* PID 1: starts the app, reaps what it leaves, reports its status as its own. Never returns. */
void be_init(const struct floor_options *options, char **command);

/* The status of pid as a shell would say it; others are reaped on the way. */
int wait_for(int pid);

/* count launches of a program that prints CLOCK_MONOTONIC at main; prints the median in microseconds. */
int launch_pool(struct floor_options *options, char **command, int count);
int launch_plain(char **command, int count);

/*
 * Runs a program count times, again as soon as it has ended: out of the template with a network namespace made ahead, or
 * (restart_plain) by vfork and exec alone.
 */
int restart_pool(struct floor_options *options, char **command, int count);
int restart_plain(char **command, int count);

/* Runs run() on its own stack, sharing memory and (with CLONE_FILES in flags) descriptors. */
int helper_start(int (*run)(void *), void *argument, unsigned int flags);
void helper_join(int pid);

/* Puts a new process on another processor, when nobody else wants one. */
void helper_move_away(int pid);

/* Stands for the work of a launcher that reads a profile first. */
void busy_for(int microseconds);

#endif
