/*
 * Asks the broker of isolated(1) for files, connections, secrets and the like, from a C program. Needs only libc.
 *
 *     static struct isolated broker;                 // 23 KiB
 *     int fd = isolated_connect(&broker);            // 0, or a negative errno, as everything below
 *     if (fd == 0) fd = isolated_open(&broker, "photos", "a.jpg", ISOLATED_READ, 0);
 *     if (fd < 0) fprintf(stderr, "%s: %s (rule %s)\n", strerror(-fd), isolated_reason(&broker), broker.rule);
 *
 * Descriptors that are returned are close-on-exec and the caller's. After each call `rule` has the file:line that decided and
 * `detail` why (docs/protocol.md; -1: the broker had no say), which isolated_reason says in words. One thread at a time; broker.fd may be polled. Needs C99 and
 * POSIX.1-2008: compile with -std=gnu99 or later, or define _POSIX_C_SOURCE as 200809L.
 */
#ifndef ISOLATED_H
#define ISOLATED_H
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "isolated(1) runs on x86-64 and arm64, which have the bytes of a number as its protocol has them"
#endif

enum { ISOLATED_READ = 1, ISOLATED_WRITE = 2, ISOLATED_CREATE = 4, ISOLATED_EXCLUSIVE = 8, ISOLATED_TRUNCATE = 16,
	ISOLATED_APPEND = 32, ISOLATED_ONLY_DIRECTORY = 64 };
enum { ISOLATED_TCP = 1, ISOLATED_UDP = 2, ISOLATED_UNIX = 3 };
enum { ISOLATED_DESCRIPTORS = 16 };

struct isolated_grant { char name[65]; uint8_t kind; uint32_t rights; };
/* An entry of a list; only what its kind has is set. The name lies in the message, lasts for the call, and has no NUL behind it. */
struct isolated_entry { const char *name; size_t size; uint64_t age_ms; uint32_t handle, rights; uint16_t grant; uint8_t kind, state; };
typedef void isolated_each(void *context, const struct isolated_entry *entry);
struct isolated_stat { uint64_t size; uint32_t mode, uid, gid; int64_t mtime; uint32_t mtime_ns; uint64_t inode; };
struct isolated_app { uint8_t state; int32_t exit; uint32_t restarts; };
struct isolated_message { unsigned char bytes[4096]; size_t size, place; int fds[ISOLATED_DESCRIPTORS], count, bad; };

struct isolated {
	int fd, broken;
	uint32_t deadline_ms; /* of requests from now on; 0: the broker's default of 30 s */
	uint32_t patience_ms; /* how long beyond it to wait for a broker that says nothing: 5000 */
	int detail;
	char rule[257];
	uint32_t handle;      /* of the last descriptor, as isolated_handles lists it */
	uint16_t port;        /* of isolated_listen */
	unsigned granted;
	struct isolated_grant grants[256];
	uint32_t id;
	unsigned opcode;
	int received, more;             /* another reply to the same request follows */
	int64_t until;
	struct isolated_message m;
};

/* Why, in words; "" where errno says it all. */
static inline const char *isolated_reason(const struct isolated *c)
{
	static const char *const reasons[] = { "", "no such grant", "the grant lacks a right", "outside the grant",
		"too many requests in a short time", "the grant is used up", "the grant's time is over", "the grant was revoked",
		"an operator said no", "no operator answered", "too many requests wait", "the deadline passed", "cancelled",
		"the broker died with it", "the driver failed", "it means nothing", "not to be had here" };

	return c->detail > 0 && c->detail < (int)(sizeof(reasons) / sizeof(*reasons)) ? reasons[c->detail] : "";
}

/* ---- How it works: isolated_send, isolated_answer, isolated_take..., isolated_finish. What an app calls is at the end. ---- */

static inline void isolated_put(struct isolated_message *m, const void *bytes, size_t size)
{
	if (size > sizeof(m->bytes) - m->size)
		m->bad = -EMSGSIZE;
	if (!m->bad && size)
		memcpy(m->bytes + m->size, bytes, size), m->size += size;
}

static inline void isolated_put_number(struct isolated_message *m, uint64_t value, size_t width)
{
	isolated_put(m, &value, width);
}

