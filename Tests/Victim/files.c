/* Beyond the file view, or against its rules. */
#include "victim.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static int read_file(char **words)
{
	char byte;
	int fd = open(words[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	errno = ENODATA; /* what an empty cover gives */
	return read(fd, &byte, 1) == 1 ? 0 : errno;
}

/* There is a key to see: of a session's keyring of its own, where it may make one. */
static int read_keys(char **words)
{
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	return read_file(words);
}

static int list_directory(char **words)
{
	char bytes[4096];
	int fd = open(words[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long count;

	if (fd < 0)
		return errno;
	count = syscall(SYS_getdents64, fd, bytes, sizeof(bytes));
	return count < 0 ? errno : 0;
}

static int write_file(char **words)
{
	int fd = open(words[0], O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	return result_of(write(fd, "x", 1));
}

static int write_text(char **words)
{
	int fd = open(words[0], O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	return result_of(write(fd, words[1], strlen(words[1])));
}

static int open_read(char **words)
{
	return result_of(open(words[0], O_RDONLY | O_CLOEXEC));
}

/* Opens for writing, and writes nothing: for files where a write would be felt. */
static int open_write(char **words)
{
	return result_of(open(words[0], O_WRONLY | O_CLOEXEC));
}

static int create_file(char **words)
{
	return result_of(open(words[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

static int truncate_file(char **words)
{
	return result_of(truncate(words[0], 0));
}

static int remove_file(char **words)
{
	return result_of(unlink(words[0]));
}

static int change_mode(char **words)
{
	return result_of(chmod(words[0], 0600));
}

static int hard_link(char **words)
{
	return result_of(linkat(AT_FDCWD, words[0], AT_FDCWD, words[1], 0));
}

static int by_symlink(char **words)
{
	if (symlink(words[0], words[1]) < 0)
		return BROKEN;
	return read_file(words + 1);
}

static int rename_file(char **words)
{
	return result_of(rename(words[0], words[1]));
}

/* A cover lies on a place: is it still there when the place is called something else? */
static int rename_parent(char **words)
{
	if (rename(words[0], words[1]) < 0)
		return errno;
	return read_file(words + 2);
}

/* Read-only is a flag of a mount: taken off by a remount. */
static int remount_writable(char **words)
{
	return result_of(syscall(SYS_mount, NULL, words[0], NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int set_writable(char **words)
{
	struct mount_attr attr = { 0 };

	attr.attr_clr = MOUNT_ATTR_RDONLY;
	return result_of(syscall(SYS_mount_setattr, AT_FDCWD, words[0], 0, &attr, sizeof(attr)));
}

static int uncover(char **words)
{
	return result_of(syscall(SYS_umount2, words[0], MNT_DETACH));
}

static int mount_tmpfs(char **words)
{
	return result_of(syscall(SYS_mount, "none", words[0], "tmpfs", 0, NULL));
}

static int clone_tree(char **words)
{
	return result_of(
		syscall(SYS_open_tree, AT_FDCWD, words[0], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

/* By its handle a file is found whatever the view hides. */
static int by_handle(char **words)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u;
	int id, mount;

	u.handle.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, words[0], &u.handle, &id, 0) < 0)
		return errno;
	mount = open(words[0], O_RDONLY | O_CLOEXEC);
	if (mount < 0)
		return BROKEN;
	return result_of(open_by_handle_at(mount, &u.handle, O_RDONLY | O_CLOEXEC));
}

/* chroot, then out of it by a directory kept from before. */
static int leave_root(char **words)
{
	(void)words;
	return result_of(chroot("/tmp"));
}

/* Writing a set-user-ID bit, in every way there is. The file must be ours. */
static int set_id(char **words)
{
	const char *way = words[0], *path = words[1];
	struct stat st;
	int fd = -1;
	long result = -1;

	unlink(path);
	umask(0);
	if (strcmp(way, "open") == 0)
		result = fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 04755);
	else if (strcmp(way, "open-group") == 0)
		result = fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 02755);
	else if (strcmp(way, "creat") == 0)
		result = fd = creat(path, 04755);
	else if (strcmp(way, "mknod") == 0)
		result = mknod(path, S_IFREG | 04755, 0);
	else if (strcmp(way, "mknodat-high") == 0)
		result = syscall(SYS_mknodat, AT_FDCWD, path, 0xdead00000000UL | S_IFREG | 04755, 0);
	else if (strcmp(way, "openat2") == 0) {
		struct { uint64_t flags, mode, resolve; } how = { O_WRONLY | O_CREAT, 04755, 0 };

		result = fd = (int)syscall(437, AT_FDCWD, path, &how, sizeof(how));
	} else {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0755);
		if (fd < 0)
			return BROKEN;
		if (strcmp(way, "chmod") == 0)
			result = chmod(path, 04755);
		else if (strcmp(way, "chmod-high") == 0)
			result = syscall(SYS_fchmod, fd, 0xbeef00000000UL | 04755);
		else if (strcmp(way, "fchmod") == 0)
			result = fchmod(fd, 04755);
		else if (strcmp(way, "fchmodat") == 0)
			result = syscall(SYS_fchmodat, AT_FDCWD, path, 04755);
		else if (strcmp(way, "fchmodat2") == 0)
			result = syscall(SYS_fchmodat2, AT_FDCWD, path, 04755, 0);
		else
			return BROKEN;
	}
	if (result < 0)
		return errno;
	if (stat(path, &st) < 0)
		return BROKEN;
	return st.st_mode & 06000 ? 0 : EPERM;
}

static int make_device(char **words)
{
	return result_of(mknod(words[0], S_IFCHR | 0600, makedev(1, 1)));
}

/* Copies itself there and runs the copy. */
static int run_copy(char **words)
{
	char bytes[65536];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(words[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	ssize_t count;
	pid_t pid;
	int status;

	if (from < 0 || to < 0)
		return BROKEN;
	while ((count = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)count) != count)
			return BROKEN;
	close(to);
	pid = fork();
	if (pid == 0) {
		/* A wrapper that does nothing but exist: its exit code says that it ran. */
		execl(words[0], "victim", "call", "unknown", NULL);
		_exit(errno & 0xff);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return BROKEN;
	return WEXITSTATUS(status) == 10 ? 0 : WEXITSTATUS(status);
}

/* The loader needs no execute bit, only a mapping: ld.so FILE. */
static int run_by_loader(char **words)
{
	static const char *const loaders[] = { "/lib64/ld-linux-x86-64.so.2",
					       "/lib/ld-linux-aarch64.so.1" };
	char bytes[65536];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(words[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	ssize_t count;
	pid_t pid;
	int status;

	if (from < 0 || to < 0)
		return BROKEN;
	while ((count = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)count) != count)
			return BROKEN;
	close(to);
	pid = fork();
	if (pid == 0) {
		dup2(open("/dev/null", O_WRONLY), 2);
		execl(loaders[0], "ld.so", words[0], "call", "unknown", NULL);
		execl(loaders[1], "ld.so", words[0], "call", "unknown", NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return BROKEN;
	return WEXITSTATUS(status) == 10 ? 0 : EPERM;
}

const struct attack file_attacks[] = {
	{ "read", 1, read_file },
	{ "read-keys", 1, read_keys },
	{ "list", 1, list_directory },
	{ "write", 1, write_file },
	{ "write-text", 2, write_text },
	{ "open-read", 1, open_read },
	{ "open-write", 1, open_write },
	{ "create", 1, create_file },
	{ "truncate", 1, truncate_file },
	{ "remove", 1, remove_file },
	{ "change-mode", 1, change_mode },
	{ "hard-link", 2, hard_link },
	{ "by-symlink", 2, by_symlink },
	{ "rename", 2, rename_file },
	{ "rename-parent", 3, rename_parent },
	{ "remount-writable", 1, remount_writable },
	{ "set-writable", 1, set_writable },
	{ "uncover", 1, uncover },
	{ "mount-tmpfs", 1, mount_tmpfs },
	{ "clone-tree", 1, clone_tree },
	{ "by-handle", 1, by_handle },
	{ "leave-root", 0, leave_root },
	{ "set-id", 2, set_id },
	{ "make-device", 1, make_device },
	{ "run-copy", 1, run_copy },
	{ "run-by-loader", 1, run_by_loader },
	{ NULL, 0, NULL },
};
