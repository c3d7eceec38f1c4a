/*
 * Does what its arguments say, one command each, through isolated.h, and prints plain lines. ../client.py and ../Swift/Main.swift
 * print the same lines for the same commands: docs/protocol.md, "Clients".
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../../../include/isolated.h"

static struct isolated broker;

static int opened(void)
{
	int number, count = 0;

	for (number = 0; number < 256; number++)
		count += fcntl(number, F_GETFD) >= 0;
	return count;
}

static const char *text(const char *word)
{
	return strcmp(word, "-") == 0 ? "" : word;
}

static unsigned flags(const char *words)
{
	static const char *const names[] = {"read", "write", "create", "exclusive", "truncate", "append", "directory"};
	unsigned bits = 0, i;
	size_t size;

	for (; *words; words += size + (words[size] == ',')) {
		size = strcspn(words, ",");
		for (i = 0; i < 7; i++)
			if (strlen(names[i]) == size && strncmp(words, names[i], size) == 0)
				bits |= 1u << i;
	}
	return bits;
}

/* Its first line, of 64 bytes; closes it. */
static void say_content(const char *name, int fd)
{
	char line[65];
	ssize_t got = read(fd, line, 64);

	line[got < 0 ? 0 : got] = 0;
	line[strcspn(line, "\n")] = 0;
	printf("%s: %s\n", name, line);
	close(fd);
}

static int run_open(char **words)
{
	unsigned wanted = flags(words[3]);
	int fd = isolated_open(&broker, words[1], text(words[2]), wanted, 0600);
	struct stat status;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		puts("open: directory");
		close(fd);
	} else if (wanted & ISOLATED_WRITE) {
		printf("open: wrote %d\n", (int)write(fd, "written\n", 8));
		close(fd);
	} else {
		say_content("open", fd);
	}
	return 0;
}

struct entry { char name[256]; int kind; };
static struct entry entries[1024];
static int count;