static inline void isolated_put_text(struct isolated_message *m, const char *text, size_t size)
{
	isolated_put_number(m, size, 2);
	isolated_put(m, text, size);
}

static inline uint64_t isolated_take(struct isolated_message *m, size_t width)
{
	uint64_t value = 0;

	if (m->bad || width > m->size - m->place)
		m->bad = -EPROTO;
	else
		memcpy(&value, m->bytes + m->place, width), m->place += width;
	return value;
}

/* A text lies in the message; there is no NUL at its end. */
static inline const char *isolated_take_text(struct isolated_message *m, size_t *size)
{
	*size = (size_t)isolated_take(m, 2);
	if (m->bad || *size > m->size - m->place)
		m->bad = -EPROTO, *size = 0;
	m->place += *size;
	return (const char *)m->bytes + m->place - *size;
}

/* Ends the reading of a reply: closes what nobody took. A reply that was not as it should be: -EPROTO from now on. */
static inline int isolated_finish(struct isolated *c)
{
	for (; c->m.count > 0; c->m.count--)
		if (c->m.fds[c->m.count - 1] >= 0)
			(void)close(c->m.fds[c->m.count - 1]);
	if (c->m.bad || c->m.place != c->m.size)
		c->broken = -EPROTO, c->detail = -1, c->rule[0] = 0;
	return c->broken;
}

static inline int64_t isolated_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

union isolated_control { struct cmsghdr head; char bytes[CMSG_SPACE(ISOLATED_DESCRIPTORS * sizeof(int))]; };

