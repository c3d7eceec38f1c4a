/* The interpreter of a launch plan: a loop around one switch. */
#include "child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef KEYCTL_JOIN_SESSION_KEYRING
#define KEYCTL_JOIN_SESSION_KEYRING 1
#endif

void child_send(const struct child *c, const struct launch_report *report, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)report, sizeof(*report) };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { 0 };

	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	if (fd >= 0) {
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		*(int *)(void *)CMSG_DATA(&control.align) = fd;
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
	}
	/* A supervisor that is gone needs no report; the lifeline ends us. */
	(void)syscall(SYS_sendmsg, c->report_at >= 0 ? c->report_at : c->plan->report_fd, &message,
		      MSG_NOSIGNAL);
}

void child_fail(struct child *c, int error)
{
	struct launch_report report = { 0 };

	report.kind = LAUNCH_REPORT_FAILED;
	report.step = c->step_base + c->step;
	report.error = error;
	child_send(c, &report, -1);
	c->app_failed = 1;
	if (c->app_pipe >= 0)
		(void)syscall(SYS_write, c->app_pipe, "!", 1);
	for (;;)
		_exit(125);
}

/* The signal that ends us with the supervisor is cleared by each change of identity: set again after. */
void child_follow_parent(const struct child *c)
{
	struct pollfd lifeline = { c->plan->lifeline_fd, 0, 0 };
	struct timespec now = { 0, 0 };

	(void)syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (syscall(SYS_ppoll, &lifeline, 1, &now, NULL, 0) > 0)
		_exit(125);
}

