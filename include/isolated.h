/*
 * Asks the broker of isolated(1) for files, connections, secrets and the like, from a C program. Needs only libc.
 *
 *     static struct isolated broker;                 // 23 KiB
 *     int fd = isolated_connect(&broker);            // 0, or a negative errno, as everything below
 *     if (fd == 0) fd = isolated_open(&broker, "photos", "a.jpg", ISOLATED_READ, 0);
 *     if (fd < 0) fprintf(stderr, "%s (rule %s)\n", strerror(-fd), broker.rule);
 *
 * Descriptors that are returned are close-on-exec and the caller's. After each call `rule` has the file:line that decided and
 * `detail` why (docs/protocol.md; -1: the broker had no say). One thread at a time; broker.fd may be polled. Needs C99 and
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

enum { ISOLATED_READ = 1, ISOLATED_WRITE = 2, ISOLATED_CREATE = 4, ISOLATED_EXCLUSIVE = 8, ISOLATED_TRUNCATE = 16,
	ISOLATED_APPEND = 32, ISOLATED_ONLY_DIRECTORY = 64 };
enum { ISOLATED_TCP = 1, ISOLATED_UDP = 2, ISOLATED_UNIX = 3 };
enum { ISOLATED_DESCRIPTORS = 16 };

struct isolated_grant { char name[65]; uint8_t kind; uint32_t rights; };
/* An entry of a list; only what its kind has is set. The name lies in the message, lasts for the call, and has no NUL behind it. */
struct isolated_entry { const char *name; size_t size; uint32_t handle, rights; uint16_t grant; uint8_t kind, state; uint64_t age_ms; };
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

/* ---- How it works: isolated_request, isolated_answer, isolated_take..., isolated_finish. What an app calls is at the end. ---- */

static inline void isolated_put(struct isolated_message *m, uint64_t value, size_t width)
{
	if (m->size + width > sizeof(m->bytes))
		m->bad = -EMSGSIZE;
	for (; !m->bad && width > 0; width--, value >>= 8)
		m->bytes[m->size++] = (unsigned char)value;
}

