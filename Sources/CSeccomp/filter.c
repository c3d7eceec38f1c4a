#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_NUMBER(x86_64, arm64) x86_64
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_NUMBER(x86_64, arm64) arm64
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "system call numbers are known for x86-64 and arm64 only"
#endif

/* Numbers from here on are x32's; on arm64 there are none. Source: asm/unistd.h of x86 */
#define X32_NUMBERS 0x40000000u

/* Higher than any known number, with room: the kernel adds a handful a year. */
#define NUMBER_LIMIT 1024

struct known_call {
	const char *name;
	int16_t x86_64;
	int16_t arm64;
};

static const struct known_call known_calls[] = {
#define SYSCALL(name, x86_64, arm64) { #name, x86_64, arm64 },
#include "syscall_numbers.h"
#undef SYSCALL
};

#define KNOWN_CALLS (sizeof(known_calls) / sizeof(known_calls[0]))

static int native_number(const struct known_call *call)
{
	return NATIVE_NUMBER(call->x86_64, call->arm64);
}

int filter_number(const char *name)
{
	size_t low = 0;
	size_t high = KNOWN_CALLS;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, known_calls[middle].name);

		if (order == 0)
			return native_number(&known_calls[middle]);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return FILTER_NUMBER_UNKNOWN;
}

int filter_known_call(size_t index, const char **name, int *x86_64, int *arm64)
{
	if (index >= KNOWN_CALLS)
		return 0;
	*name = known_calls[index].name;
	*x86_64 = known_calls[index].x86_64;
	*arm64 = known_calls[index].arm64;
	return 1;
}

uint32_t filter_architecture(void)
{
	return NATIVE_ARCHITECTURE;
}

uint32_t filter_compiler_version(void)
{
	const struct scmp_version *version = seccomp_version();

	return version->major << 16 | version->minor << 8 | version->micro;
}

/* libseccomp's words for actions are the kernel's own SECCOMP_RET_* values. */
static int action_word(const struct filter_rule *rule, uint32_t *word)
{
	switch ((enum filter_action)rule->action) {
	case FILTER_ERROR:
		*word = SCMP_ACT_ERRNO(rule->error);
		return 0;
	case FILTER_KILL:
		*word = SCMP_ACT_KILL_PROCESS;
		return 0;
	case FILTER_LOG:
		*word = SCMP_ACT_LOG;
		return 0;
	}
	return -EINVAL;
}

/*
 * What runs first: unknown numbers are answered with ENOSYS. A rule language that names calls one
 * by one cannot say "every other number", and an unknown number must never reach the default, which
 * allows.
 *
 *     load the architecture; another one than ours: go on to libseccomp's part, which kills
 *     load the number; x32's: go on, as above (but -1, a call nobody has, is unknown)
 *     for each gap between known numbers: inside it, return ENOSYS
 *     for each FILTER_NEITHER rule: its call with another value is refused
 */

/* Jumps over the whole body of the prologue are one byte. */
#define BODY_LIMIT 200

static const struct sock_filter refuse_unknown =
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);

/* Returns the number of instructions written to body, which has room for BODY_LIMIT, or 0. */
static size_t write_gaps(struct sock_filter *body)
{
	bool known[NUMBER_LIMIT + 1] = { false };
	unsigned int number;
	size_t size = 0;

	for (size_t i = 0; i < KNOWN_CALLS; i++) {
		if (native_number(&known_calls[i]) >= 0)
			known[native_number(&known_calls[i])] = true;
	}
	for (number = 0; number <= NUMBER_LIMIT; number++) {
		unsigned int first = number;

		if (known[number])
			continue;
		while (number < NUMBER_LIMIT && !known[number + 1])
			number++;
		if (size + 3 > BODY_LIMIT)
			return 0;
		body[size++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2);
		if (number == NUMBER_LIMIT) /* the last gap has no end */
			body[size++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0);
		else
			body[size++] =
			    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, number, 1, 0);
		body[size++] = refuse_unknown;
	}
	return size;
}

/*
 * libseccomp needs a rule for every bit to say "neither 0 nor all ones", a fifth of a whole filter.
 * The low word of an argument lies first: both machines are little-endian.
 */
static size_t write_neither(struct sock_filter *body, const struct filter_rule *rule,
			    uint32_t action)
{
	const struct filter_check *check = &rule->checks[0];
	const struct sock_filter block[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->number, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 (uint32_t)offsetof(struct seccomp_data, args) + 8 * check->argument),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)check->mask, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)check->value, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};

	memcpy(body, block, sizeof(block));
	return sizeof(block) / sizeof(block[0]);
}

