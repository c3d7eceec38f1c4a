/* Wrappers that put something on the host for an app to reach for. All of it ends with the wrapper. */
#include "victim.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static int inet_socket(int type, uint16_t *port)
{
	struct sockaddr_in address = { 0 };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -1;
	*port = ntohs(address.sin_port);
	return fd;
}

static int with_tcp(char **words, char **command)
{
	uint16_t port;
	char text[16];
	const char *values[] = { text };
	int fd = inet_socket(SOCK_STREAM, &port);

	(void)words;
	if (fd < 0 || listen(fd, 8) < 0)
		return 1;
	snprintf(text, sizeof(text), "%u", port);
	return run_command(command, values, 1);
}

static int with_udp(char **words, char **command)
{
	uint16_t port;
	char text[16], byte;
	const char *values[] = { text };
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	int code, fd = inet_socket(SOCK_DGRAM, &port);
	pid_t echo;

	(void)words;
	if (fd < 0)
		return 1;
	snprintf(text, sizeof(text), "%u", port);
	echo = fork();
	if (echo == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &size) >= 0)
			sendto(fd, &byte, 1, 0, (struct sockaddr *)&from, size);
		_exit(0);
	}
	code = run_command(command, values, 1);
	kill(echo, SIGKILL);
	waitpid(echo, NULL, 0);
	return code;
}

static int with_unix(const char *name, int is_abstract, char **command)
{
	struct sockaddr_un address = { 0 };
	const char *values[] = { name };
	size_t length = strlen(name);
	int code, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sun_family = AF_UNIX;
	memcpy(address.sun_path + (is_abstract ? 1 : 0), name, length);
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1)) < 0 ||
	    listen(fd, 8) < 0)
		return 1;
	code = run_command(command, values, 1);
	if (!is_abstract)
		unlink(name);
	return code;
}

static int with_abstract(char **words, char **command)
{
	char name[64];

	(void)words;
	snprintf(name, sizeof(name), "isolated-victim-%d", getpid());
	return with_unix(name, 1, command);
}

static int with_path_socket(char **words, char **command)
{
	return with_unix(words[0], 0, command);
}

static int with_shm(char **words, char **command)
{
	char key[32], id[32];
	const char *values[] = { key, id };
	key_t number = (key_t)(0x15000000 | (getpid() & 0xffffff));
	int code, segment = shmget(number, 4096, IPC_CREAT | IPC_EXCL | 0666);

	(void)words;
	if (segment < 0)
		return 1;
	snprintf(key, sizeof(key), "%d", number);
	snprintf(id, sizeof(id), "%d", segment);
	code = run_command(command, values, 2);
	shmctl(segment, IPC_RMID, NULL);
	return code;
}

static int with_sem(char **words, char **command)
{
	char key[32];
	const char *values[] = { key };
	key_t number = (key_t)(0x15000000 | (getpid() & 0xffffff));
	int code, set = semget(number, 1, IPC_CREAT | IPC_EXCL | 0666);

	(void)words;
	if (set < 0)
		return 1;
	snprintf(key, sizeof(key), "%d", number);
	code = run_command(command, values, 1);
	semctl(set, 0, IPC_RMID);
	return code;
}

static int with_msg(char **words, char **command)
{
	char key[32];
	const char *values[] = { key };
	key_t number = (key_t)(0x15000000 | (getpid() & 0xffffff));
	int code, queue = msgget(number, IPC_CREAT | IPC_EXCL | 0666);

	(void)words;
	if (queue < 0)
		return 1;
	snprintf(key, sizeof(key), "%d", number);
	code = run_command(command, values, 1);
	msgctl(queue, IPC_RMID, NULL);
	return code;
}

static int with_mq(char **words, char **command)
{
	char name[64];
	const char *values[] = { name };
	mqd_t queue;
	int code;

	(void)words;
	snprintf(name, sizeof(name), "/isolated-victim-%d", getpid());
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0666, NULL);
	if (queue == (mqd_t)-1)
		return 1;
	code = run_command(command, values, 1);
	mq_unlink(name);
	return code;
}

static int with_posix_shm(char **words, char **command)
{
	char path[64];
	const char *values[] = { path };
	int code, fd;

	(void)words;
	snprintf(path, sizeof(path), "/dev/shm/isolated-victim-%d", getpid());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return 1;
	code = run_command(command, values, 1);
	unlink(path);
	return code;
}

/* A process of the same user, asleep: its number is %1; a word in its command line to look for is %2. */
static int with_process(char **words, char **command)
{
	char text[16];
	const char *values[] = { text, "isolated-victim-asleep" };
	int code;
	pid_t pid = fork();

	(void)words;
	if (pid < 0)
		return 1;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/proc/self/exe", "victim", "sleep-as", values[1], "--", "-", NULL);
		_exit(1);
	}
	snprintf(text, sizeof(text), "%d", pid);
	code = run_command(command, values, 2);
	if (kill(pid, SIGKILL) < 0)
		code = 1;
	waitpid(pid, NULL, 0);
	return code;
}

/* Ends by itself: nothing is left if its parent forgets it. */
static int sleep_as(char **words, char **command)
{
	(void)words;
	(void)command;
	sleep(60);
	return 0;
}

/* A key of the caller's session: its description is %1. */
static int with_key(char **words, char **command)
{
	const char *values[] = { "isolated-victim-secret" };

	(void)words;
	if (syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL) < 0)
		return 1;
	if (syscall(SYS_add_key, "user", values[0], "secret", 6, -3 /* session keyring */) < 0)
		return 1;
	return run_command(command, values, 1);
}

/* A program that makes whoever runs it root. */
static int with_set_id(char **words, char **command)
{
	if (chown(words[0], 0, 0) < 0 || chmod(words[0], 06755) < 0)
		return 1;
	return run_command(command, NULL, 0);
}

/* A program that gives whoever runs it CAP_NET_RAW (13). Source: capabilities(7), "File capability extended attribute versioning". */
static int with_file_capability(char **words, char **command)
{
	uint32_t attribute[5] = { 0x02000001, 1U << 13, 0, 0, 0 };

	if (setxattr(words[0], "security.capability", attribute, sizeof(attribute), 0) < 0)
		return 1;
	return run_command(command, NULL, 0);
}

/* A device of the machine, where it does not belong: the same as /dev/zero. */
static int with_device(char **words, char **command)
{
	if (mknod(words[0], S_IFCHR | 0666, makedev(1, 5)) < 0 || chmod(words[0], 0666) < 0)
		return 1;
	return run_command(command, NULL, 0);
}

const struct wrapper host_wrappers[] = {
	{ "with-tcp", 0, with_tcp },
	{ "with-udp", 0, with_udp },
	{ "with-abstract", 0, with_abstract },
	{ "with-unix", 1, with_path_socket },
	{ "with-shm", 0, with_shm },
	{ "with-sem", 0, with_sem },
	{ "with-msg", 0, with_msg },
	{ "with-mq", 0, with_mq },
	{ "with-posix-shm", 0, with_posix_shm },
	{ "with-process", 0, with_process },
	{ "sleep-as", 1, sleep_as },
	{ "with-key", 0, with_key },
	{ "with-set-id", 1, with_set_id },
	{ "with-file-capability", 1, with_file_capability },
	{ "with-device", 1, with_device },
	{ NULL, 0, NULL },
};
