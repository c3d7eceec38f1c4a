/*
 * The only schema between Swift and the child. Swift writes a plan, the child runs it: child.c is a
 * loop around one switch over enum launch_op. No number here is written a second time in Swift; the
 * Clang importer reads this file.
 *
 * A plan is an array of fixed-size steps and one text block. A step names at most one descriptor, two
 * offsets into the text block and one 64-bit value; what does not fit lies in the text block as one
 * of the launch_*_extra structs, 8-aligned, its offset in text_b or value as the op says.
 */
#ifndef LAUNCH_PLAN_H
#define LAUNCH_PLAN_H

#include <stdint.h>

/* Paths called "relative" are beneath the new root and have no leading slash; "" is the root itself. */
enum launch_op {
	LAUNCH_OP_END = 0,
	/* Before the app is forked: run by the process that becomes init. */
	LAUNCH_OP_UNSHARE,             /* value: CLONE_NEW* flags */
	LAUNCH_OP_GATE,                /* wait for one byte on the lifeline: the supervisor has put us into our cgroups */
	LAUNCH_OP_NETWORK_START,       /* value: 1 = bring lo up. A helper makes the network namespace meanwhile */
	LAUNCH_OP_NETWORK_JOIN,        /* wait for the helper, enter its namespace */
	LAUNCH_OP_WRITE_PROC,          /* a: name of a file in the process's own /proc directory, b: content; one write(2) */
	LAUNCH_OP_MOUNTS_PRIVATE,      /* nothing we mount is seen outside */
	LAUNCH_OP_ROOT,                /* a: tmpfs options; becomes the new root, not entered yet */
	LAUNCH_OP_MAKE_DIR,            /* a: relative path, value: mode. Parents are made 0755. Existing is fine */
	LAUNCH_OP_MAKE_FILE,           /* a: relative path, b: content, value: mode */
	LAUNCH_OP_MAKE_LINK,           /* a: relative path of the link, b: what it points to */
	LAUNCH_OP_MAKE_DEVICE,         /* a: relative path, value: dev_t (needs real root) */
	LAUNCH_OP_BIND,                /* a: host path, b: launch_bind_extra */
	LAUNCH_OP_ATTACH,              /* fd: a detached mount, a: relative path, value: 1 = a directory */
	LAUNCH_OP_TMPFS,               /* a: relative path, b: options, value: MOUNT_ATTR_* */
	LAUNCH_OP_PROC,                /* a: relative path, b: options or "" */
	LAUNCH_OP_DEVPTS,              /* a: relative path, b: options */
	LAUNCH_OP_SYSFS,               /* a: relative path */
	LAUNCH_OP_MQUEUE,              /* a: relative path */
	LAUNCH_OP_OVERLAY,             /* a: relative path, b: launch_overlay_extra */
	LAUNCH_OP_MASK,                /* a: relative path; covered by nothing; missing is fine */
	LAUNCH_OP_READ_ONLY,           /* a: relative path; bound over itself read-only; missing is fine */
	LAUNCH_OP_ATTRIBUTES,          /* a: relative path, value: MOUNT_ATTR_* to set on that mount alone */
	LAUNCH_OP_OWNER,               /* a: relative path of a private file system, b: launch_identity_extra */
	LAUNCH_OP_PIVOT,               /* enter the new root, detach the old one */
	LAUNCH_OP_LOOPBACK_UP,
	LAUNCH_OP_HOSTNAME,            /* a: name */
	LAUNCH_OP_DOMAINNAME,          /* a: name */
	LAUNCH_OP_IDENTITY,            /* b: launch_identity_extra; setgroups, setresgid, setresuid */
	LAUNCH_OP_KEYRING,             /* a fresh session keyring */
	LAUNCH_OP_CLOSE_UNNAMED,       /* at once: every descriptor that no later step names, but the report's and the lifeline */
	LAUNCH_OP_ENTER,               /* fd: a namespace of a running app, closed after; value: its CLONE_NEW* */
	LAUNCH_OP_ALONE,               /* without namespaces: no capability; value: 1 = init's kill(-1) reaches the app's processes alone */
	LAUNCH_OP_TERMINAL,            /* a: absolute path of ptmx, b: launch_terminal_extra; sends the pty's master up */
	LAUNCH_OP_WITNESS,             /* start a process that looks at crashes. value: 1 = at the filter's, too */
	LAUNCH_OP_FORK_APP,            /* what follows is run by the app; this process becomes init. value: 1 = own copy of memory */
	/* In the app, up to exec. */
	LAUNCH_OP_SESSION,             /* value: 1 = own foreground group on the pty, 0 = a session of its own */
	LAUNCH_OP_MEET_WITNESS,        /* be traced by it. Needs an own copy of memory */
	LAUNCH_OP_WORKDIR,             /* a: absolute path in the new root */
	LAUNCH_OP_UMASK,               /* value */
	LAUNCH_OP_RLIMIT,              /* fd: RLIMIT_*, b: launch_rlimit_extra */
	LAUNCH_OP_NICE,                /* value: niceness, as int64 */
	LAUNCH_OP_SIGNALS,             /* every disposition default, empty mask */
	LAUNCH_OP_CLOSE_OTHERS,        /* value: this number and all above are closed at exec, but for what follows */
	LAUNCH_OP_DESCRIPTOR,          /* fd: source or LAUNCH_FD_TERMINAL, value: the number the app sees */
	LAUNCH_OP_PERSONALITY,         /* value: personality(2) persona */
	LAUNCH_OP_DUMPABLE,            /* value: PR_SET_DUMPABLE */
	LAUNCH_OP_CAPABILITIES_DROP,   /* ambient, bounding, securebits locked, then all sets empty */
	LAUNCH_OP_NO_NEW_PRIVILEGES,
	LAUNCH_OP_DENY_WRITE_EXECUTE,  /* prctl(PR_SET_MDWE) */
	LAUNCH_OP_LANDLOCK_BEGIN,      /* b: launch_landlock_extra */
	LAUNCH_OP_LANDLOCK_PATH,       /* a: absolute path in the new root, value: LANDLOCK_ACCESS_FS_*; missing is fine */
	LAUNCH_OP_LANDLOCK_FILE,       /* fd: a file of the supervisor's, value: LANDLOCK_ACCESS_FS_* */
	LAUNCH_OP_LANDLOCK_PORT,       /* fd: port, value: LANDLOCK_ACCESS_NET_* */
	LAUNCH_OP_LANDLOCK_ENFORCE,
	LAUNCH_OP_FILTER,              /* b: struct sock_filter array, value: its length. The last step before exec */
	LAUNCH_OP_EXEC,                /* a: candidate paths, NUL-separated, ended by an empty one */
	LAUNCH_OP_EXEC_FILE,           /* fd: an executable of the supervisor's, run by descriptor (execveat(2)) */
	LAUNCH_OP_COUNT,
};