/* Whether the rule is the prologue's and not libseccomp's. */
static bool is_neither(const struct filter_rule *rule)
{
	return rule->check_count == 1 && rule->checks[0].compare == FILTER_NEITHER;
}

/* Returns the number of instructions, or 0 when they do not fit or a rule is malformed. */
static size_t write_prologue(const struct filter_rule *rules, size_t count, struct sock_filter *out,
			     size_t room)
{
	struct sock_filter body[BODY_LIMIT];
	size_t size = write_gaps(body);
	size_t head = 0;

	if (size == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t action;

		if (!is_neither(&rules[i]))
			continue;
		if (size + 6 > BODY_LIMIT || rules[i].checks[0].argument > 5 ||
		    action_word(&rules[i], &action) != 0)
			return 0;
		size += write_neither(body + size, &rules[i], action);
	}
	if (size + 6 > room)
		return 0;
	out[head++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						   offsetof(struct seccomp_data, arch));
	out[head++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 0,
						   (uint8_t)(size + 4));
	out[head++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						   offsetof(struct seccomp_data, nr));
	out[head++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 0, 1);
	out[head++] = refuse_unknown;
#if defined(__x86_64__)
	out[head++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_NUMBERS,
						   (uint8_t)size, 0);
#else
	out[head++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0);
#endif
	memcpy(out + head, body, size * sizeof(body[0]));
	return head + size;
}

static int compare_word(uint32_t compare, enum scmp_compare *word)
{
	switch ((enum filter_compare)compare) {
	case FILTER_EQUAL:
		*word = SCMP_CMP_EQ;
		return 0;
	case FILTER_NOT_EQUAL:
		*word = SCMP_CMP_NE;
		return 0;
	case FILTER_GREATER:
		*word = SCMP_CMP_GT;
		return 0;
	case FILTER_MASKED_EQUAL:
		*word = SCMP_CMP_MASKED_EQ;
		return 0;
	case FILTER_NEITHER: /* only ever alone: then it is the prologue's */
		return -EINVAL;
	}
	return -EINVAL;
}

static int add_rule(scmp_filter_ctx context, const struct filter_rule *rule)
{
	struct scmp_arg_cmp checks[2];
	uint32_t action;
	int result = action_word(rule, &action);

	if (result != 0)
		return result;
	if (rule->check_count > 2)
		return -EINVAL;
	for (uint32_t i = 0; i < rule->check_count; i++) {
		const struct filter_check *check = &rule->checks[i];
		enum scmp_compare word;

		result = compare_word(check->compare, &word);
		if (result != 0)
			return result;
		checks[i].arg = check->argument;
		checks[i].op = word;
		checks[i].datum_a = word == SCMP_CMP_MASKED_EQ ? check->mask : check->value;
		checks[i].datum_b = word == SCMP_CMP_MASKED_EQ ? check->value : 0;
	}
	return seccomp_rule_add_exact_array(context, action, rule->number, rule->check_count, checks);
}

/* libseccomp 2.5 can only write to a descriptor. */
static long export_program(scmp_filter_ctx context, char *out, size_t room)
{
	size_t size = 0;
	int result;
	int fd = memfd_create("filter", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	result = seccomp_export_bpf(context, fd);
	while (result == 0) {
		ssize_t got = pread(fd, out + size, room - size, (off_t)size);

		if (got < 0)
			result = -errno;
		else if (got == 0)
			break;
		else
			size += (size_t)got;
		if (result == 0 && size == room)
			result = -E2BIG;
	}
	close(fd);
	return result != 0 ? result : (long)size;
}

long filter_compile(const struct filter_rule *rules, size_t count, void *program, size_t capacity)
{
	size_t head = write_prologue(rules, count, program, capacity / sizeof(struct sock_filter));
	size_t head_bytes = head * sizeof(struct sock_filter);
	scmp_filter_ctx context;
	long result;

	if (head == 0)
		return -E2BIG;
	context = seccomp_init(SCMP_ACT_ALLOW);
	if (context == NULL)
		return -ENOMEM;
	result = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (result == 0)
		result = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; i < count && result == 0; i++)
		result = is_neither(&rules[i]) ? 0 : add_rule(context, &rules[i]);
	if (result == 0)
		result = export_program(context, (char *)program + head_bytes, capacity - head_bytes);
	seccomp_release(context);
	return result < 0 ? result : (long)head_bytes + result;
}