/* Sends or receives c->m, and waits until it can: 0, or a negative errno. */
static inline int isolated_transfer(struct isolated *c, int sends)
{
	union isolated_control control;
	struct iovec part = {c->m.bytes, sends ? c->m.size : sizeof(c->m.bytes)};
	struct pollfd door = {c->fd, (short)(sends ? POLLOUT : POLLIN), 0};
	struct msghdr message;
	size_t size = (size_t)c->m.count * sizeof(int);
	int64_t left;
	ssize_t got;

	memset(&control, 0, sizeof(control));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(&control.head), c->m.fds, size);
	for (;;) {
		memset(&message, 0, sizeof(message));
		message.msg_iov = &part;
		message.msg_iovlen = 1;
		message.msg_control = &control;
		message.msg_controllen = !sends ? sizeof(control) : size ? CMSG_SPACE(size) : 0;
		got = sends ? sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT)
			: recvmsg(c->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (got >= 0)
			break;
		if (errno == EPIPE || errno == ECONNRESET)
			return c->broken = -ECONNRESET;
		left = c->until - isolated_now();
		if ((errno != EAGAIN && errno != EINTR) || left <= 0)
			return left <= 0 ? -ETIMEDOUT : -errno;
		if (poll(&door, 1, left > 1000000 ? 1000000 : (int)left) < 0 && errno != EINTR)
			return -errno;
	}
	if (sends)
		return 0;
	if (message.msg_controllen >= CMSG_LEN(0) && control.head.cmsg_type == SCM_RIGHTS) {
		c->m.count = (int)((control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(c->m.fds, CMSG_DATA(&control.head), (size_t)c->m.count * sizeof(int));
	}
	c->m.bad = message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EPROTO : 0;
	c->m.size = (size_t)got;
	return got ? 0 : (c->broken = -ECONNRESET);
}

/*
 * Sends a request; grant NULL: one that names none. Format, up to its end or a '>', where it is left: 1, 2, 4: an
 * unsigned of so many bytes; 8: a uint64_t; s: a string; t: a pointer and a size_t; v: strings, NULL behind them; p: a const int *
 * of descriptors, and an int for how many.
 */
static inline int isolated_send(struct isolated *c, unsigned opcode, const char *grant, const char **format, va_list *fields)
{
	struct isolated_message *m = &c->m;
	const char *text, *const *list;
	const int *fds;
	unsigned index = 0, count = 0;

	while (grant && index < c->granted && strcmp(c->grants[index].name, grant) != 0)
		index++;
	c->id += c->id + 1 ? 1 : 2;
	c->opcode = opcode;
	c->until = isolated_now() + (c->deadline_ms ? c->deadline_ms : 30000) + c->patience_ms;
	m->size = m->place = 0;
	m->count = 0;
	m->bad = c->broken ? c->broken : grant && index == c->granted ? -EACCES : 0;
	c->detail = m->bad == -EACCES ? 1 : -1;
	c->rule[0] = 0;
	isolated_put_number(m, opcode, 4);
	isolated_put_number(m, c->id, 8);
	isolated_put_number(m, c->deadline_ms, 4);
	isolated_put_number(m, index, grant ? 2 : 0);
	for (; **format && **format != '>'; ++*format) {
		if (**format == 'v') {
			for (list = va_arg(*fields, const char *const *); list[count]; count++)
				;
			isolated_put_number(m, count, 2);
			for (; *list; list++)
				isolated_put_text(m, *list, strlen(*list));
		} else if (**format == 'p') {
			fds = va_arg(*fields, const int *);
			count = va_arg(*fields, unsigned);
			m->bad = count > ISOLATED_DESCRIPTORS ? -EMSGSIZE : m->bad;
			for (; !m->bad && m->count < (int)count; m->count++)
				m->fds[m->count] = fds[m->count];
		} else if (**format == 's' || **format == 't') {
			text = va_arg(*fields, const char *);
			isolated_put_text(m, text, **format == 's' ? strlen(text) : va_arg(*fields, size_t));
		} else {
			isolated_put_number(m, **format == '8' ? va_arg(*fields, uint64_t) : va_arg(*fields, unsigned), (size_t)(**format - '0'));
		}
	}
	memcpy(m->bytes + 8, &m->size, 4);
	m->bad = m->bad ? m->bad : isolated_transfer(c, 1);
	m->count = 0;
	return m->bad;
}

/* Waits for a reply: 0, and what it returns is to be taken; or a negative errno, and it is finished. */
static inline int isolated_answer(struct isolated *c)
{
	uint64_t opcode, flags, id, status, total;
	const char *rule;
	size_t size;
	int why;

	for (;;) {
		if ((why = isolated_transfer(c, 0)) < 0)
			return why;
		c->m.place = 0;
		opcode = isolated_take(&c->m, 2), flags = isolated_take(&c->m, 2), id = isolated_take(&c->m, 4);
		total = isolated_take(&c->m, 4), status = isolated_take(&c->m, 4);
		if (total != c->m.size || flags > 1 || id == 0)
			c->m.bad = -EPROTO;
		if (c->m.bad || id == c->id)
			break;
		c->m.place = c->m.size; /* A reply to a request that was given up is nobody's fault. */
		(void)isolated_finish(c);
	}
	c->detail = (int)isolated_take(&c->m, 4) & 255;
	rule = isolated_take_text(&c->m, &size);
	if (opcode != (c->opcode | 0x8000) || size >= sizeof(c->rule) || status > 4095)
		c->m.bad = -EPROTO, size = 0;
	memcpy(c->rule, rule, size);
	c->rule[size] = 0;
	c->more = (int)flags;
	if (!c->m.bad && !status)
		return 0;
	if (status && c->m.count)
		c->m.bad = -EPROTO;
	return (why = isolated_finish(c)) < 0 ? why : -(int)status;
}

/*
 * The rest of a request: takes what it returns, to pointers. Format: 1, 2, 4, 8: an integer of so many bytes; t: a const char *, and the
 * result is its size; f: the result is the descriptor; d: descriptors, the caller's, c->received of them in c->m.fds. The result is
 * otherwise 0; or a negative errno.
 */
static inline int isolated_result(struct isolated *c, const char *format, va_list *fields)
{
	struct isolated_message *m = &c->m;
	uint64_t value;
	size_t size;
	int status = isolated_answer(c), result = 0, wanted = 0;

	if (status < 0)
		return status;
	for (; *format; format++) {
		if (*format == 't') {
			*va_arg(*fields, const char **) = isolated_take_text(m, &size);
			result = (int)size;
		} else if (*format == 'f' || *format == 'd') {
			wanted = *format == 'f' ? 1 : m->count;
			result = *format == 'f' ? m->fds[0] : result;
		} else {
			value = isolated_take(m, (size_t)(*format - '0'));
			memcpy(va_arg(*fields, void *), &value, (size_t)(*format - '0'));
		}
	}
	if (m->bad || m->place != m->size || m->count != wanted)
		m->bad = -EPROTO;
	else
		m->count = 0; /* The caller's now. */
	c->received = wanted;
	return (status = isolated_finish(c)) < 0 ? status : result;
}

/* A request and, behind a '>' in the format, what it returns. */
static inline int isolated_ask(struct isolated *c, unsigned opcode, const char *grant, const char *format, ...)
{
	va_list fields;
	int status;

	va_start(fields, format);
	status = isolated_send(c, opcode, grant, &format, &fields);
	if (status == 0 && *format == '>')
		status = isolated_result(c, format + 1, &fields);
	va_end(fields);
	return status;
}

/* A request that returns a list, and goes on with `next` until there is no more: hello, file.list, handle.list, net.resolve. */
static inline int isolated_walk(struct isolated *c, unsigned opcode, const char *grant, const char *text, isolated_each *each,
	void *context)
{
	struct isolated_entry e;
	size_t is_hello = opcode == 1, is_handles = opcode == 4, is_files = opcode == 18;
	uint64_t next = 0, total = 0, before, left;
	int status;

	do {
		before = total;
		status = is_hello ? isolated_ask(c, opcode, NULL, "222", 1, 1, (unsigned)total) : is_handles ? isolated_ask(c, opcode, NULL, "4", 0)
			: isolated_ask(c, opcode, grant, is_files ? "s8" : "s", text, next);
		do {
			if (status < 0 || (status = isolated_answer(c)) < 0)
				return status;
			next = is_hello ? (isolated_take(&c->m, 8), isolated_take(&c->m, 2)) : isolated_take(&c->m, is_files * 8);
			for (left = isolated_take(&c->m, 2); left > 0 && !c->m.bad; left--, total++) {
				memset(&e, 0, sizeof(e));
				e.handle = (uint32_t)isolated_take(&c->m, is_handles * 4), e.grant = (uint16_t)isolated_take(&c->m, is_handles * 2);
				e.kind = (uint8_t)isolated_take(&c->m, is_handles | is_files), e.state = (uint8_t)isolated_take(&c->m, is_handles);
				e.age_ms = isolated_take(&c->m, is_handles * 8);
				if (!is_handles)
					e.name = isolated_take_text(&c->m, &e.size);
				e.kind |= (uint8_t)isolated_take(&c->m, is_hello);
				e.rights = (uint32_t)isolated_take(&c->m, (is_hello | is_handles) * 4);
				if (!c->m.bad)
					each(context, &e);
			}
			if (c->m.count || (is_hello && total < next && total == before))
				c->m.bad = -EPROTO;
			status = isolated_finish(c);
		} while (status == 0 && c->more);
	} while (status == 0 && (is_hello ? total < next : is_files && next));
	return status;
}

/* ---- What an app calls. ---- */

static inline void isolated_learn(void *context, const struct isolated_entry *e)
{
	struct isolated *c = (struct isolated *)context;
	struct isolated_grant *grant = &c->grants[c->granted];

	if (c->granted == sizeof(c->grants) / sizeof(c->grants[0]) || e->size >= sizeof(grant->name)) {
		c->m.bad = -EPROTO;
		return;
	}
	memcpy(grant->name, e->name, e->size);
	grant->name[e->size] = 0;
	grant->kind = e->kind;
	grant->rights = e->rights;
	c->granted++;
}

/* With a socket of isolated_door, which stays the caller's; learns the grants. */
static inline int isolated_connect_by(struct isolated *c, int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);

	memset(c, 0, sizeof(*c));
	c->patience_ms = 5000;
	c->fd = fd;
	c->detail = -1;
	c->broken = -ENOTCONN;
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
		return -ENOTCONN;
	c->broken = 0;
	c->id = (uint32_t)isolated_now() * 64;
	return isolated_walk(c, 1, NULL, "", isolated_learn, c);
}

