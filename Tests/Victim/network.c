/* Reaching what listens outside, and sockets that an app has no business with. */
#include "victim.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

static int open_socket(char **words)
{
	return result_of(socket(atoi(words[0]), (int)strtol(words[1], NULL, 0), atoi(words[2])));
}

static int connect_tcp(char **words)
{
	struct sockaddr_in address = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)atoi(words[0]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return result_of(connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

/* Done when the one outside answers. */
static int ask_udp(char **words)
{
	struct sockaddr_in address = { 0 };
	struct pollfd answer;
	char byte = '?';
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)atoi(words[0]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || send(fd, &byte, 1, 0) < 0)
		return errno;
	answer.fd = fd;
	answer.events = POLLIN;
	if (poll(&answer, 1, 2000) < 1)
		return ETIMEDOUT;
	return recv(fd, &byte, 1, 0) == 1 ? 0 : errno;
}

static int connect_unix(const char *name, int is_abstract)
{
	struct sockaddr_un address = { 0 };
	size_t length = strlen(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	if (length + 2 > sizeof(address.sun_path))
		return BROKEN;
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path + (is_abstract ? 1 : 0), name, length);
	return result_of(connect(fd, (struct sockaddr *)&address,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1)));
}

static int connect_abstract(char **words)
{
	return connect_unix(words[0], 1);
}

static int connect_path(char **words)
{
	return connect_unix(words[0], 0);
}

/* A route through loopback: harmless in a network namespace of one's own, and only tried there. */
static int add_route(char **words)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		uint32_t gateway;
		struct rtattr device;
		uint32_t index;
	} request = { 0 };
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[512];
	} answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	(void)words;
	if (fd < 0)
		return errno;
	request.header.nlmsg_len = sizeof(request);
	request.header.nlmsg_type = RTM_NEWROUTE;
	request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	request.route.rtm_family = AF_INET;
	request.route.rtm_dst_len = 32;
	request.route.rtm_table = RT_TABLE_MAIN;
	request.route.rtm_protocol = RTPROT_BOOT;
	request.route.rtm_scope = RT_SCOPE_LINK;
	request.route.rtm_type = RTN_UNICAST;
	request.attribute.rta_type = RTA_DST;
	request.attribute.rta_len = RTA_LENGTH(4);
	request.gateway = htonl(0x0a090807);
	request.device.rta_type = RTA_OIF;
	request.device.rta_len = RTA_LENGTH(4);
	request.index = 1;
	if (send(fd, &request, sizeof(request), 0) < 0)
		return errno;
	if (recv(fd, &answer, sizeof(answer), 0) < (ssize_t)(sizeof(answer.header) + sizeof(int)))
		return BROKEN;
	return -answer.error.error;
}

static int listen_tcp(char **words)
{
	struct sockaddr_in address = { 0 };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)atoi(words[0]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno;
	return result_of(listen(fd, 1));
}

const struct attack network_attacks[] = {
	{ "socket", 3, open_socket },
	{ "connect-tcp", 1, connect_tcp },
	{ "ask-udp", 1, ask_udp },
	{ "connect-abstract", 1, connect_abstract },
	{ "connect-unix", 1, connect_path },
	{ "add-route", 0, add_route },
	{ "listen-tcp", 1, listen_tcp },
	{ NULL, 0, NULL },
};
