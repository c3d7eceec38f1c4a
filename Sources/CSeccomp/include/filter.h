/*
 * The system-call filter: rules in, BPF bytes out. Runs before the clone, in the parent; the child
 * only loads the finished bytes.
 *
 * Rules say what is refused. Every known call without a rule is allowed; every number this build
 * does not know is answered with ENOSYS, as an older kernel would; every entry that is not the
 * machine's own 64-bit one (i386, x32, arm) kills the process.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stddef.h>
#include <stdint.h>

enum filter_action {
	FILTER_ERROR = 1, /* the call returns filter_rule.error */
	FILTER_KILL,      /* the whole process dies by SIGSYS */
	FILTER_LOG,       /* allowed, and written to the kernel's log */
};

/* How one argument, a whole 64-bit register, is compared. */
enum filter_compare {
	FILTER_EQUAL = 1,
	FILTER_NOT_EQUAL,
	FILTER_GREATER,
	FILTER_MASKED_EQUAL, /* (argument & mask) == value: all that the kernel looks at is a part of it */
	FILTER_NEITHER,      /* the low 32 bits equal neither mask nor value; alone in its rule */
};

struct filter_check {
	uint32_t argument; /* 0 to 5 */
	uint32_t compare;  /* enum filter_compare */
	uint64_t mask;
	uint64_t value;
};

/* A rule refuses a call whose checks, up to two on different arguments, all hold. */
struct filter_rule {
	int32_t number; /* on this machine, from filter_number */
	uint32_t action; /* enum filter_action */
	uint32_t error;
	uint32_t check_count;
	struct filter_check checks[2];
};

/* What filter_number says of a name that is no call here, and of one that is no call anywhere. */
enum filter_number_special { FILTER_NUMBER_ELSEWHERE = -1, FILTER_NUMBER_UNKNOWN = -2 };

/* A call's number on the machine this was built for. */
int filter_number(const char *name);

/* The i-th known call's name and numbers, for tests; 0 when there is no i-th. */
int filter_known_call(size_t index, const char **name, int *x86_64, int *arm64);

/* The kernel's word for the machine this was built for (AUDIT_ARCH_*). */
uint32_t filter_architecture(void);

/* The version of libseccomp in use: major << 16 | minor << 8 | micro. */
uint32_t filter_compiler_version(void);

/*
 * Compiles the rules into an array of struct sock_filter at program, which has room for capacity
 * bytes. Returns the bytes written, or a negative errno.
 */
long filter_compile(const struct filter_rule *rules, size_t count, void *program, size_t capacity);

#endif
