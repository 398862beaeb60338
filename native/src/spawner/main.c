/* nucleus-spawner: parses its options and starts its role. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/title.h"
#include "shim/relay.h"
#include "spawner/spawner.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int make_memfd(void)
{
	int fd = memfd_create("nucleus-spawner", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	/* Before Linux 6.3 the flag is unknown, and every memfd is executable. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("nucleus-spawner", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

/* Re-executes the program from a sealed copy in memory, so that nothing inside a container can
 * reach the file on disk through /proc/PID/exe and overwrite it (CVE-2019-5736). */
static int run_from_sealed_copy(char *const argv[])
{
	owned_fd self = openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	owned_fd copy = -1;
	struct stat status;
	off_t offset = 0;

	if (self < 0)
		return -errno;
	if (fcntl(self, F_GET_SEALS) == ALL_SEALS)
		return 0;
	copy = make_memfd();
	if (copy < 0 || fstat(self, &status) < 0)
		return -errno;
	while (offset < status.st_size) {
		if (sendfile(copy, self, &offset, (size_t)(status.st_size - offset)) <= 0)
			return -errno;
	}
	if (fcntl(copy, F_ADD_SEALS, ALL_SEALS) < 0)
		return -errno;
	(void)syscall(SYS_execveat, copy, "", argv, environ, AT_EMPTY_PATH);
	return -errno;
}

static int usage(void)
{
	(void)fprintf(stderr,
		      "usage: nucleus-spawner --socket PATH [--client UID] [--follow-stdin]\n");
	return 2;
}

int main(int argc, char *argv[])
{
	static const struct option known[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "client", required_argument, NULL, 'c' },
		{ "follow-stdin", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	struct spawner_options options = { .client = geteuid() };
	int relayed = relay_run(argc, argv);
	int sealed = relayed < 0 ? run_from_sealed_copy(argv) : 0;

	if (relayed >= 0)
		return relayed;
	if (sealed < 0)
		(void)fprintf(stderr,
			      "nucleus-spawner: no sealed copy, running from the file itself: %s\n",
			      strerror(-sealed));
	for (;;) {
		int option = getopt_long(argc, argv, "", known, NULL);
		char *end;

		if (option < 0)
			break;
		if (option == 's') {
			options.socket = optarg;
		} else if (option == 'f') {
			options.follow_stdin = true;
		} else if (option == 'c') {
			options.client = (uid_t)strtoul(optarg, &end, 10);
			if (*optarg == '\0' || *end != '\0')
				return usage();
		} else {
			return usage();
		}
	}
	if (options.socket == NULL || optind != argc)
		return usage();
	title_open(argc, argv);
	return spawner_run(&options);
}