static int loopback_up(void)
{
	struct ifreq request = { 0 };
	int saved, fd = (int)syscall(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	request.ifr_name[0] = 'l';
	request.ifr_name[1] = 'o';
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	saved = (int)syscall(SYS_ioctl, fd, SIOCSIFFLAGS, &request) < 0 ? errno : 0;
	(void)syscall(SYS_close, fd);
	errno = saved;
	return saved ? -1 : 0;
}

static char network_stack[CHILD_STACK_SIZE] __attribute__((aligned(16)));
static char app_stack[CHILD_STACK_SIZE] __attribute__((aligned(16)));

/*
 * Making a network namespace is the dearest step of a launch, so it is made beside the mounts: by a process that shares
 * our memory and descriptors, leaves the namespace's descriptor, and ends.
 * SAFETY: errno is shared with the main flow, so errors are taken from the kernel's return value, by the value
 * left in network_error; the main flow reads errno only after its own failed calls, which is why the
 * helper must not fail a call after its last success: each failing call here ends the helper.
 */
static long raw_call(long number, long a, long b, long c)
{
	long result;
#if defined(__x86_64__)
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = 0;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	result = x0;
#else
#error "isolated runs on x86-64 and arm64"
#endif
	return result;
}

struct network_request {
	struct child *child;
	int loopback;
};

static int network_helper(void *argument)
{
	struct network_request *request = argument;
	struct ifreq lo = { 0 };
	long result, fd;

	result = raw_call(SYS_unshare, CLONE_NEWNET, 0, 0);
	if (result == 0 && request->loopback) {
		lo.ifr_name[0] = 'l';
		lo.ifr_name[1] = 'o';
		lo.ifr_flags = IFF_UP | IFF_RUNNING;
		fd = raw_call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		result = fd;
		if (fd >= 0) {
			result = raw_call(SYS_ioctl, fd, SIOCSIFFLAGS, (long)&lo);
			(void)raw_call(SYS_close, fd, 0, 0);
		}
	}
	if (result >= 0) {
		/* openat with no mode: its fourth argument is only read with O_CREAT. */
		result = raw_call(SYS_openat, request->child->proc_self_fd, (long)"../self/ns/net",
				  O_RDONLY | O_CLOEXEC);
		if (result >= 0)
			request->child->network_fd = (int)result;
	}
	request->child->network_error = result < 0 ? (int)-result : 0;
	for (;;)
		(void)raw_call(SYS_exit, 0, 0, 0);
}

static struct network_request network_request;

static int network_start(struct child *c, const struct launch_step *s)
{
	network_request.child = c;
	network_request.loopback = (int)s->value;
	c->network_pid = clone(network_helper, network_stack + sizeof(network_stack),
			       CLONE_VM | CLONE_FILES | SIGCHLD, &network_request);
	return c->network_pid < 0 ? -1 : 0;
}

static int network_join(struct child *c)
{
	int status;

	while (syscall(SYS_wait4, c->network_pid, &status, 0, NULL) < 0)
		if (errno != EINTR)
			return -1;
	if (c->network_error) {
		errno = c->network_error;
		return -1;
	}
	if (syscall(SYS_setns, c->network_fd, CLONE_NEWNET) < 0)
		return -1;
	(void)syscall(SYS_close, c->network_fd);
	return 0;
}

static int write_proc(struct child *c, const struct launch_step *s)
{
	const char *content = child_text(c, s->text_b);
	size_t length = child_length(content);
	long done;
	int saved, fd = (int)syscall(SYS_openat, c->proc_self_fd, child_text(c, s->text_a),
				     O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	done = syscall(SYS_write, fd, content, length);
	saved = done < 0 ? errno : (size_t)done == length ? 0 : EIO;
	(void)syscall(SYS_close, fd);
	errno = saved;
	return saved ? -1 : 0;
}

static int become(struct child *c, const struct launch_step *s)
{
	const struct launch_identity_extra *id = (const void *)child_text(c, s->text_b);

	if (id->clear_groups && syscall(SYS_setgroups, 0, NULL) < 0)
		return -1;
	if (syscall(SYS_setresgid, id->gid, id->gid, id->gid) < 0)
		return -1;
	if (syscall(SYS_setresuid, id->uid, id->uid, id->uid) < 0)
		return -1;
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
			     SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
			     SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	int cap;

	if (syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -1;
	for (cap = 0; cap < 64; cap++) {
		if (syscall(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			break;
		return -1;
	}
	if (syscall(SYS_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_capset, &header, none);
}

/* Kernels without key management have no keyrings to inherit. */
static int fresh_keyring(void)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0 && errno != ENOSYS)
		return -1;
	return 0;
}

#define TERMIOS_GET 0x5401 /* TCGETS and TCSETS: the kernel's struct termios, not glibc's larger one */
#define TERMIOS_SET 0x5402
#define TERMIOS_SIZE 64 /* more than the kernel's structure has on any machine */

/*
 * Out of the supervisor's process group: what a terminal, or a kill of the whole group, sends is the supervisor's, which passes
 * it on. Init in the same group would get it too, from nobody of its pid namespace, as what the supervisor passes on, and the
 * app would be told twice. A terminal's hang-up leaves its descriptors terminals (EIO).
 *
 * Only a session's leader can have a pty for its terminal (tty_ioctl(4)), and the leader of a group can begin no session
 * (setsid(2)); so where the app may get a pty we begin one at once. Elsewhere not: a session costs the kernel far more.
 */
static void leave_group(void)
{
	char modes[TERMIOS_SIZE];
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (syscall(SYS_ioctl, fd, TERMIOS_GET, modes) == 0 || errno == EIO) {
			(void)syscall(SYS_setsid);
			return;
		}
	(void)syscall(SYS_setpgid, 0, 0);
}

static int open_terminal(struct child *c, const struct launch_step *s)
{
	const struct launch_terminal_extra *extra = (const void *)child_text(c, s->text_b);
	struct launch_report report = { 0 };
	int unlock = 0;
	int master = (int)syscall(SYS_openat, AT_FDCWD, child_text(c, s->text_a),
				  O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || syscall(SYS_ioctl, master, TIOCSPTLCK, &unlock) < 0)
		return -1;
	c->terminal_fd = (int)syscall(SYS_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->terminal_fd < 0)
		return -1;
	if (extra->has_modes && syscall(SYS_ioctl, c->terminal_fd, TERMIOS_SET, extra->modes) < 0)
		return -1;
	if (extra->rows && syscall(SYS_ioctl, c->terminal_fd, TIOCSWINSZ, &extra->rows) < 0)
		return -1;
	/* We lead a session since leave_group. */
	if (syscall(SYS_ioctl, c->terminal_fd, TIOCSCTTY, 0) < 0)
		return -1;
	report.kind = LAUNCH_REPORT_TERMINAL;
	child_send(c, &report, master);
	return (int)syscall(SYS_close, master);
}

/* The supervisor that is gone puts nobody anywhere: then there is nothing to wait for, nor to start. */
static int wait_at_gate(const struct child *c)
{
	char byte;
	long size = syscall(SYS_read, c->plan->lifeline_fd, &byte, 1);

	if (size == 0)
		_exit(125);
	return size == 1 ? 0 : -1;
}

static int run_step(struct child *c, const struct launch_step *s)
{
	switch ((enum launch_op)s->op) {
	case LAUNCH_OP_UNSHARE:
		return (int)syscall(SYS_unshare, s->value);
	case LAUNCH_OP_GATE:
		return wait_at_gate(c);
	case LAUNCH_OP_NETWORK_START:
		return network_start(c, s);
	case LAUNCH_OP_NETWORK_JOIN:
		return network_join(c);
	case LAUNCH_OP_WRITE_PROC:
		return write_proc(c, s);
	case LAUNCH_OP_LOOPBACK_UP:
		return loopback_up();
	case LAUNCH_OP_HOSTNAME:
		return (int)syscall(SYS_sethostname, child_text(c, s->text_a),
				    child_length(child_text(c, s->text_a)));
	case LAUNCH_OP_DOMAINNAME:
		return (int)syscall(SYS_setdomainname, child_text(c, s->text_a),
				    child_length(child_text(c, s->text_a)));
	case LAUNCH_OP_IDENTITY:
		return become(c, s);
	case LAUNCH_OP_KEYRING:
		return fresh_keyring();
	case LAUNCH_OP_CLOSE_UNNAMED:
		return child_close_unnamed(c);
	case LAUNCH_OP_ENTER:
		return child_enter_namespace(c, s);
	case LAUNCH_OP_TERMINAL:
		return open_terminal(c, s);
	case LAUNCH_OP_DUMPABLE:
		return (int)syscall(SYS_prctl, PR_SET_DUMPABLE, s->value, 0, 0, 0);
	case LAUNCH_OP_CAPABILITIES_DROP:
		return drop_capabilities();
	case LAUNCH_OP_ALONE:
		return child_stand_alone(c, s);
	case LAUNCH_OP_NO_NEW_PRIVILEGES:
		return (int)syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	case LAUNCH_OP_WITNESS:
		return child_start_witness(c, s);
	case LAUNCH_OP_MEET_WITNESS:
		return child_meet_witness(c);
	case LAUNCH_OP_MOUNTS_PRIVATE:
	case LAUNCH_OP_ROOT:
	case LAUNCH_OP_MAKE_DIR:
	case LAUNCH_OP_MAKE_FILE:
	case LAUNCH_OP_MAKE_LINK:
	case LAUNCH_OP_MAKE_DEVICE:
	case LAUNCH_OP_BIND:
	case LAUNCH_OP_ATTACH:
	case LAUNCH_OP_TMPFS:
	case LAUNCH_OP_PROC:
	case LAUNCH_OP_DEVPTS:
	case LAUNCH_OP_SYSFS:
	case LAUNCH_OP_MQUEUE:
	case LAUNCH_OP_OVERLAY:
	case LAUNCH_OP_MASK:
	case LAUNCH_OP_READ_ONLY:
	case LAUNCH_OP_ATTRIBUTES:
	case LAUNCH_OP_OWNER:
	case LAUNCH_OP_PIVOT:
		return child_mount_step(c, s);
	case LAUNCH_OP_SESSION:
	case LAUNCH_OP_WORKDIR:
	case LAUNCH_OP_UMASK:
	case LAUNCH_OP_RLIMIT:
	case LAUNCH_OP_NICE:
	case LAUNCH_OP_SIGNALS:
	case LAUNCH_OP_CLOSE_OTHERS:
	case LAUNCH_OP_DESCRIPTOR:
	case LAUNCH_OP_PERSONALITY:
	case LAUNCH_OP_DENY_WRITE_EXECUTE:
	case LAUNCH_OP_LANDLOCK_BEGIN:
	case LAUNCH_OP_LANDLOCK_PATH:
	case LAUNCH_OP_LANDLOCK_FILE:
	case LAUNCH_OP_LANDLOCK_PORT:
	case LAUNCH_OP_LANDLOCK_ENFORCE:
	case LAUNCH_OP_FILTER:
	case LAUNCH_OP_EXEC:
	case LAUNCH_OP_EXEC_FILE:
		return child_app_step(c, s);
	case LAUNCH_OP_FORK_APP: /* handled by the loop */
	case LAUNCH_OP_END:
	case LAUNCH_OP_COUNT:
		break;
	}
	errno = EINVAL;
	return -1;
}

int child_run_steps(struct child *c)
{
	for (; c->step < c->plan->step_count; c->step++) {
		const struct launch_step *s = &c->plan->steps[c->step];

		if (s->op == LAUNCH_OP_END)
			return 0;
		if (s->op == LAUNCH_OP_FORK_APP)
			return 1;
		if (run_step(c, s) < 0)
			child_fail(c, errno);
	}
	return 0;
}

static int app_main(void *argument)
{
	struct child *c = argument;

	c->step++;
	(void)child_run_steps(c);
	/* A plan that does not end in a successful exec is a bug of its maker, and a failed launch. */
	child_fail(c, ENOEXEC);
}

/*
 * Forks the app. In shared memory where we can: we sleep until it has called exec or ended, so app_failed is exact. A time
 * namespace cannot be entered with shared memory (clone(2)): then a pipe that exec closes says the same.
 */
static int fork_app(struct child *c, int copies_memory)
{
	struct child app = *c;
	int ends[2], pid;
	char byte;

	if (!copies_memory) {
		pid = clone(app_main, app_stack + sizeof(app_stack), CLONE_VM | CLONE_VFORK | SIGCHLD,
			    &app);
		c->app_failed = app.app_failed;
		return pid;
	}
	if (syscall(SYS_pipe2, ends, O_CLOEXEC) < 0)
		return -1;
	pid = clone(app_main, app_stack + sizeof(app_stack), SIGCHLD, (app.app_pipe = ends[1], &app));
	(void)syscall(SYS_close, ends[1]);
	if (pid > 0)
		c->app_failed = syscall(SYS_read, ends[0], &byte, 1) == 1;
	(void)syscall(SYS_close, ends[0]);
	return pid;
}

void child_run_plan(struct child *c)
{
	int pid;

	if (!child_run_steps(c))
		child_fail(c, ENOEXEC);
	child_follow_parent(c);
	pid = fork_app(c, (int)c->plan->steps[c->step].value);
	if (pid < 0)
		child_fail(c, errno);
	if (c->app_failed)
		for (;;)
			_exit(125);
	child_become_init(c, pid);
}

char *child_words;
size_t child_words_size;

static void forget_words(void)
{
	volatile char *words = child_words;
	size_t i;

	for (i = 0; words && i < child_words_size; i++)
		words[i] = 0;
}

void child_begin(struct child *c, const struct launch_plan *plan)
{
	leave_group();
	c->plan = plan;
	c->root_fd = c->null_fd = c->terminal_fd = c->landlock_fd = c->network_fd = c->app_pipe = c->report_at =
		c->witness_fd = -1;
	if (plan->lifeline_write_fd >= 0)
		(void)syscall(SYS_close, plan->lifeline_write_fd);
	(void)syscall(SYS_umask, 0);
	forget_words();
	child_follow_parent(c);
	c->proc_self_fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self",
				       O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void launch_child(const struct launch_plan *plan)
{
	struct child c = { 0 };

	child_begin(&c, plan);
	child_run_plan(&c);
}