struct launch_step {
	uint32_t op; /* enum launch_op */
	int32_t fd;
	uint32_t text_a;
	uint32_t text_b;
	uint64_t value;
};

/* In a descriptor step: the pty that LAUNCH_OP_TERMINAL opened. */
#define LAUNCH_FD_TERMINAL (-2)

/* What SCM_RIGHTS carries in one message, less one (unix(7)). */
#define LAUNCH_PASSED_MAX 252

/* How many private file systems init can look at when the app ends. */
#define LAUNCH_WATCHED_MAX 32

struct launch_bind_extra {
	uint64_t device;     /* what the policy saw at the host path: st_dev */
	uint64_t inode;      /* and st_ino; anything else there now fails the step with ESTALE */
	uint64_t attributes; /* MOUNT_ATTR_* set on the whole tree */
	uint32_t target;     /* offset of the relative path */
	int32_t userns_fd;   /* for an idmapped mount, else -1 */
	uint32_t recursive;  /* with the mounts below it */
	uint32_t is_directory;
};

struct launch_overlay_extra {
	uint64_t device;
	uint64_t inode;
	uint64_t attributes;
	uint32_t lower;   /* offset: host path of the lower directory */
	uint32_t upper;   /* offset: host path of the kept upper directory, or 0: thrown away */
	uint32_t work;    /* offset: host path of the work directory beside it, or 0 */
	uint32_t options; /* offset: tmpfs options for the thrown-away upper layer */
	uint32_t user_xattr;
	int32_t userns_fd; /* the lower layer's owner appears as the app (an idmapped mount), or -1 */
	uint32_t uid;      /* with it: the app's ids, to whom the upper directory is given */
	uint32_t gid;
};

struct launch_identity_extra {
	uint32_t uid;
	uint32_t gid;
	uint32_t clear_groups; /* 1: setgroups(0); 0: leave (a user namespace made without it) */
	uint32_t reserved;
};

struct launch_terminal_extra {
	uint16_t rows, columns, x_pixels, y_pixels;
	uint32_t has_modes;  /* 1: modes holds the kernel's struct termios of the caller's terminal (TCGETS) */
	uint8_t modes[36];
};

struct launch_rlimit_extra {
	uint64_t soft;
	uint64_t hard;
};

struct launch_landlock_extra {
	uint64_t handled_fs;
	uint64_t handled_net;
	uint64_t scoped;
	uint32_t size; /* how much of the kernel's struct this ABI knows: 8, 16 or 24 */
	uint32_t reopen; /* bit n: the regular file (or the null device) that is 0, 1 or 2 may be opened again, as it is open */
};

