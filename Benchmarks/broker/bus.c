/*
 * The same two requests over D-Bus, as desktop portals answer them: a service and a client on a bus of their own.
 *
 *     bus serve DIRECTORY
 *     bus rtt COUNT          p50 in nanoseconds
 *     bus open COUNT PATH
 */
#include <dbus/dbus.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NAME "bench.Broker"

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static DBusConnection *bus(void)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *connection = dbus_bus_get(DBUS_BUS_SESSION, &error);

	if (!connection) {
		fprintf(stderr, "bus: %s\n", error.message);
		exit(1);
	}
	return connection;
}

static void answer(DBusConnection *connection, DBusMessage *call, int root)
{
	DBusMessage *reply;
	const char *path;
	int fd = -1;

	if (dbus_message_is_method_call(call, NAME, "Ping")) {
		reply = dbus_message_new_method_return(call);
	} else if (dbus_message_is_method_call(call, NAME, "Open") &&
		   dbus_message_get_args(call, NULL, DBUS_TYPE_STRING, &path, DBUS_TYPE_INVALID)) {
		struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
					.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS };

		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		reply = dbus_message_new_method_return(call);
		if (fd < 0 || !dbus_message_append_args(reply, DBUS_TYPE_UNIX_FD, &fd, DBUS_TYPE_INVALID))
			exit(1);
	} else {
		return;
	}
	dbus_connection_send(connection, reply, NULL);
	dbus_message_unref(reply);
	if (fd >= 0)
		close(fd);
}

static void serve(const char *directory)
{
	DBusConnection *connection = bus();
	DBusMessage *call;
	int root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || dbus_bus_request_name(connection, NAME, 0, NULL) != DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER)
		exit(1);
	puts("ready");
	fflush(stdout);
	while (dbus_connection_read_write(connection, -1))
		while ((call = dbus_connection_pop_message(connection))) {
			answer(connection, call, root);
			dbus_message_unref(call);
		}
}

static void ask(DBusConnection *connection, const char *path)
{
	DBusMessage *call = dbus_message_new_method_call(NAME, "/", NAME, path ? "Open" : "Ping"), *reply;
	int fd;

	if (path)
		dbus_message_append_args(call, DBUS_TYPE_STRING, &path, DBUS_TYPE_INVALID);
	reply = dbus_connection_send_with_reply_and_block(connection, call, 10000, NULL);
	if (!reply || (path && !dbus_message_get_args(reply, NULL, DBUS_TYPE_UNIX_FD, &fd, DBUS_TYPE_INVALID))) {
		fprintf(stderr, "bus: no answer\n");
		exit(1);
	}
	if (path)
		close(fd);
	dbus_message_unref(reply);
	dbus_message_unref(call);
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	DBusConnection *connection;
	int64_t *times, before;
	long i, count;

	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "serve") == 0) {
		serve(argv[2]);
		return 0;
	}
	count = atol(argv[2]);
	times = calloc((size_t)count, sizeof(*times));
	connection = bus();
	for (i = -count / 10; i < count; i++) {
		before = now();
		ask(connection, argc > 3 ? argv[3] : NULL);
		if (i >= 0)
			times[i] = now() - before;
	}
	qsort(times, (size_t)count, sizeof(*times), compare);
	printf("%lld\n", (long long)times[count / 2]);
	return 0;
}