/* Finds the socket in the environment. -ENOTCONN: started without isolated(1), or without grants. The socket is never closed. */
static inline int isolated_connect(struct isolated *c)
{
	const char *text = getenv("ISOLATED_BROKER_FD");
	char *end = NULL;
	long fd = text && *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;

	return isolated_connect_by(c, fd >= 0 && fd <= INT32_MAX && !*end ? (int)fd : -1);
}

/* In the parentheses: what each takes behind the connection and, as an ISOLATED_CALL, the grant's name. */
#define ISOLATED_WORDS(...) __VA_ARGS__
#define ISOLATED_CALL(name, words, opcode, ...) static inline int isolated_##name(struct isolated *c, const char *grant ISOLATED_WORDS words) \
	{ return isolated_ask(c, opcode, grant, __VA_ARGS__); }
#define ISOLATED_PLAIN(name, words, opcode, ...) static inline int isolated_##name(struct isolated *c ISOLATED_WORDS words) \
	{ return isolated_ask(c, opcode, NULL, __VA_ARGS__); }
#define ISOLATED_WALK(name, words, opcode, ...) static inline int isolated_##name(struct isolated *c ISOLATED_WORDS words, isolated_each *each, \
	void *context) { return isolated_walk(c, opcode, __VA_ARGS__, each, context); }

