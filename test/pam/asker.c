/*
 * client.c alone, with limits from the command line, so that 90 seconds need not be waited for.
 *
 *   asker SOCKET ACCEPT SILENCE TOTAL REFUSED RETRIES      (milliseconds)
 *
 * Prints "answered STATUS SECONDS" or "failed PHASE SECONDS REASON". A signal arrives every 2 ms.
 */
#include "client.h"
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char request[] = WIRE_VERSION_LINE "OP=open\0"
							"NONCE=00000000000000000000000000000000";
	static struct client client;
	double begin = seconds();

	if (argc != 7)
		return 2;
	client.socket_path = argv[1];
	client.request = request;
	client.request_size = sizeof(request);
	client.limits = (struct client_limits){.accept_ms = atoi(argv[2]),
		.silence_ms = atoi(argv[3]),
		.total_ms = atoi(argv[4]),
		.refused_ms = atoi(argv[5]),
		.retries = atoi(argv[6])};
	signals_start();
	bool answered = client_ask(&client);
	double took = seconds() - begin;
	if (answered)
		printf("answered %d %.3f\n", (int)client.reply.status, took);
	else
		printf("failed %d %.3f %s\n", (int)client.phase, took, client.reason);
	if (client.lifetime_fd >= 0)
		close(client.lifetime_fd);
	return 0;
}