static inline uint64_t isolated_take(struct isolated_message *m, size_t width)
{
	uint64_t value = 0;
	size_t i;

	if (m->bad || width > m->size - m->place)
		m->bad = -EPROTO;
	for (i = 0; !m->bad && i < width; i++)
		value |= (uint64_t)m->bytes[m->place++] << (8 * i);
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

/* After a send or receive that failed: waits, and 0 when it is worth another try. */
static inline int isolated_wait(struct isolated *c, short event)
{
	struct pollfd door = {c->fd, event, 0};
	int64_t left = c->until - isolated_now();

	if (errno == EPIPE || errno == ECONNRESET)
		return c->broken = -ECONNRESET;
	if ((errno != EAGAIN && errno != EINTR) || left <= 0)
		return left <= 0 ? -ETIMEDOUT : -errno;
	return poll(&door, 1, left > 1000000 ? 1000000 : (int)left) < 0 && errno != EINTR ? -errno : 0;
}

union isolated_control { struct cmsghdr head; char bytes[CMSG_SPACE(ISOLATED_DESCRIPTORS * sizeof(int))]; };

/* Sends or receives c->m. What sendmsg and recvmsg return. */
static inline ssize_t isolated_transfer(struct isolated *c, int sends)
{
	union isolated_control control;
	struct iovec part = {c->m.bytes, sends ? c->m.size : sizeof(c->m.bytes)};
	struct msghdr message;
	size_t size = (size_t)c->m.count * sizeof(int);
	ssize_t got;

	memset(&message, 0, sizeof(message));
	memset(&control, 0, sizeof(control));
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_control = &control;
	message.msg_controllen = !sends ? sizeof(control) : size ? CMSG_SPACE(size) : 0;
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(size);
	if (sends) {
		memcpy(CMSG_DATA(&control.head), c->m.fds, size);
		return sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	if ((got = recvmsg(c->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) < 0)
		return got;
	if (message.msg_controllen >= CMSG_LEN(0) && control.head.cmsg_type == SCM_RIGHTS) {
		c->m.count = (int)((control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(c->m.fds, CMSG_DATA(&control.head), (size_t)c->m.count * sizeof(int));
	}
	c->m.bad = message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EPROTO : 0;
	c->m.size = (size_t)got;
	return got;
}

/*
 * Sends a request, with m.count of m.fds; grant NULL: one that names none. 0 or a negative errno. The format: 1, 2, 4, 8: a uint64_t
 * of so many bytes; s: a string; t: a pointer and a size_t; r: the same, but without a length before it.
 */
static inline int isolated_request(struct isolated *c, unsigned opcode, const char *grant, const char *format, ...)
{
	struct isolated_message *m = &c->m;
	const char *text;
	unsigned index = 0;
	size_t size;
	va_list fields;

	while (grant && index < c->granted && strcmp(c->grants[index].name, grant) != 0)
		index++;
	c->id += c->id + 1 ? 1 : 2;
	c->opcode = opcode;
	c->until = isolated_now() + (c->deadline_ms ? c->deadline_ms : 30000) + c->patience_ms;
	m->size = m->place = 0;
	m->bad = c->broken ? c->broken : grant && index == c->granted ? -EACCES : 0;
	c->detail = m->bad == -EACCES ? 1 : -1;
	c->rule[0] = 0;
	isolated_put(m, opcode, 4);
	isolated_put(m, c->id, 8);
	isolated_put(m, c->deadline_ms, 4);
	isolated_put(m, index, grant ? 2 : 0);
	for (va_start(fields, format); *format; format++) {
		if (*format >= '1' && *format <= '8') {
			isolated_put(m, va_arg(fields, uint64_t), (size_t)(*format - '0'));
			continue;
		}
		text = va_arg(fields, const char *);
		size = *format == 's' ? strlen(text) : va_arg(fields, size_t);
		isolated_put(m, size, *format == 'r' ? 0 : 2);
		if (!m->bad && size > sizeof(m->bytes) - m->size)
			m->bad = -EMSGSIZE;
		while (!m->bad && size-- > 0)
			m->bytes[m->size++] = (unsigned char)*text++;
	}
	va_end(fields);
	for (index = 0; index < 4 && !m->bad; index++)
		m->bytes[8 + index] = (unsigned char)(m->size >> (8 * index));
	while (!m->bad && isolated_transfer(c, 1) < 0)
		m->bad = isolated_wait(c, POLLOUT);
	m->count = 0;
	return m->bad;
}

/* Waits for a reply: 0, and what it returns is to be taken; or a negative errno, and it is finished. */
static inline int isolated_answer(struct isolated *c)
{
	uint64_t opcode, flags, id, status, total;
	const char *rule;
	ssize_t got;
	size_t size;
	int why;

	for (;;) {
		while ((got = isolated_transfer(c, 0)) < 0)
			if ((why = isolated_wait(c, POLLIN)) < 0)
				return why;
		if (got == 0)
			return c->broken = -ECONNRESET;
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
 * The rest of a request whose sending gave `status`: takes what it returns, to pointers. The format: 1, 2, 4, 8: an integer of so many
 * bytes; t: a const char *, and the result is its size; f: the result is the descriptor; d: descriptors, the caller's, c->received
 * of them in c->m.fds. The result is otherwise 0; or a negative errno.
 */
static inline int isolated_result(struct isolated *c, int status, const char *format, ...)
{
	struct isolated_message *m = &c->m;
	uint64_t value;
	size_t size;
	int result = 0, wanted = 0;
	va_list fields;

	if (status < 0 || (status = isolated_answer(c)) < 0)
		return status;
	for (va_start(fields, format); *format; format++) {
		if (*format == 't') {
			*va_arg(fields, const char **) = isolated_take_text(m, &size);
			result = (int)size;
		} else if (*format == 'f' || *format == 'd') {
			wanted = *format == 'f' ? 1 : m->count;
		} else {
			value = isolated_take(m, (size_t)(*format - '0'));
			if (*format == '1')
				*va_arg(fields, uint8_t *) = (uint8_t)value;
			else if (*format == '2')
				*va_arg(fields, uint16_t *) = (uint16_t)value;
			else if (*format == '4')
				*va_arg(fields, uint32_t *) = (uint32_t)value;
			else
				*va_arg(fields, uint64_t *) = value;
		}
		result = *format == 'f' ? m->fds[0] : result;
	}
	va_end(fields);
	if (m->bad || m->place != m->size || m->count != wanted)
		m->bad = -EPROTO;
	else
		m->count = 0; /* The caller's now. */
	c->received = wanted;
	return (status = isolated_finish(c)) < 0 ? status : result;
}

/* A request that returns a list, and goes on with `next` until there is no more: hello, file.list, handle.list, net.resolve. */
static inline int isolated_walk(struct isolated *c, unsigned opcode, const char *grant, const char *text, isolated_each *each,
	void *context)
{
	struct isolated_entry e;
	uint64_t next = 0, total = 0, before, left;
	int status;

	do {
		before = total;
		status = opcode == 1 ? isolated_request(c, 1, NULL, "222", (uint64_t)1, (uint64_t)1, total)
			: opcode == 4 ? isolated_request(c, 4, NULL, "4", next)
			: opcode == 18 ? isolated_request(c, 18, grant, "s8", text, next) : isolated_request(c, opcode, grant, "s", text);
		do {
			if (status < 0 || (status = isolated_answer(c)) < 0)
				return status;
			next = opcode == 1 ? (isolated_take(&c->m, 8), isolated_take(&c->m, 2)) : isolated_take(&c->m, opcode == 18 ? 8 : 0);
			for (left = isolated_take(&c->m, 2); left > 0 && !c->m.bad; left--, total++) {
				memset(&e, 0, sizeof(e));
				if (opcode == 4)
					e.handle = (uint32_t)isolated_take(&c->m, 4), e.grant = (uint16_t)isolated_take(&c->m, 2);
				if (opcode == 4 || opcode == 18)
					e.kind = (uint8_t)isolated_take(&c->m, 1);
				if (opcode == 4)
					e.state = (uint8_t)isolated_take(&c->m, 1), e.age_ms = isolated_take(&c->m, 8);
				else
					e.name = isolated_take_text(&c->m, &e.size);
				if (opcode == 1)
					e.kind = (uint8_t)isolated_take(&c->m, 1);
				if (opcode == 1 || opcode == 4)
					e.rights = (uint32_t)isolated_take(&c->m, 4);
				if (!c->m.bad)
					each(context, &e);
			}
			if (c->m.count || (opcode == 1 && total < next && total == before))
				c->m.bad = -EPROTO;
			status = isolated_finish(c);
		} while (status == 0 && c->more);
	} while (status == 0 && (opcode == 1 ? total < next : opcode == 18 && next));
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

#define ISOLATED_CALL(name, parameters, result) static inline int isolated_##name parameters { return result; }
#define ISOLATED_W(value) (uint64_t)(value)

/* A file beneath a grant, or with the path "" the granted file itself. Mode: of a file that is made. Returns a descriptor. */
ISOLATED_CALL(open, (struct isolated *c, const char *grant, const char *path, unsigned flags, unsigned mode),
	isolated_result(c, isolated_request(c, 16, grant, "44s", ISOLATED_W(flags), ISOLATED_W(mode), path), "4f", &c->handle))
ISOLATED_CALL(stat, (struct isolated *c, const char *grant, const char *path, struct isolated_stat *s),
	isolated_result(c, isolated_request(c, 17, grant, "s", path), "8444848", &s->size, &s->mode, &s->uid, &s->gid, &s->mtime,
		&s->mtime_ns, &s->inode))
/* Of each entry's kind: 0 unknown, 1 file, 2 directory, 3 link, 4 FIFO, 5 socket, 6 and 7 devices. */
ISOLATED_CALL(list, (struct isolated *c, const char *grant, const char *path, isolated_each *each, void *context),
	isolated_walk(c, 18, grant, path, each, context))
ISOLATED_CALL(remove, (struct isolated *c, const char *grant, const char *path, int is_directory),
	isolated_result(c, isolated_request(c, 19, grant, "4s", ISOLATED_W(is_directory != 0), path), ""))
ISOLATED_CALL(rename, (struct isolated *c, const char *grant, const char *from, const char *to, int keeps_existing),
	isolated_result(c, isolated_request(c, 20, grant, "4ss", ISOLATED_W(keeps_existing != 0), from, to), ""))
ISOLATED_CALL(make_directory, (struct isolated *c, const char *grant, const char *path, unsigned mode),
	isolated_result(c, isolated_request(c, 21, grant, "4s", ISOLATED_W(mode), path), ""))
/* These two return a socket; isolated_listen sets c->port. */
ISOLATED_CALL(connect_to, (struct isolated *c, const char *grant, int transport, const char *host, uint16_t port),
	isolated_result(c, isolated_request(c, 32, grant, "112s", ISOLATED_W(transport), ISOLATED_W(0), ISOLATED_W(port), host), "4f",
		&c->handle))
ISOLATED_CALL(listen, (struct isolated *c, const char *grant, int transport, const char *host, uint16_t port, uint16_t backlog),
	isolated_result(c, isolated_request(c, 33, grant, "1122s", ISOLATED_W(transport), ISOLATED_W(0), ISOLATED_W(port),
		ISOLATED_W(backlog), host), "42f", &c->handle, &c->port))
/* Each name is an address of 4 or 16 bytes. */
ISOLATED_CALL(resolve, (struct isolated *c, const char *grant, const char *name, isolated_each *each, void *context),
	isolated_walk(c, 34, grant, name, each, context))
/* A memory file that cannot change; and a device. */
ISOLATED_CALL(secret, (struct isolated *c, const char *grant),
	isolated_result(c, isolated_request(c, 48, grant, ""), "4f", &c->handle))
ISOLATED_CALL(device, (struct isolated *c, const char *grant, unsigned flags),
	isolated_result(c, isolated_request(c, 64, grant, "4", ISOLATED_W(flags)), "4f", &c->handle))
ISOLATED_CALL(signal_app, (struct isolated *c, const char *grant, const char *instance, int number),
	isolated_result(c, isolated_request(c, 81, grant, "s4", instance, ISOLATED_W(number)), ""))
ISOLATED_CALL(app_status, (struct isolated *c, const char *grant, const char *instance, struct isolated_app *a),
	isolated_result(c, isolated_request(c, 82, grant, "s", instance), "144", &a->state, &a->exit, &a->restarts))
ISOLATED_CALL(set_clock, (struct isolated *c, const char *grant, int64_t seconds, uint32_t nanoseconds),
	isolated_result(c, isolated_request(c, 96, grant, "84", ISOLATED_W(seconds), ISOLATED_W(nanoseconds)), ""))
/* Lines as of sd_notify(3): "READY=1". */
ISOLATED_CALL(notify, (struct isolated *c, const char *lines),
	isolated_result(c, isolated_request(c, 3, NULL, "s", lines), ""))
ISOLATED_CALL(handles, (struct isolated *c, isolated_each *each, void *context), isolated_walk(c, 4, NULL, "", each, context))
ISOLATED_CALL(close_handle, (struct isolated *c, uint32_t handle),
	isolated_result(c, isolated_request(c, 5, NULL, "4", ISOLATED_W(handle)), ""))
/* Another socket to the broker: for a thread of its own isolated_connect_by, for another program in its ISOLATED_BROKER_FD. */
ISOLATED_CALL(door, (struct isolated *c), isolated_result(c, isolated_request(c, 6, NULL, ""), "f"))
/* A request that was given up: its id was c->id. */
ISOLATED_CALL(cancel, (struct isolated *c, uint32_t id), isolated_result(c, isolated_request(c, 2, NULL, "4", ISOLATED_W(id)), ""))

/* Starts an app; arguments end with NULL. Returns the size of the instance's name, which lies in *instance until the next call. */
static inline int isolated_start_app(struct isolated *c, const char *grant, const char *name, const char *const *arguments,
	const char **instance)
{
	struct isolated_message list;
	size_t i, size;

	list.size = 0;
	list.bad = 0;
	for (i = 0; arguments[i] && !list.bad; i++) {
		size = strlen(arguments[i]);
		isolated_put(&list, size, 2);
		if (size > sizeof(list.bytes) - list.size)
			return -EMSGSIZE;
		memcpy(list.bytes + list.size, arguments[i], size);
		list.size += size;
	}
	return isolated_result(c, list.bad ? list.bad : isolated_request(c, 80, grant, "s2r", name, ISOLATED_W(i), list.bytes, list.size),
		"t", instance);
}

/* Asks a driver. Returns the size of the answer, in *answer until the next call; c->received descriptors in c->m.fds are yours. */
static inline int isolated_call(struct isolated *c, const char *grant, const void *payload, size_t size, const int *fds, int count,
	const char **answer)
{
	if (count < 0 || count > ISOLATED_DESCRIPTORS)
		return -EMSGSIZE;
	if (count > 0)
		memcpy(c->m.fds, fds, (size_t)count * sizeof(int));
	c->m.count = count;
	return isolated_result(c, isolated_request(c, 112, grant, "t", payload, size), "td", answer);
}
#endif
