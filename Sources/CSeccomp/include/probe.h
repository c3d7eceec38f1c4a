/*
 * Probes: each tries one thing that isolation needs by using it in a throw-away child, and says
 * what came of it. The caller is never changed. A child that hangs is ended by its own alarm.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdint.h>

enum probe_kind {
	PROBE_USER_NAMESPACE = 0,
	PROBE_NAMESPACES,     /* detail: the CLONE_NEW* flags that were refused */
	PROBE_PROC,           /* a fresh /proc in a new pid namespace */
	PROBE_OVERLAY,        /* overlayfs mounted inside a user namespace */
	PROBE_IDMAPPED_MOUNT, /* of the root file system; needs real root */
	PROBE_TIME_NAMESPACE,
	PROBE_LANDLOCK,       /* detail: the ABI */
	PROBE_FILTER,
	PROBE_NOTIFY,         /* detail: PROBE_NOTIFY_* bits */
	PROBE_MDWE,
	PROBE_CGROUP2,        /* detail: PROBE_CONTROLLER_* a child has, << 8 those of our own cgroup */
	PROBE_CGROUP1,        /* detail: PROBE_CONTROLLER_* in which a child could be made and entered */
	PROBE_MOUNT_API,
	PROBE_PIDFD,
	PROBE_CLOSE_RANGE,
	PROBE_DEVPTS,
	PROBE_KEYRING,
	PROBE_TRACE,          /* detail: 1 if a process may trace a sibling of the same user */
	PROBE_RLIMIT,         /* detail: 1 if a hard limit could be raised */
	PROBE_COUNT,
};

enum probe_outcome {
	PROBE_WORKS = 0,
	PROBE_FAILED,      /* call and error say what was refused */
	PROBE_INEFFECTIVE, /* call was accepted, but what it promises did not happen */
	PROBE_TIMED_OUT,
	PROBE_DIED,        /* error: the signal that ended the child */
};

#define PROBE_NOTIFY_KILLABLE 1 /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19 */
#define PROBE_NOTIFY_ADDFD 2    /* SECCOMP_ADDFD_FLAG_SEND, Linux 5.14 */

#define PROBE_CONTROLLER_MEMORY 1
#define PROBE_CONTROLLER_PIDS 2
#define PROBE_CONTROLLER_CPU 4

struct probe_result {
	int32_t outcome; /* enum probe_outcome */
	int32_t error;   /* errno of call */
	int64_t detail;
	const char *call; /* static text; NULL when all went well */
};

/* Runs one probe; bounded by an alarm of a few seconds. */
struct probe_result probe_run(enum probe_kind kind);

#endif
