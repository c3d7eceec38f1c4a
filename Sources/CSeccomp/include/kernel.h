/* Kernel calls that Swift's Glibc module lacks. All run in the supervisor, return -1 with errno, and retry nothing. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

struct launch_report;

struct kernel_stat {
	uint64_t device;
	uint64_t inode;
	uint64_t device_number; /* st_rdev of a device node */
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t links;
	int64_t size;
};

/* follow: 0 = the link itself (lstat). */
int kernel_stat(const char *path, int follow, struct kernel_stat *out);
int kernel_fstat(int fd, struct kernel_stat *out);

uint64_t kernel_allocated(const char *path, uint64_t *device, uint64_t *inode); /* bytes of storage, 0 on error */

ssize_t kernel_read_link(const char *path, void *buffer, size_t size);
int kernel_pipe(int ends[2]);                 /* close-on-exec */
int kernel_report_pair(int ends[2]);          /* SOCK_SEQPACKET, close-on-exec; ends[0] does not block */
int kernel_send_signal(int pidfd, int signal); /* pidfd_send_signal(2) */
int kernel_has_attribute(const char *path, const char *name); /* getxattr(2): the value begins with '1' */
int kernel_send_byte(int fd);                 /* one byte, without waiting and without SIGPIPE */
uint64_t kernel_page_size(void);
int kernel_landlock_abi(void);                /* 0 when there is none */
int kernel_can_deny_write_execute(void);      /* 1: it has PR_SET_MDWE (Linux 6.3, not on every processor) */
/* One report; *fd is a descriptor that came with it or -1. Returns its size, 0 at the end, -1 with errno. */
ssize_t kernel_receive_report(int socket, struct launch_report *report, int *fd);

/* Blocks every signal in the calling thread and returns a signalfd(2) for them; *saved gets the old mask. */
int kernel_signal_descriptor(uint64_t *saved);
void kernel_restore_mask(uint64_t saved);
/* The signals ignored by the caller, bit N-1 for signal N. */
uint64_t kernel_ignored_signals(void);
struct kernel_signal {
	int32_t number;
	int32_t from_kernel; /* 1: a terminal's key or hang-up, not a process */
};
/* The next signal that another process or the kernel sent. 0, or -1 when there is none. */
int kernel_read_signal(int fd, struct kernel_signal *out);

/* waitid(2) on a pidfd with rusage. Returns 1 when it has ended, 0 when not yet. Status as waitpid(2) gives it. */
int kernel_wait(int pidfd, int block, int *status);
/* Takes over the pidfd of a killed child that has not ended: `kernel_reap_left` reaps it. 0, or -1 when there are 64. */
int kernel_leave(int pidfd);
/* Reaps those of them that have ended by now. Does not wait. */
void kernel_reap_left(void);
/* pidfd_getfd(2) of a process or of a thread with a table of its own (Linux 6.9). The descriptor, or -1. */
int kernel_take_descriptor(int thread, int fd);
int kernel_socket_cookie(int fd, uint64_t *cookie); /* SO_COOKIE; -1 for what is no socket */

int kernel_pidfd(int pid);                    /* pidfd_open(2) */
/* The inode of the user namespace that owns a namespace, or (parent) that a user namespace lies in; 0 with errno. */
uint64_t kernel_namespace_owner(int fd, int parent);

/* struct termios of the kernel, 36 bytes; and the window's size. 0, or -1 when fd is no terminal. */
int kernel_terminal_get(int fd, uint8_t modes[36]);
int kernel_terminal_set(int fd, const uint8_t modes[36]);
int kernel_terminal_raw(int fd); /* cfmakeraw(3) */
int kernel_window_get(int fd, uint16_t size[4]);
int kernel_window_set(int fd, const uint16_t size[4]);

/* A namespace file of a process that maps `inside` to `outside` (one uid and gid each), for idmapped mounts. */
int kernel_user_namespace(uint32_t inside_uid, uint32_t outside_uid, uint32_t inside_gid, uint32_t outside_gid);

char *const *kernel_arguments(void);          /* main's argv, ended by NULL */
char *const *kernel_environment(void);        /* environ(7); NULL only when it is unset */
int kernel_open_path(const char *path);       /* O_PATH | O_CLOEXEC */
int kernel_release(int32_t *major, int32_t *minor); /* the kernel's version */
int kernel_is_privileged(void);               /* CAP_SYS_ADMIN, SETUID and SETGID, in the initial user namespace */
int64_t kernel_monotonic_ms(void);
int64_t kernel_monotonic_us(void);
/* The loader that this program asks for (PT_INTERP), or NULL: a static executable. */
const char *kernel_loader(void);
struct launch_plan;
/* Fills in where the program's own text and data (.data to .bss) lie; left alone in a dynamic executable. */
void kernel_own_segments(struct launch_plan *plan);
/* Gives back what a waiting process does not need: the allocator's free pages and the pages of its own text, which come back
 * from the page cache when they are run again. */
void kernel_shed_memory(void);

/* malloc takes memory from the heap (brk(2)) alone from now on, never by mmap(2): who drops the heap drops all of it. */
void kernel_keep_one_heap(void);
/* free gives nothing below 4 MiB back to the kernel from now on. */
void kernel_keep_freed_memory(void);
/* Raw text of errno numbers, for people. Never NULL. */
const char *kernel_error_name(int number);
const char *kernel_error_text(int number);
const char *kernel_signal_name(int number);   /* "SIGSEGV"; "signal 99" numbers have NULL */
int kernel_signal_number(const char *name);   /* "TERM" or "SIGTERM"; 0 when unknown */

/* Resource numbers and flags that are macros C sees and Swift does not. */
enum kernel_resource {
	KERNEL_RLIMIT_CPU = 0, KERNEL_RLIMIT_FSIZE = 1, KERNEL_RLIMIT_DATA = 2, KERNEL_RLIMIT_STACK = 3,
	KERNEL_RLIMIT_CORE = 4, KERNEL_RLIMIT_NPROC = 6, KERNEL_RLIMIT_NOFILE = 7,
	KERNEL_RLIMIT_MEMLOCK = 8, KERNEL_RLIMIT_AS = 9,
};
void kernel_get_limit(int resource, uint64_t *soft, uint64_t *hard);

#endif
