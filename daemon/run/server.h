#ifndef SESSIONMAN_SERVER_H
#define SESSIONMAN_SERVER_H

/*
 * Has a process for each order of the keeper (packets.h), and ends with the keeper. Returns in each
 * of these processes, which is a child of the keeper and has its listening socket as LISTEN_FD. own
 * is what the server was started with; argv, with room for ARGUMENTS_MAX, the name and NULL, gets
 * what the process would have been started with. Returns how many these are.
 */
int server_serve(char *own[], char *argv[]);

#endif
