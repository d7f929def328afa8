#ifndef SESSIONMAN_RECORDS_H
#define SESSIONMAN_RECORDS_H

#include <stddef.h>

#include "channel.h"
#include "keeper.h"

/* Takes what the daemon has sent; at the channel's end, gives the daemon a moment to end, too. */
void channel_receive(struct keeper *keeper);

/* As sendmsg says it, without waiting; fd_count is at most KEPT_MAX. */
ssize_t send_with_fds(int socket, const void *bytes, size_t size, const int *fds, size_t fd_count);

/* Sends one with descriptors; -1 with errno. */
ssize_t record_send(
	int channel, const struct channel_record *record, const int *fds, size_t fd_count);

/* The same to the daemon: it is lost if there is none, and a line is logged if it cannot be sent.
 */
void channel_send(struct keeper *keeper, const struct channel_record *record, const int *fds,
	size_t fd_count);

/* Tells the daemon which VTs were left, as far as it reads. */
void channel_tell_left(struct keeper *keeper);

/* Tells the daemon which gettys have ended, as far as it reads. */
void channel_tell_gettys(struct keeper *keeper);

/* Tells the daemon that an operation has ended; error is 0 or an errno. */
void channel_done(struct keeper *keeper, uint32_t serial, int error);

#endif
