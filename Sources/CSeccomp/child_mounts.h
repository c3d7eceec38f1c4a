/* Shared by the files whose steps build the app's file view. See child.h for what they may use. */
#ifndef CHILD_MOUNTS_H
#define CHILD_MOUNTS_H

#include "child.h"

#include <linux/mount.h>

struct stat;

/* From <sys/mount.h>, which cannot be included beside <linux/mount.h> with every C library. */
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif
#ifndef MS_RDONLY
#define MS_RDONLY 1
#define MS_NOSUID 2
#define MS_NODEV 4
#define MS_NOEXEC 8
#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_REC 16384
#define MS_PRIVATE (1 << 18)
#define MS_UNBINDABLE (1 << 17)
#endif

#define PLACE_DIRECTORY 1
#define PLACE_FILE 0

/*
 * Places beneath the new root, as O_PATH descriptors that the caller closes. All return -1 with errno.
 * place_ensure makes what is missing, in file systems of our own only: others answer EROFS.
 */
int place_open(const struct child *c, const char *path, uint64_t flags);
int place_ensure(const struct child *c, const char *path, int type, uint32_t mode);
int place_stat(int fd, struct stat *st);
/* The place lies in a file system that we made; place_remember says so of another one. */
int place_is_own(const struct child *c, int fd);
int place_remember(struct child *c, int fd);
/* mount(2) of a new file system there. Changes the working directory. */
int place_mount(int target, const char *type, unsigned long flags, const char *options);
/* Closes both (-1: none) and returns the result, with errno kept; for the ends of functions. */
int place_finish(int result, int fd_a, int fd_b);

/* Mount trees that are not attached yet. */
int tree_source(const char *path, uint64_t device, uint64_t inode);
int tree_clone(int fd, int recursive);
int tree_attributes(int fd, uint64_t set, int recursive, int userns_fd);
int tree_attach(int tree, int target);

int child_file_step(struct child *c, const struct launch_step *s);
int child_link_step(struct child *c, const struct launch_step *s);
int child_device_step(struct child *c, const struct launch_step *s);
int child_owner_step(struct child *c, const struct launch_step *s);
int child_overlay_step(struct child *c, const struct launch_step *s);
int child_mask_step(struct child *c, const struct launch_step *s);
int child_read_only_step(struct child *c, const struct launch_step *s);

#endif
