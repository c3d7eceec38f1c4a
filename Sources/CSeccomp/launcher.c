/* The supervisor's side of the launcher process. See launcher.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel.h"
#include "launcher_internal.h"

static int close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

static size_t count_vector(char *const *vector)
{
	size_t n = 0;

	while (vector[n])
		n++;
	return n + 1;
}

static uint64_t *pack_vector(uint64_t *at, char *const *vector, const char *text)
{
	for (; *vector; vector++)
		*at++ = (uint64_t)(*vector - text);
	*at++ = LAUNCH_PACKED_NULL;
	return at;
}

int launch_pack(const struct launch_plan *plan)
{
	size_t argc = count_vector(plan->argv), envc = count_vector(plan->envp);
	size_t steps = plan->step_count * sizeof(struct launch_step);
	size_t vectors = (argc + envc) * sizeof(uint64_t);
	size_t size = sizeof(struct launch_packed) + steps + vectors + plan->text_size;
	struct launch_plan own = *plan;
	struct launch_packed *packed;
	uint64_t *vector;
	char *at;
	int fd = memfd_create("isolated-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)size) < 0)
		return close_keeping_errno(fd);
	packed = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (packed == MAP_FAILED)
		return close_keeping_errno(fd);
	kernel_own_segments(&own);
	packed->size = size;
	packed->step_count = plan->step_count;
	packed->vector_count = (uint32_t)(argc + envc);
	packed->environment = (uint32_t)argc;
	packed->text_size = plan->text_size;
	packed->data_start = own.data_start;
	packed->data_size = own.data_size;
	packed->code_start = own.code_start;
	packed->code_size = own.code_size;
	at = (char *)(packed + 1);
	memcpy(at, plan->steps, steps);
	vector = pack_vector((uint64_t *)(void *)(at + steps), plan->argv, plan->text);
	vector = pack_vector(vector, plan->envp, plan->text);
	memcpy(vector, plan->text, plan->text_size);
	munmap(packed, size);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return close_keeping_errno(fd);
	return fd;
}

int launcher_begin(int prepare, int ready, uint64_t at_clone, uint64_t of_children, int control, int *pidfd)
{
	struct launcher launcher = { control, prepare, ready, of_children };
	struct clone_args args = { 0 };
	uint64_t all = ~0ULL, saved;
	long pid;

	args.flags = at_clone | CLONE_PIDFD;
	args.pidfd = (uint64_t)(uintptr_t)pidfd;
	args.exit_signal = SIGCHLD;
	/* No handler of ours is to run in it. */
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &saved, sizeof(all));
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		launcher_main(&launcher);
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &saved, NULL, sizeof(saved));
	return (int)pid;
}

/* A message that carries descriptors. */
static int send_with(int socket, const void *body, size_t size, const int *fds, uint32_t count)
{
	struct iovec iov = { (void *)(uintptr_t)body, size };
	union {
		char bytes[CMSG_SPACE(sizeof(int) * (LAUNCH_PASSED_MAX + 1))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { 0 };

	if (count > LAUNCH_PASSED_MAX + 1) {
		errno = E2BIG;
		return -1;
	}
	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	message.msg_control = control.bytes;
	message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * count);
	return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -1;
}

int launcher_prepare(int control, int report, int lifeline, int cgroup, int *pidfd)
{
	struct launcher_request request = { cgroup >= 0, 0 };
	struct launcher_reply reply = { 0, 0 };
	int fds[3] = { report, lifeline, cgroup };
	struct iovec iov = { &reply, sizeof(reply) };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} carried;
	struct msghdr message = { 0 };
	const struct cmsghdr *head;
	ssize_t got;

	if (send_with(control, &request, sizeof(request), fds, cgroup >= 0 ? 3 : 2) < 0)
		return -1;
	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	message.msg_control = carried.bytes;
	message.msg_controllen = sizeof(carried.bytes);
	while ((got = recvmsg(control, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (got != (ssize_t)sizeof(reply)) {
		if (got >= 0)
			errno = EPIPE;
		return -1;
	}
	if (reply.error) {
		errno = reply.error;
		return -1;
	}
	head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_type != SCM_RIGHTS) {
		errno = EMFILE; /* the kernel had no room for it in our table (unix(7)) */
		return -1;
	}
	memcpy(pidfd, CMSG_DATA(head), sizeof(*pidfd));
	return reply.pid;
}

int launcher_run(int report, int plan, const int *passed, uint32_t count, int32_t floor)
{
	struct launcher_go go = { count, floor };
	int fds[LAUNCH_PASSED_MAX + 1];

	if (count > LAUNCH_PASSED_MAX) {
		errno = E2BIG;
		return -1;
	}
	fds[0] = plan;
	memcpy(fds + 1, passed, count * sizeof(*passed));
	return send_with(report, &go, sizeof(go), fds, count + 1);
}

static int set_tree(int tree, uint64_t set, uint32_t recursive, int userns)
{
	struct mount_attr attr = { 0 };

	attr.attr_set = set;
	if (userns >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (uint64_t)userns;
	}
	return (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
			    sizeof(attr));
}

int launcher_open_tree(const char *path, const struct launch_bind_extra *wanted)
{
	struct stat st;
	int tree, source = open(path, O_PATH | O_CLOEXEC);

	if (source < 0)
		return -1;
	if (fstat(source, &st) < 0)
		return close_keeping_errno(source);
	if (st.st_dev != wanted->device || st.st_ino != wanted->inode) {
		errno = ESTALE;
		return close_keeping_errno(source);
	}
	tree = (int)syscall(SYS_open_tree, source, "",
			    AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				    (wanted->recursive ? AT_RECURSIVE : 0));
	(void)close_keeping_errno(source);
	if (tree < 0)
		return -1;
	if (set_tree(tree, wanted->attributes, wanted->recursive, -1) < 0 ||
	    (wanted->userns_fd >= 0 && set_tree(tree, 0, 0, wanted->userns_fd) < 0))
		return close_keeping_errno(tree);
	return tree;
}

int launcher_maps_owners(const char *path)
{
	struct statfs fs;
	int32_t major = 0, minor = 0;
	int tree, users, maps;

	if (statfs(path, &fs) < 0)
		return 1;
	switch (fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
		return 1;
	case TMPFS_MAGIC:
		if (kernel_release(&major, &minor) == 0 && (major > 6 || (major == 6 && minor >= 3)))
			return 1;
		break;
	default:
		break;
	}
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return 1;
	users = kernel_user_namespace(1, 1, 1, 1);
	maps = users < 0 || set_tree(tree, 0, 0, users) == 0 || errno != EINVAL;
	if (users >= 0)
		close(users);
	close(tree);
	return maps;
}

int launcher_pair(int ends[2], int seconds)
{
	struct timeval patience = { seconds, 0 };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	if (setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0)
		return 0;
	(void)close_keeping_errno(ends[0]);
	return close_keeping_errno(ends[1]);
}
