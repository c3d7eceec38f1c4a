/*
 * Writes the floor's filter: about 100 rules, compiled by libseccomp with the binary tree.
 *
 *     make_filter FILE         the raw instructions, as `bwrap --seccomp FD` reads them
 *     make_filter FILE HEADER  and the same as a C array for floor.c
 *
 * It runs at build time: compiling is not part of what the floor is measured by.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/filter.h>
#include <unistd.h>

/* Refused whole: what an ordinary program does not need. Names the library does not know are left out. */
static const char *const refused[] = {
	"acct", "add_key", "adjtimex", "afs_syscall", "bpf", "chroot", "clock_adjtime", "clock_settime",
	"create_module", "delete_module", "fanotify_init", "fanotify_mark", "finit_module", "fsconfig", "fsmount",
	"fsopen", "fspick", "get_kernel_syms", "get_mempolicy", "getpmsg", "init_module", "io_cancel",
	"io_destroy", "io_getevents", "io_pgetevents", "io_setup", "io_submit", "io_uring_enter",
	"io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl",
	"lookup_dcookie", "mbind", "migrate_pages", "modify_ldt", "mount", "mount_setattr", "move_mount",
	"move_pages", "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open",
	"pidfd_getfd", "pivot_root", "process_madvise", "process_mrelease", "process_vm_readv",
	"process_vm_writev", "ptrace", "putpmsg", "query_module", "quotactl", "quotactl_fd", "reboot",
	"remap_file_pages", "request_key", "security", "set_mempolicy", "set_mempolicy_home_node",
	"setdomainname", "sethostname", "setns", "settimeofday", "stime", "swapoff", "swapon", "sysfs", "_sysctl",
	"syslog", "tuxcall", "umount2", "umount", "unshare", "uselib", "userfaultfd", "ustat", "vhangup",
	"vmsplice", "vserver", "memfd_secret", "pkey_alloc", "pkey_free", "pkey_mprotect",
};

static const unsigned int families[] = { 5, 9, 15, 17, 21, 31, 38, 40, 44 };

static void must(int rc, const char *what)
{
	if (rc < 0) {
		fprintf(stderr, "make_filter: %s: %d\n", what, rc);
		exit(1);
	}
}

static int add_rules(scmp_filter_ctx context)
{
	static const unsigned long ioctls[] = { TIOCSTI, TIOCLINUX, 0x5423 /* TIOCSETD */ };
	int count = 0;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		int number = seccomp_syscall_resolve_name(refused[i]);

		if (number < 0)
			continue;
		must(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), number, 0), refused[i]);
		count++;
	}
	must(seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
	must(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER)),
	     "clone");
	count += 2;
	for (size_t i = 0; i < sizeof ioctls / sizeof *ioctls; i++, count++)
		must(seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
				      SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, ioctls[i])),
		     "ioctl");
	for (size_t i = 0; i < sizeof families / sizeof *families; i++, count++)
		must(seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
				      SCMP_A0(SCMP_CMP_EQ, families[i])),
		     "socket");
	return count;
}

static void write_header(const char *bytes, const char *header, int rules)
{
	struct sock_filter instruction;
	FILE *in = fopen(bytes, "rb"), *out = fopen(header, "w");

	if (!in || !out) {
		perror(header);
		exit(1);
	}
	fprintf(out, "/* %d rules; written by make_filter */\nstatic struct sock_filter filter[] = {\n", rules);
	while (fread(&instruction, sizeof instruction, 1, in) == 1)
		fprintf(out, "\t{ 0x%x, %u, %u, 0x%x },\n", instruction.code, instruction.jt, instruction.jf,
			instruction.k);
	fputs("};\n", out);
	fclose(in);
	if (fclose(out)) {
		perror(header);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	int fd, rules;

	if (argc < 2 || !context) {
		fputs("usage: make_filter FILE [HEADER]\n", stderr);
		return 2;
	}
	must(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimise");
	must(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "bad architecture");
	rules = add_rules(context);
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(fd, argv[1]);
	must(seccomp_export_bpf(context, fd), "export");
	close(fd);
	if (argc > 2)
		write_header(argv[1], argv[2], rules);
	fprintf(stderr, "make_filter: %d rules\n", rules);
	return 0;
}
