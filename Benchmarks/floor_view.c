/* The file view: a tmpfs with read-only binds of the system, fresh /proc and minimal /dev. */
#include "floor.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static int umount_helper;

static const char *const masked[] = {
	"kcore", "keys", "kmsg", "kallsyms", "timer_list", "sched_debug", "interrupts", "iomem", "ioports",
	"modules", "vmallocinfo", "slabinfo", "zoneinfo", "pagetypeinfo", "sysrq-trigger",
};

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void make_read_only(int at, const char *path, unsigned int flags, unsigned long attributes)
{
	struct mount_attr attr = { .attr_set = attributes };

	must(syscall(SYS_mount_setattr, at, path, flags, &attr, sizeof attr), path);
}

/* source is absolute; the target is the same path beneath the working directory. */
static void bind_read_only(const struct floor_options *options, const char *source)
{
	const unsigned long attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	char target[PATH_MAX];
	int fd;

	snprintf(target, sizeof target, ".%s", source);
	make_parents(target);
	must(mkdir(target, 0755), target);
	if (!(options->variants & FD_BINDS)) {
		must(mount(source, target, NULL, MS_BIND | MS_REC, NULL), source);
		make_read_only(AT_FDCWD, target, AT_RECURSIVE, attributes);
		return;
	}
	fd = (int)syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	must(fd, source);
	make_read_only(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes);
	must(syscall(SYS_move_mount, fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH), target);
	close(fd);
}

static void show_system(const struct floor_options *options)
{
	static const char *const tops[] = { "/bin", "/sbin", "/lib", "/lib64" };
	char link[PATH_MAX];

	bind_read_only(options, "/usr");
	bind_read_only(options, "/etc");
	for (size_t i = 0; i < sizeof tops / sizeof *tops; i++) {
		ssize_t length = readlink(tops[i], link, sizeof link - 1);

		if (length >= 0) {
			link[length] = 0;
			must(symlink(link, tops[i] + 1), tops[i]);
		} else if (errno == EINVAL) {
			bind_read_only(options, tops[i]);
		}
	}
	if (options->read_path)
		bind_read_only(options, options->read_path);
}

static void make_device(const struct floor_options *options, const char *name, dev_t number)
{
	char source[32];

	snprintf(source, sizeof source, "/dev/%s", name);
	if (options->variants & MKNOD) {
		must(mknod(source + 1, S_IFCHR | 0666, number), source);
		return;
	}
	must(mknod(source + 1, S_IFREG | 0666, 0), source);
	must(mount(source, source + 1, NULL, MS_BIND, NULL), source);
}

static void make_devices(const struct floor_options *options)
{
	must(mkdir("dev", 0755), "dev");
	make_device(options, "null", makedev(1, 3));
	make_device(options, "zero", makedev(1, 5));
	make_device(options, "full", makedev(1, 7));
	make_device(options, "random", makedev(1, 8));
	make_device(options, "urandom", makedev(1, 9));
	make_device(options, "tty", makedev(5, 0));
	must(mkdir("dev/pts", 0755), "dev/pts");
	must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666,mode=620"), "devpts");
	must(symlink("pts/ptmx", "dev/ptmx"), "dev/ptmx");
	must(symlink("/proc/self/fd", "dev/fd"), "dev/fd");
	must(symlink("/proc/self/fd/0", "dev/stdin"), "dev/stdin");
	must(symlink("/proc/self/fd/1", "dev/stdout"), "dev/stdout");
	must(symlink("/proc/self/fd/2", "dev/stderr"), "dev/stderr");
}