/* A file beneath a grant, or with the path "" the granted file itself. Mode: of a file that is made. Returns a descriptor. */
ISOLATED_CALL(open, (, const char *path, unsigned flags, unsigned mode), 16, "44s>4f", flags, mode, path, &c->handle)
ISOLATED_CALL(stat, (, const char *path, struct isolated_stat *s), 17, "s>8444848", path, &s->size, &s->mode, &s->uid, &s->gid,
	&s->mtime, &s->mtime_ns, &s->inode)
/* Calls `each` for every entry; kind: 0 unknown, 1 file, 2 directory, 3 link, 4 FIFO, 5 socket, 6 and 7 devices. */
ISOLATED_WALK(list, (, const char *grant, const char *path), 18, grant, path)
ISOLATED_CALL(remove, (, const char *path, int is_directory), 19, "4s>", is_directory != 0, path)
ISOLATED_CALL(rename, (, const char *from, const char *to, int keeps_existing), 20, "4ss>", keeps_existing != 0, from, to)
ISOLATED_CALL(make_directory, (, const char *path, unsigned mode), 21, "4s>", mode, path)
/* These two return a socket; isolated_listen sets c->port. */
ISOLATED_CALL(connect_to, (, int transport, const char *host, uint16_t port), 32, "22s>4f", transport, port, host, &c->handle)
ISOLATED_CALL(listen, (, int transport, const char *host, uint16_t port, uint16_t backlog), 33, "222s>42f", transport, port, backlog,
	host, &c->handle, &c->port)
/* Calls `each` for every address: its name is the 4 or 16 bytes. */
ISOLATED_WALK(resolve, (, const char *grant, const char *name), 34, grant, name)
/* A memory file that cannot change; and a device. */
ISOLATED_CALL(secret, (), 48, ">4f", &c->handle)
ISOLATED_CALL(device, (, unsigned flags), 64, "4>4f", flags, &c->handle)
/* Starts an app; arguments end with NULL. Returns the size of the instance's name, which lies in *instance until the next call. */
ISOLATED_CALL(start_app, (, const char *name, const char *const *arguments, const char **instance), 80, "sv>t", name, arguments, instance)
ISOLATED_CALL(signal_app, (, const char *instance, int number), 81, "s4>", instance, number)
ISOLATED_CALL(app_status, (, const char *instance, struct isolated_app *a), 82, "s>144", instance, &a->state, &a->exit, &a->restarts)
ISOLATED_CALL(set_clock, (, int64_t seconds, uint32_t nanoseconds), 96, "84>", (uint64_t)seconds, nanoseconds)
/* Lines as of sd_notify(3): "READY=1". */
ISOLATED_PLAIN(notify, (, const char *lines), 3, "s>", lines)
/* Calls `each` for all that was handed out. */
ISOLATED_WALK(handles, (), 4, NULL, "")
ISOLATED_PLAIN(close_handle, (, uint32_t handle), 5, "4>", handle)
/* Another socket to the broker: for a thread of its own isolated_connect_by, for another program in its ISOLATED_BROKER_FD. */
ISOLATED_PLAIN(door, (), 6, ">f")
/* A request that was given up: its id was c->id. */
ISOLATED_PLAIN(cancel, (, uint32_t id), 2, "4>", id)

/* Asks a driver. Returns the size of the answer, in *answer until the next call; c->received descriptors in c->m.fds are yours. */
ISOLATED_CALL(call, (, const void *payload, size_t size, const int *fds, int count, const char **answer), 112, "tp>td", payload, size,
	fds, count, answer)
#endif
