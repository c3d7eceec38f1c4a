/* The step that makes an overlay. See child.h for what may be used here. */
#include "child_mounts.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

/* "/proc/self/fd/N", for the one interface that takes directories by path only: overlayfs. */
static void descriptor_path(char *out, int fd)
{
	static const char prefix[] = "/proc/self/fd/";
	char digits[12];
	size_t i, n = 0;

	for (i = 0; prefix[i]; i++)
		out[i] = prefix[i];
	do {
		digits[n++] = (char)('0' + fd % 10);
		fd /= 10;
	} while (fd);
	while (n)
		out[i++] = digits[--n];
	out[i] = 0;
}

static int overlay_mount(const struct launch_overlay_extra *extra, int lower, int upper, int work,
			 int target)
{
	char path[40];
	int mount = -1, result = -1, fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -1;
	descriptor_path(path, lower);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "lowerdir", path, 0) < 0)
		return place_finish(-1, fs, -1);
	descriptor_path(path, upper);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "upperdir", path, 0) < 0)
		return place_finish(-1, fs, -1);
	descriptor_path(path, work);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "workdir", path, 0) < 0)
		return place_finish(-1, fs, -1);
	if (extra->user_xattr && syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
		return place_finish(-1, fs, -1);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return place_finish(-1, fs, -1);
	mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, extra->attributes);
	if (mount >= 0)
		result = tree_attach(mount, target);
	if (result < 0)
		return place_finish(-1, fs, mount);
	return place_finish(mount, fs, -1);
}

/*
 * The lower layer as the app's own: an idmapped copy (Linux 5.19 for overlays) that lies at the target, where the overlay covers
 * it. Returns its root in place of the lower directory.
 */
static int map_lower(struct child *c, int lower, int target, const char *path, int userns_fd)
{
	int result = -1, tree = tree_clone(lower, 0);

	if (tree >= 0 && tree_attributes(tree, 0, 0, userns_fd) == 0)
		result = tree_attach(tree, target);
	result = place_finish(result, tree, lower);
	return result < 0 ? -1 : place_open(c, path, O_DIRECTORY);
}

/* The upper directory stands for the lower one: the same mode, and as root an owner that may write it. */
static int own_upper(const struct launch_overlay_extra *extra, int lower, int upper, int upper_parent)
{
	struct stat st;

	if (place_stat(lower, &st) < 0)
		return -1;
	if (upper_parent >= 0 &&
	    syscall(SYS_fchmodat, upper_parent, "upper", st.st_mode & 07777) < 0)
		return -1;
	if (extra->userns_fd < 0)
		return 0;
	return (int)syscall(SYS_fchownat, upper, "", extra->uid, extra->gid, AT_EMPTY_PATH);
}

/* As root this directory is given to the app: no link on the way may turn that into another one. */
static int open_kept(const char *path)
{
	struct open_how how = { 0 };

	how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	how.resolve = RESOLVE_NO_SYMLINKS;
	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

/*
 * The thrown-away layer is a tmpfs at the target itself: the overlay covers it, so that the app has no path to it. For "/"
 * it is a directory of the root we made, which the overlay covers too.
 */
int child_overlay_step(struct child *c, const struct launch_step *s)
{
	const struct launch_overlay_extra *extra = (const void *)child_text(c, s->text_b);
	const char *path = child_text(c, s->text_a);
	int result, mount = -1, upper = -1, work = -1, target = -1, layer = -1;
	int lower = tree_source(child_text(c, extra->lower), extra->device, extra->inode);

	if (lower < 0)
		return -1;
	target = place_ensure(c, path, PLACE_DIRECTORY, 0755);
	if (target < 0)
		return place_finish(-1, lower, -1);
	if (extra->userns_fd >= 0) {
		lower = map_lower(c, lower, target, path, child_descriptor(c, extra->userns_fd));
		if (lower < 0)
			return place_finish(-1, target, -1);
	}
	if (extra->upper) {
		upper = open_kept(child_text(c, extra->upper));
		work = open_kept(child_text(c, extra->work));
	} else {
		layer = *path ? target : place_ensure(c, "overlay", PLACE_DIRECTORY, 0755);
		if (layer >= 0 && place_mount(layer, "tmpfs", MS_NOSUID | MS_NODEV,
					   child_text(c, extra->options)) == 0) {
			(void)syscall(SYS_close, layer);
			layer = place_open(c, *path ? path : "overlay", 0);
			if (*path)
				target = layer;
			if (layer >= 0 && syscall(SYS_mkdirat, layer, "upper", 0755) == 0 &&
			    syscall(SYS_mkdirat, layer, "work", 0700) == 0) {
				upper = (int)syscall(SYS_openat, layer, "upper", O_PATH | O_CLOEXEC);
				work = (int)syscall(SYS_openat, layer, "work", O_PATH | O_CLOEXEC);
			}
		}
	}
	if (upper >= 0 && work >= 0 && own_upper(extra, lower, upper, layer) == 0)
		mount = overlay_mount(extra, lower, upper, work, target);
	result = mount < 0 ? -1 : 0;
	/* What is created in a thrown-away layer leaves no stub on the host. */
	if (result == 0 && !extra->upper)
		result = place_remember(c, mount);
	if (result == 0 && !*path) {
		c->root_fd = mount;
		c->covered++;
	} else if (mount >= 0) {
		result = place_finish(result, mount, -1);
	}
	if (layer != target)
		result = place_finish(result, layer, -1);
	result = place_finish(result, lower, target);
	return place_finish(result, upper, work);
}
