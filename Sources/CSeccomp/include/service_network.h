/* What the daemon has a process of its own do, for a moment: sockets in an app's network, and the end of an app's sockets. */
#ifndef SERVICE_NETWORK_H
#define SERVICE_NETWORK_H

#include "driver_sockets.h"
#include "packets.h"

/*
 * A TCP socket of that family in the namespace of the process that the pidfd names: close-on-exec, not blocking. Enters its
 * user namespace with it where that is needed. EPERM: this process may not look into that one, as into init, which an ordinary user
 * cannot; into the app he can. Needs Linux 5.8: EINVAL before. ESRCH: it has ended.
 */
int service_socket_of(int pidfd, int is_six);
/* connect(2) without waiting. 0: connected, or on its way. */
int service_connect(int fd, const struct driver_peer *peer);

/*
 * Closes descriptors that came from an app. The last close of a socket waits for as long as SO_LINGER says (socket(7)), and that
 * of a Unix socket closes those that lie unread in it: but not where a process ends with them (PF_EXITING). So one that shares
 * all but the table of descriptors holds them until they are closed here, and ends. Where there can be none, SO_LINGER is
 * taken from them, which does not help with those that lie inside another.
 */
void service_close_apart(const int *descriptors, size_t count);
/* As kernel_receive_packet, but what is beyond PACKET_DESCRIPTORS is closed that way. */
ssize_t service_receive_notice(int fd, void *buffer, size_t size, struct packet_received *out);

#endif
