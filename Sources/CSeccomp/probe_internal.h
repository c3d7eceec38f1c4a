/* What the files that make up the probes share. */
#ifndef PROBE_INTERNAL_H
#define PROBE_INTERNAL_H

#include "probe.h"
#include <sys/types.h>

/* Each records what failed and returns -1, so that "return probe_fail(...)" ends a probe. */
int probe_fail(struct probe_result *r, const char *call);
int probe_ineffective(struct probe_result *r, const char *call);

/* fork(2), with the alarm and the death signal that every probe's process has. */
pid_t probe_fork(void);
/* Waits for a child of probe_fork; 0 if it exited with 0. */
int probe_wait(pid_t pid);
/* Writes a text with one write(2); -1 with errno. */
int probe_write(const char *path, const char *text);
/* Reads at most size - 1 bytes and ends them with a NUL; -1 with errno. */
ssize_t probe_read(const char *path, char *text, size_t size);
/* A user namespace in which the caller is uid and gid 0, and the given namespaces. */
int probe_enter(struct probe_result *r, int namespaces);

int probe_user_namespace(struct probe_result *r);
int probe_namespaces(struct probe_result *r);
int probe_proc(struct probe_result *r);
int probe_overlay(struct probe_result *r);
int probe_idmapped_mount(struct probe_result *r);
int probe_time_namespace(struct probe_result *r);
int probe_mount_api(struct probe_result *r);
int probe_devpts(struct probe_result *r);

int probe_landlock(struct probe_result *r);
int probe_filter(struct probe_result *r);
int probe_notify(struct probe_result *r);
int probe_mdwe(struct probe_result *r);
int probe_pidfd(struct probe_result *r);
int probe_close_range(struct probe_result *r);
int probe_keyring(struct probe_result *r);
int probe_trace(struct probe_result *r);
int probe_rlimit(struct probe_result *r);

int probe_cgroup2(struct probe_result *r);
int probe_cgroup1(struct probe_result *r);

#endif
