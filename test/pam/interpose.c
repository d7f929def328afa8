/*
 * Functions that libpam and the module find here before they find them in the C library and in
 * libpam: syslog, so that nothing reaches the machine's log and every line can be counted;
 * pam_putenv, so that it can be made to fail.
 */
#include "driver.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPORT_FD 90
#define LINES_MAX 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char line[LINES_MAX][1024];
static int priority[LINES_MAX];
static int lines;
static int putenv_left;
static int send_left;
static _Atomic int closes_failed;

static void keep(int level, const char *format, va_list arguments)
{
	pthread_mutex_lock(&lock);
	if (lines < LINES_MAX) {
		priority[lines] = level & 7;
		vsnprintf(line[lines], sizeof(line[lines]), format, arguments);
		lines++;
	}
	pthread_mutex_unlock(&lock);
}

void syslog(int level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	keep(level, format, arguments);
	va_end(arguments);
}

void __syslog_chk(int level, int flag, const char *format, ...);
void __syslog_chk(int level, int flag, const char *format, ...)
{
	va_list arguments;

	(void)flag;
	va_start(arguments, format);
	keep(level, format, arguments);
	va_end(arguments);
}

int log_count(void)
{
	return lines;
}

void log_report(void)
{
	for (int i = 0; i < lines; i++)
		dprintf(REPORT_FD, "log %d %s\n", priority[i], line[i]);
	lines = 0;
}

void putenv_break(int count)
{
	putenv_left = count;
}

int pam_putenv(pam_handle_t *pamh, const char *text)
{
	int (*real)(pam_handle_t *, const char *);

	*(void **)&real = dlsym(RTLD_NEXT, "pam_putenv");
	if (putenv_left > 0 && --putenv_left == 0)
		return PAM_BUF_ERR;
	return real(pamh, text);
}

void send_break(int count)
{
	send_left = count;
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	if (send_left > 0) {
		send_left--;
		shutdown(fd, SHUT_RDWR);
		/* Linux spares packet sockets the signal; nothing says that it always will. */
		if ((flags & MSG_NOSIGNAL) == 0)
			raise(SIGPIPE);
	}
	return sendto(fd, data, size, flags, NULL, 0);
}

int bad_closes(void)
{
	return closes_failed;
}

int close(int fd)
{
	int (*real)(int);

	*(void **)&real = dlsym(RTLD_NEXT, "close");
	int result = real(fd);
	if (result < 0 && errno == EBADF)
		closes_failed++;
	return result;
}
