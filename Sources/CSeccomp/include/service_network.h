/* A socket in the network namespace of an app, for the daemon's checks. */
#ifndef SERVICE_NETWORK_H
#define SERVICE_NETWORK_H

#include "driver_sockets.h"

/*
 * A TCP socket of that family in the namespace of the process that the pidfd names: close-on-exec, not blocking. Enters its
 * user namespace with it where that is needed. EPERM: this process may not look into that one, as into init, which an ordinary user
 * cannot; into the app he can. Needs Linux 5.8: EINVAL before. ESRCH: it has ended.
 */
int service_socket_of(int pidfd, int is_six);
/* connect(2) without waiting. 0: connected, or on its way. */
int service_connect(int fd, const struct driver_peer *peer);

#endif