static void keep(void *context, const struct isolated_entry *e)
{
	(void)context;
	if (count < 1024 && e->size < sizeof(entries[0].name)) {
		memcpy(entries[count].name, e->name, e->size);
		entries[count].name[e->size] = 0;
		entries[count++].kind = e->kind;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int run_list(char **words)
{
	int i, status;

	count = 0;
	status = isolated_list(&broker, words[1], text(words[2]), keep, NULL);
	if (status < 0)
		return status;
	qsort(entries, (size_t)count, sizeof(entries[0]), by_name);
	for (i = 0; i < count; i++)
		printf("list: %d %s\n", entries[i].kind, entries[i].name);
	puts("list: end");
	return 0;
}

static void say_address(void *context, const struct isolated_entry *e)
{
	char line[64];

	(void)context;
	if (inet_ntop(e->size == 4 ? AF_INET : AF_INET6, e->name, line, sizeof(line)))
		printf("resolve: %s\n", line);
}

static void say_handle(void *context, const struct isolated_entry *e)
{
	printf("handles: %u grant %u kind %u state %u age %" PRIu64 " rights %u\n", e->handle, e->grant, e->kind, e->state,
		context ? e->age_ms : 0, e->rights);
}

static int transport(const char *name)
{
	return strcmp(name, "tcp") == 0 ? ISOLATED_TCP : strcmp(name, "udp") == 0 ? ISOLATED_UDP : ISOLATED_UNIX;
}

static int run_connect(char **words)
{
	int fd = isolated_connect_to(&broker, words[1], transport(words[2]), text(words[3]), (uint16_t)atoi(words[4]));
	char line[64];

	if (fd < 0)
		return fd;
	(void)send(fd, line, (size_t)snprintf(line, sizeof(line), "%s\n", words[5]), MSG_NOSIGNAL);
	say_content("connect", fd);
	return 0;
}

static int run_call(char **words)
{
	const char *answer = "";
	int none[16] = {0}, i, got;

	got = isolated_call(&broker, words[1], text(words[2]), strlen(text(words[2])), none, atoi(words[3]), &answer);
	if (got < 0)
		return got;
	printf("call: %.*s, %d descriptors\n", got, answer, broker.received);
	for (i = 0; i < broker.received; i++)
		close(broker.m.fds[i]);
	return 0;
}

static int run_stat(char **words)
{
	struct isolated_stat s;
	int status = isolated_stat(&broker, words[1], text(words[2]), &s);

	if (status == 0 && strcmp(words[0], "type") == 0)
		printf("type: size %" PRIu64 " mode %o\n", s.size, s.mode);
	else if (status == 0)
		printf("stat: size %" PRIu64 " mode %o owner %u %u time %" PRId64 " %u inode %" PRIu64 "\n", s.size, s.mode, s.uid, s.gid,
			s.mtime, s.mtime_ns, s.inode);
	return status;
}

/* The commands that print more than "done". */
static int run_other(char **words, int n)
{
	const char *name = words[0], *instance = "";
	unsigned char bytes[4] = {0};
	struct isolated_app app;
	unsigned i;
	int got;

	if (strcmp(name, "grants") == 0) {
		for (i = 0; i < broker.granted; i++)
			printf("grants: %s kind %u rights %u\n", broker.grants[i].name, broker.grants[i].kind, broker.grants[i].rights);
		return 0;
	}
	if (strcmp(name, "open") == 0)
		return run_open(words);
	if (strcmp(name, "stat") == 0 || strcmp(name, "type") == 0)
		return run_stat(words);
	if (strcmp(name, "list") == 0)
		return run_list(words);
	if (strcmp(name, "connect") == 0)
		return run_connect(words);
	if (strcmp(name, "call") == 0)
		return run_call(words);
	if (strcmp(name, "resolve") == 0)
		return isolated_resolve(&broker, words[1], words[2], say_address, NULL);
	if (strcmp(name, "handles") == 0) {
		if ((got = isolated_handles(&broker, say_handle, n > 1 ? &broker : NULL)) == 0)
			puts("handles: end");
		return got;
	}
	if (strcmp(name, "listen") == 0) {
		if ((got = isolated_listen(&broker, words[1], transport(words[2]), text(words[3]), (uint16_t)atoi(words[4]), 5)) < 0)
			return got;
		if (listen(got, 5) == 0)
			puts("listen: listening");
		return close(got);
	}
	if (strcmp(name, "secret") == 0) {
		if ((got = isolated_secret(&broker, words[1])) >= 0)
			say_content("secret", got);
		return got < 0 ? got : 0;
	}
	if (strcmp(name, "door") == 0) {
		if ((got = isolated_door(&broker)) < 0)
			return got;
		puts("door: open");
		return close(got);
	}
	if (strcmp(name, "device") == 0) {
		if ((got = isolated_device(&broker, words[1], flags(words[2]))) < 0)
			return got;
		if (read(got, bytes, 4) == 4)
			printf("device: %02x%02x%02x%02x\n", bytes[0], bytes[1], bytes[2], bytes[3]);
		return close(got);
	}
	if (strcmp(name, "start") == 0) {
		got = isolated_start_app(&broker, words[1], words[2], (const char *const *)words + 3, &instance);
		if (got >= 0)
			printf("start: %.*s\n", got, instance);
		return got < 0 ? got : 0;
	}
	if (strcmp(name, "status") == 0) {
		if ((got = isolated_app_status(&broker, words[1], words[2], &app)) == 0)
			printf("status: state %u exit %d restarts %u\n", app.state, app.exit, app.restarts);
		return got;
	}
	if (strcmp(name, "deadline") == 0) {
		broker.deadline_ms = (uint32_t)atoi(words[1]);
		broker.patience_ms = (uint32_t)atoi(words[2]);
		return 0;
	}
	printf("%s: no such command\n", name);
	return 0;
}

static int run(char **words, int n)
{
	const char *name = words[0];
	char lines[4096] = "";
	int i, status;

	if (strcmp(name, "remove") == 0)
		status = isolated_remove(&broker, words[1], text(words[2]), n > 3);
	else if (strcmp(name, "rename") == 0)
		status = isolated_rename(&broker, words[1], text(words[2]), text(words[3]), n > 4);
	else if (strcmp(name, "mkdir") == 0)
		status = isolated_make_directory(&broker, words[1], text(words[2]), 0700);
	else if (strcmp(name, "signal") == 0)
		status = isolated_signal_app(&broker, words[1], words[2], atoi(words[3]));
	else if (strcmp(name, "clock") == 0)
		status = isolated_set_clock(&broker, words[1], atoll(words[2]), (uint32_t)atoll(words[3]));
	else if (strcmp(name, "close") == 0)
		status = isolated_close_handle(&broker, (uint32_t)atoll(words[1]));
	else if (strcmp(name, "cancel") == 0)
		status = isolated_cancel(&broker, (uint32_t)atoll(words[1]));
	else if (strcmp(name, "notify") == 0) {
		for (i = 1; i < n; i++)
			snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), i > 1 ? "\n%s" : "%s", words[i]);
		status = isolated_notify(&broker, lines);
	} else
		return run_other(words, n);
	if (status == 0)
		printf("%s: done\n", name);
	return status;
}

static void say_error(const char *name, int status)
{
	const char *rule = broker.rule[0] ? broker.rule : "-";

	if (broker.detail < 0)
		printf("%s: error %d detail - rule %s\n", name, -status, rule);
	else
		printf("%s: error %d detail %d rule %s%s%s\n", name, -status, broker.detail, rule,
		       *isolated_reason(&broker) ? " = " : "", isolated_reason(&broker));
}

int main(int argc, char **argv)
{
	int i, n, status, before = opened();
	char *words[32];

	status = isolated_connect(&broker);
	if (status < 0)
		say_error("hello", status);
	for (i = 1; i < argc && status == 0; i++) {
		for (n = 0; n < 31 && (words[n] = strtok(n ? NULL : argv[i], " ")); n++)
			;
		/* A command that lacks words gets empty ones. */
		for (int more = n; more < 32; more++)
			words[more] = more < 8 && strcmp(words[0], "start") != 0 ? "" : NULL;
		int got = run(words, n);
		if (got < 0)
			say_error(words[0], got);
	}
	if (opened() != before)
		printf("descriptors left: %d\n", opened() - before);
	return 0;
}
