/*
 * The launcher process: a small copy of the supervisor, made before that one grows, in a mount
 * namespace that holds only
 * what the launches of one shape share. It makes ready children, each in namespaces of its own,
 * which wait for the rest of
 * their plan. The supervisor is the parent of all of them (CLONE_PARENT).
 */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#include "launch_plan.h"

/*
 * One request to the launcher process: make a ready child. Carries its report socket, lifeline and
 * perhaps a cgroup.
 */
struct launcher_request {
	uint32_t has_cgroup;
	uint32_t reserved;
};

/* The answer. Carries the child's pidfd, unless error is set. */
struct launcher_reply {
	int32_t pid;
	int32_t error;
};

/*
 * To a ready child: the rest of its plan. Carries the plan's memory file, then the descriptors that
 * the plan names by index.
 */
struct launcher_go {
	uint32_t passed;
	int32_t floor; /* the descriptors are moved to this number and above, clear of those that the app wants */
};

/*
 * Copies a plan into a sealed memory file (memfd_create(2)), which can be run any number of times.
 * Returns it, or -1 with errno.
 */
int launch_pack(const struct launch_plan *plan);

/*
 * Makes the launcher process. prepare: run by it, once; ready: run by each ready child; both from
 * launch_pack and kept by the
 * caller. at_clone: its own CLONE_NEW* flags; of_children: theirs. control: the launcher's end of a
 * SOCK_SEQPACKET pair, on which
 * it says LAUNCH_REPORT_STARTED or LAUNCH_REPORT_FAILED first. The caller is to outlive it: it ends
 * with the calling thread.
 * Returns the pid, or -1 with errno.
 */
int launcher_begin(int prepare, int ready, uint64_t at_clone, uint64_t of_children, int control, int *pidfd);

/*
 * Asks for a ready child and waits for the answer. cgroup: a directory to be born in, or -1.
 * Returns the pid, or -1 with errno.
 */
int launcher_prepare(int control, int report, int lifeline, int cgroup, int *pidfd);

/*
 * Lets a ready child run. The descriptors are looked up in the caller's table now. Returns 0, or -1
 * with errno.
 */
int launcher_run(int report, int plan, const int *passed, uint32_t count, int32_t floor);

/*
 * Clones a host tree as a detached mount with MOUNT_ATTR_* on all of it, if its top still is what
 * the policy saw (else ESTALE).
 * userns: for an idmapped mount, or -1. Returns its descriptor, or -1 with errno.
 */
int launcher_open_tree(const char *path, const struct launch_bind_extra *wanted);

/*
 * Whether the file system at a path maps owners (an idmapped mount, mount_setattr(2)): 0 if it says that it does not. Of the usual
 * ones it is known (since Linux 5.12, btrfs 5.15, tmpfs 6.3); another is tried, which costs a process. What cannot be looked at
 * counts as one that does: whoever binds it says why it cannot.
 */
int launcher_maps_owners(const char *path);

/* A SOCK_SEQPACKET pair, close-on-exec, whose ends[0] waits at most that long for a message. */
int launcher_pair(int ends[2], int seconds);

#endif
