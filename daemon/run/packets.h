/*
 * The packets between the daemon and sessionman-run, on a SOCK_SEQPACKET socket of which
 * sessionman-run has the listening end, as descriptor 3. A packet is NUL-terminated strings, the
 * first says what it is; it has at most PACKET_MAX bytes. Numbers are decimal. daemon/src/kernel is
 * the other end.
 *
 * One connection is served at a time: a new one takes the place of the old, which is closed.
 *
 * From sessionman-run, on every new connection and at each change:
 *
 *   starting PID      PID: the service manager, 0 while it has not been started; what has to be
 *                     born into the user's control groups to start it has been born by then
 *   ready PID         its readiness data has come, the backend's "ready" runs
 *   running PID HOW   "ready" has ended; HOW: "" for success, else such as "exit code 3",
 *                     "signal 9", "took longer than 20 s"
 *   ended HOW         the last packet: nothing more is done for the user, the PAM session is
 *                     closed; HOW: such as "exit code 0", "signal 9", "cannot open a PAM session
 *                     for alice: Permission denied"
 *
 * From the daemon:
 *
 *   stop              run the backend's "stop"; no other action is run or told of from then on
 *   term              send SIGTERM to the service manager
 *   kill              kill every process of the service manager
 *   graphical PHASE   run the backend's "graphical"; PHASE: "start" or "stop"
 *   environment V...  run the backend's "environment"; V: NAME=VALUE, or NAME for one that is
 *                     unset; at most ENVIRONMENT_MAX of them
 *
 * A packet that is not understood is noted in the log, and nothing else happens.
 *
 * `sessionman-run serve ROOM` has its end of a SOCK_SEQPACKET pair as descriptor 3, and the keeper
 * the other. ROOM is as long as the arguments may be that take its place. From the keeper, for each
 * sessionman-run that there is to be: NUL-terminated strings and an empty one last, in ORDER_MAX
 * bytes at most. The first is the directory of the control group it is born in, or "-" for the
 * server's own, then come its arguments. With them come by SCM_RIGHTS its listening socket and, but
 * for "-", that directory.
 */
#ifndef SESSIONMAN_PACKETS_H
#define SESSIONMAN_PACKETS_H

#define LISTEN_FD 3
#define PACKET_MAX 65536
#define ORDER_MAX 2048
#define ARGUMENTS_MAX 32
#define ENVIRONMENT_MAX 512
/* With its NUL. */
#define HOW_MAX 256

#endif