/* What the child and init tell the supervisor: one SOCK_SEQPACKET message each. */
enum launch_report_kind {
	LAUNCH_REPORT_FAILED = 1, /* step, error: nothing was started */
	LAUNCH_REPORT_TERMINAL,   /* carries the pty's master as SCM_RIGHTS */
	LAUNCH_REPORT_STARTED,    /* exec succeeded; pid: the app's in its own namespace */
	LAUNCH_REPORT_STOPPED,    /* the app stopped; status: the signal */
	LAUNCH_REPORT_CONTINUED,
	LAUNCH_REPORT_EXITED,     /* status: as waitpid(2) gives it; usage filled in */
	LAUNCH_REPORT_SHARED,     /* the answer to a question: shared_bytes and shared_pages */
	LAUNCH_REPORT_CRASH_FILE, /* carries a file that the process of the next CRASHED has mapped */
	LAUNCH_REPORT_CRASHED,    /* carries a core (crash_core.h); pid, status: the signal; step: how many files came before */
	LAUNCH_REPORT_UNWITNESSED, /* nobody looks at crashes (any more); error: why nobody does from the start, else 0 */
};

struct launch_report {
	uint32_t kind; /* enum launch_report_kind */
	uint32_t step;
	int32_t error;
	int32_t status;
	int32_t pid;
	uint32_t tmpfs_full;         /* EXITED: bit i: the i-th LAUNCH_OP_TMPFS had no block or inode left */
	uint64_t user_microseconds;  /* of the app and all its reaped descendants */
	uint64_t system_microseconds;
	uint64_t peak_resident_kib;  /* of the largest single process */
	uint64_t reaped;             /* how many processes init reaped, the app included */
	uint64_t left;               /* EXITED: how many of them still lived when the app had ended */
	uint64_t shared_bytes;       /* SHARED: stored in the private file systems */
	uint64_t shared_pages;       /* SHARED: of SysV shared memory, attached or not */
};

struct launch_plan {
	const struct launch_step *steps;
	const char *text;
	char *const *argv;
	char *const *envp;
	uint32_t step_count;
	uint32_t text_size;
	int32_t report_fd;    /* SOCK_SEQPACKET, close-on-exec. Each byte sent down is a question for LAUNCH_REPORT_SHARED */
	int32_t lifeline_fd;  /* read end of a pipe that the supervisor holds open while it lives */
	int32_t lifeline_write_fd; /* the supervisor's end, which the child closes in its own table; or -1 */
	/* The supervisor's writable data, which init drops: it uses none of it. Set by launch_clone and launch_early_run. */
	uint64_t data_start;
	uint64_t data_size;
	/* And its text, of which init needs a page or two: dropped before a long wait, it comes back as it is run. */
	uint64_t code_start;
	uint64_t code_size;
};

/*
 * Runs the plan in the calling process, which must be the only thread of a fresh clone. Never returns.
 * Allocates nothing, takes no lock, touches no libc state but errno.
 */
void launch_child(const struct launch_plan *plan) __attribute__((noreturn));

/*
 * clone3(2) without CLONE_VM, then launch_child in the child.
 *
 * namespaces: CLONE_NEW* flags for the clone itself. cgroup_fd: a cgroup v2 directory to be born in, or -1.
 * pidfd: where the new process's pidfd goes (close-on-exec). Returns the pid, or -1 with errno.
 */
int launch_clone(const struct launch_plan *plan, uint64_t namespaces, int cgroup_fd, int *pidfd);

/*
 * The early child: born before the policy is known, so that the kernel makes its namespaces beside the reading of
 * profiles. It takes the steps that nearly every plan begins with, then waits for the rest in memory it shares with the supervisor.
 */
struct launch_early {
	void *arena;        /* MAP_SHARED; the plan is copied into it */
	int32_t pid;
	int32_t pidfd;
	int32_t report_fd;  /* the child's end */
	int32_t lifeline_fd;
	int32_t lifeline_write_fd;
};

/* A report's step when the early child could not make its namespaces. */
#define LAUNCH_STEP_EARLY UINT32_MAX

/*
 * Clones the early child. at_clone: CLONE_NEWUSER and CLONE_NEWPID or less; later: what the child itself unshares.
 * ahead: steps that the child takes then, and that no later plan has; a report counts them first. The descriptors in *early are
 * filled in by the caller. Returns 0, or -1 with errno.
 */
int launch_early_begin(struct launch_early *early, uint64_t at_clone, uint64_t later, const struct launch_plan *ahead);
/*
 * Copies the plan where the child reads it and lets it run. passed: the descriptors that the plan names and that were opened
 * after the child was born; they are sent by way of report, our end. Returns 0, or -1 with errno (E2BIG: does not fit).
 */
int launch_early_run(const struct launch_early *early, const struct launch_plan *plan, int report, const int *passed,
		     uint32_t count);
/* The supervisor's side is done with the shared memory. */
void launch_early_release(struct launch_early *early);

#endif