static void make_scratch(const struct floor_options *options)
{
	static const char *const paths[] = { "tmp", "run", "dev/shm" };
	static const char *const inner[] = { ".scratch/tmp", ".scratch/run", ".scratch/shm" };
	const char *mode[] = { "mode=1777", "mode=0755", "mode=1777" };
	const mode_t modes[] = { 01777, 0755, 01777 };
	const size_t count = sizeof paths / sizeof *paths;

	for (size_t i = 0; i < count; i++)
		must(mkdir(paths[i], 0755), paths[i]);
	if (!(options->variants & ONE_TMPFS)) {
		for (size_t i = 0; i < count; i++)
			must(mount("tmpfs", paths[i], "tmpfs", MS_NOSUID | MS_NODEV, mode[i]), paths[i]);
		return;
	}
	must(mkdir(".scratch", 0755), ".scratch");
	must(mount("tmpfs", ".scratch", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), ".scratch");
	for (size_t i = 0; i < count; i++) {
		must(mkdir(inner[i], modes[i]), inner[i]);
		must(chmod(inner[i], modes[i]), inner[i]);
		must(mount(inner[i], paths[i], NULL, MS_BIND, NULL), paths[i]);
	}
	must(umount2(".scratch", MNT_DETACH), ".scratch");
}

static void mask_files(const struct floor_options *options)
{
	int done = 0, fd = -1;
	char path[64];

	if (options->variants & MASK_CLONE) {
		fd = (int)syscall(SYS_open_tree, AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		must(fd, "open_tree /dev/null");
	}
	for (size_t i = 0; i < sizeof masked / sizeof *masked && done < 12; i++) {
		int copy;

		snprintf(path, sizeof path, "proc/%s", masked[i]);
		if (options->variants & MASK_BIND) {
			done += !mount("/dev/null", path, NULL, MS_BIND, NULL);
			continue;
		}
		copy = (int)syscall(SYS_open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
		must(copy, "open_tree copy");
		done += !syscall(SYS_move_mount, copy, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
		close(copy);
	}
	if (fd >= 0)
		close(fd);
}

static void mount_root(const struct floor_options *options)
{
	const int has_nodes = options->variants & MKNOD;
	int fs, root;

	if (!(options->variants & FSMOUNT_ROOT)) {
		must(mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | (has_nodes ? 0 : MS_NODEV), "mode=0755"), "root");
		must(chdir("/tmp"), "/tmp");
		return;
	}
	fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	must(fs, "fsopen");
	must(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "mode", "0755", 0), "fsconfig");
	must(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig create");
	root = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
			    MOUNT_ATTR_NOSUID | (has_nodes ? 0 : MOUNT_ATTR_NODEV));
	must(root, "fsmount");
	must(syscall(SYS_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "move_mount /");
	must(fchdir(root), "fchdir");
	close(root);
	close(fs);
}

static int drop_old(void *unused)
{
	(void)unused;
	return umount2(".", MNT_DETACH) ? 1 : 0;
}

void view_drop_old(void)
{
	must(drop_old(NULL), "umount old root");
	must(chdir("/"), "/");
}

static void enter_root(const struct floor_options *options)
{
	if (options->variants & COVER_OLD) {
		if (!(options->variants & FSMOUNT_ROOT))
			must(mount(".", "/", NULL, MS_MOVE, NULL), "move root");
		must(chroot("."), "chroot");
		must(chdir("/"), "/");
		return;
	}
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	if (options->variants & UMOUNT_INIT)
		return;
	if (options->variants & UMOUNT_HELPER) {
		umount_helper = helper_start(drop_old, NULL, 0);
		must(chdir("/"), "/");
		return;
	}
	view_drop_old();
}

void view_join(void)
{
	if (umount_helper)
		helper_join(umount_helper);
}

void view_build(const struct floor_options *options)
{
	umask(0);
	if (!(options->variants & NO_PRIVATE))
		must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	mount_root(options);
	show_system(options);
	must(mkdir("proc", 0555), "proc");
	must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "proc");
	make_devices(options);
	make_scratch(options);
	if (options->variants & (MASK_BIND | MASK_CLONE))
		mask_files(options);
	make_read_only(AT_FDCWD, ".", 0, MOUNT_ATTR_RDONLY);
	enter_root(options);
	umask(022);
}
