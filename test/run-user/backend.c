/*
 * A backend that writes down how it was started, in the directory dump-ACTION of its user's home,
 * and then does what the shell script ACTION there says.
 */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[512];

static void copy(const char *name)
{
	char from[256];
	char to[1024];
	char bytes[65536];
	ssize_t len;

	snprintf(from, sizeof(from), "/proc/self/%s", name);
	snprintf(to, sizeof(to), "%s/%s", directory, name);
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	while (in >= 0 && out >= 0 && (len = read(in, bytes, sizeof(bytes))) > 0) {
		if (write(out, bytes, (size_t)len) != len)
			_exit(99);
	}
	close(in);
	close(out);
}

static void list_descriptors(void)
{
	char path[1024];
	char link[64];
	char target[512];

	snprintf(path, sizeof(path), "%s/fd", directory);
	FILE *file = fopen(path, "we");
	for (int fd = 0; file != NULL && fd < 1024; fd++) {
		if (fd == fileno(file))
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		ssize_t len = readlink(link, target, sizeof(target) - 1);
		if (len >= 0)
			fprintf(file, "%d %.*s\n", fd, (int)len, target);
	}
	if (file != NULL)
		fclose(file);
}

static void describe(char **argv)
{
	char path[1024];
	char cwd[512] = "";

	snprintf(path, sizeof(path), "%s/other", directory);
	FILE *file = fopen(path, "we");
	if (file == NULL)
		return;
	mode_t mask = umask(022);
	fprintf(file, "umask %04o\nsid %d\npgid %d\npid %d\nnice %d\ncwd %s\n", (unsigned int)mask,
		(int)getsid(0), (int)getpgrp(), (int)getpid(), nice(0), getcwd(cwd, sizeof(cwd)));
	umask(mask);
	fclose(file);
	snprintf(path, sizeof(path), "%s/argv", directory);
	file = fopen(path, "we");
	for (; file != NULL && *argv != NULL; argv++)
		fwrite(*argv, 1, strlen(*argv) + 1, file);
	if (file != NULL)
		fclose(file);
}

int main(int argc, char **argv)
{
	static const char *const files[] = {
		"status", "limits", "environ", "cgroup", "oom_score_adj", "loginuid", "mountinfo"};
	static char script[512];

	/* Not $HOME: that is PAM's to say. */
	const struct passwd *user = getpwuid(getuid());
	if (argc < 2 || user == NULL)
		return 100;
	snprintf(directory, sizeof(directory), "%s/dump-%s", user->pw_dir, argv[1]);
	mkdir(directory, 0755);
	list_descriptors();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		copy(files[i]);
	describe(argv + 1);
	snprintf(script, sizeof(script), "%s/%s", user->pw_dir, argv[1]);
	if (access(script, R_OK) < 0)
		return 32;
	argv[0] = script;
	char **arguments = calloc((size_t)argc + 2, sizeof(char *));
	if (arguments == NULL)
		return 111;
	arguments[0] = "sh";
	memcpy(arguments + 1, argv, (size_t)argc * sizeof(char *));
	execv("/bin/sh", arguments);
	return 111;
}
