/* Reports what a process of a container can reach, and does what a hostile one would.
 * usage: witness where [MARKER SOCKET]  whether the working directory is in the container
 *        witness descriptors            descriptors open besides the standard streams
 *        witness hammer                 whether files of PID 1 can be opened at any moment
 *        witness cling [HOW...]         outlives its supervisor if it can
 *        witness bits DIRECTORY         makes set-user-ID files with every call there is
 *        witness hand FILE SOCKET       creates FILE and passes it to the first client
 *        witness lend SOCKET            passes its standard output to the first client, and exits
 *        witness take SOCKET bits       receives one: makes it set-user-ID if it can
 *        witness take SOCKET flood      receives one: writes empty lines to it forever
 *        witness say WORDS              prints WORDS, as proof that it ran
 * Exit code: 0 if nothing was in reach, 42 if something was. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define OUTSIDE 42
/* How many levels above the working directory names are looked for. */
#define DEPTH_MAX 16
#define HAMMER_TURNS 3000

#define MOUNT_NUMBER 0x1000U /* STATX_MNT_ID */
#define MOUNT_NUMBER_AT 0x90U

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Whether the working directory is on one of this container's mounts; the check needs no
 * permission. gVisor doesn't report the mount's ID: there the path from getcwd(2) decides. */
static bool is_on_own_mount(void)
{
	/* struct statx, which the C library may lack; only its mask and mount ID are read. */
	uint64_t status[32] = { 0 };
	uint64_t mount;
	char line[8192];
	bool found = false;
	FILE *table;

	if (syscall(SYS_statx, AT_FDCWD, "", AT_EMPTY_PATH, MOUNT_NUMBER, status) < 0 ||
	    ((uint32_t)status[0] & MOUNT_NUMBER) == 0)
		return true;
	mount = status[MOUNT_NUMBER_AT / sizeof(status[0])];
	table = fopen("/proc/self/mountinfo", "re");
	while (table != NULL && !found && fgets(line, sizeof(line), table) != NULL)
		found = strtoull(line, NULL, 10) == mount;
	if (table != NULL)
		(void)fclose(table);
	printf("mount %llu is %s\n", (unsigned long long)mount, found ? "its own" : "not its own");
	return found;
}

/* Prints why ".." can't be opened. True if that is no escape: gVisor looks directories up by name
 * again, so ".." fails after another process has replaced the directory; or another process has
 * made a directory of the container unsearchable. */
static bool is_exchanged(void)
{
	int why = errno;

	printf("no way up: %s\n", strerror(why));
	return why == ENOTDIR || why == ENOENT || why == ESTALE ||
	       (why == EACCES && is_on_own_mount());
}

/* Whether ".." from the working directory leads to "/" and no further. */
static bool climbs_to_root(void)
{
	struct stat here;
	struct stat above;
	struct stat root;
	int fd = open(".", O_PATH | O_DIRECTORY);

	if (fd < 0 || fstat(fd, &here) < 0 || stat("/", &root) < 0)
		return is_exchanged();
	for (;;) {
		int parent = openat(fd, "..", O_PATH | O_DIRECTORY);

		if (parent < 0 || fstat(parent, &above) < 0)
			return is_exchanged();
		(void)close(fd);
		fd = parent;
		if (is_same(&here, &above))
			break;
		here = above;
	}
	(void)close(fd);
	printf("top %llu:%llu root %llu:%llu\n", (unsigned long long)here.st_dev,
	       (unsigned long long)here.st_ino, (unsigned long long)root.st_dev,
	       (unsigned long long)root.st_ino);
	return is_same(&here, &root);
}

/* "../" `up` times, and the name. */
static const char *above(char *path, size_t size, int up, const char *name)
{
	size_t at = 0;

	for (int i = 0; i < up && at + 3 < size; i++, at += 3)
		(void)snprintf(path + at, size - at, "../");
	(void)snprintf(path + at, size - at, "%s", name);
	return path;
}

static bool reaches_file(const char *name)
{
	char path[512];

	for (int up = 0; up < DEPTH_MAX; up++) {
		if (access(above(path, sizeof(path), up, name), F_OK) == 0) {
			printf("reached %s\n", path);
			return true;
		}
	}
	return false;
}

static bool reaches_socket(const char *name)
{
	for (int up = 0; up < DEPTH_MAX; up++) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		(void)above(address.sun_path, sizeof(address.sun_path), up, name);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
			printf("connected to %s\n", address.sun_path);
			return true;
		}
		(void)close(fd);
	}
	return false;
}

static int where(int argc, char **argv)
{
	char path[4096] = "";
	/* The C library hides the path of a directory outside the root; the kernel does not. A
	 * directory that another process has removed has no path, but still a parent. */
	bool inside = syscall(SYS_getcwd, path, sizeof(path)) > 0 ? path[0] == '/'
								  : errno == ENOENT;

	printf("cwd %s\n", path);
	inside = climbs_to_root() && inside;
	if (argc > 0 && reaches_file(argv[0]))
		inside = false;
	if (argc > 1 && reaches_socket(argv[1]))
		inside = false;
	(void)puts(inside ? "inside" : "OUTSIDE");
	return inside ? 0 : OUTSIDE;
}

/* Whether a descriptor of PID 1 can be followed; root inside may list their numbers. */
static bool reaches_descriptor(void)
{
	for (int fd = 0; fd < 256; fd++) {
		char path[64];
		char target[256];
		int opened;

		(void)snprintf(path, sizeof(path), "/proc/1/fd/%d", fd);
		opened = open(path, O_PATH);
		if (opened >= 0 || readlink(path, target, sizeof(target)) > 0) {
			(void)close(opened);
			return true;
		}
	}
	return false;
}

static int descriptors(void)
{
	bool found = false;

	for (int fd = STDERR_FILENO + 1; fd < 4096; fd++) {
		char path[64];
		char target[256] = "";

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		(void)!readlink(path, target, sizeof(target) - 1);
		printf("open %d %s\n", fd, target);
		found = true;
	}
	if (getpid() != 1 && reaches_descriptor()) {
		(void)puts("a descriptor of PID 1 can be opened");
		found = true;
	}
	printf("pid %d\n", getpid());
	(void)puts(found ? "OUTSIDE" : "inside");
	return found ? OUTSIDE : 0;
}

/* Whether a file of PID 1 can be opened in any mode. */
static bool opens(const char *path)
{
	static const int ways[] = { O_RDONLY, O_WRONLY, O_RDWR };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int fd = open(path, ways[i]);
		char byte;

		/* Except for mem, access is checked only when the file is read. */
		if (fd >= 0 && ways[i] == O_RDONLY && strstr(path, "mem") == NULL &&
		    read(fd, &byte, 1) < 0) {
			(void)close(fd);
			continue;
		}
		if (fd >= 0) {
			(void)close(fd);
			return true;
		}
	}
	return false;
}

static int hammer(void)
{
	static const char *const files[] = { "/proc/1/mem", "/proc/1/maps", "/proc/1/environ",
					     "/proc/1/auxv", "/proc/1/syscall" };
	static const char *const links[] = { "/proc/1/exe", "/proc/1/cwd", "/proc/1/root",
					     "/proc/1/ns/mnt" };
	char target[256];

	if (getpid() == 1) {
		(void)puts("OUTSIDE: this process is PID 1 itself, not an init of ours");
		return OUTSIDE;
	}
	for (int turn = 0; turn < HAMMER_TURNS; turn++) {
		const char *open_path = NULL;

		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
			open_path = opens(files[i]) ? files[i] : open_path;
		for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
			if (readlink(links[i], target, sizeof(target)) > 0)
				open_path = links[i];
		}
		if (turn % 16 == 0 && reaches_descriptor())
			open_path = "a descriptor";
		if (open_path != NULL) {
			printf("OUTSIDE: opened %s in turn %d\n", open_path, turn);
			return OUTSIDE;
		}
	}
	(void)puts("inside");
	return 0;
}

static void ignore_signals(void)
{
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_IGN);
}

/* The parent stays as well: if it is PID 1, its exit would end all processes. */
static void fork_twice(void)
{
	if (fork() == 0) {
		if (fork() == 0)
			return;
		_exit(0);
	}
	for (;;)
		(void)pause();
}

static _Noreturn void cling(int argc, char **argv)
{
	bool stops = false;

	(void)prctl(PR_SET_PDEATHSIG, 0);
	ignore_signals();
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "session") == 0)
			(void)setsid();
		if (strcmp(argv[i], "fork") == 0)
			fork_twice();
		stops = stops || strcmp(argv[i], "stop") == 0;
	}
	(void)prctl(PR_SET_PDEATHSIG, 0);
	(void)puts("clinging");
	(void)fflush(stdout);
	if (stops)
		(void)raise(SIGSTOP);
	for (;;)
		(void)pause();
}

static void tell(const char *call, bool done)
{
	printf("%s: %s\n", call, done ? "succeeded" : strerror(errno));
}

/* Makes files and directories named after the calls that make them, each with mode 06755 if the
 * call is allowed to. */
static int bits(const char *directory)
{
	const mode_t wanted = 06755;
	int fd;
	int here = open(directory, O_PATH | O_DIRECTORY);

	if (here < 0 || fchdir(here) < 0) {
		perror(directory);
		return 1;
	}
	(void)umask(0);
	for (const char *const *name =
		     (const char *const[]){ "chmod", "fchmod", "fchmodat", "fchmodat2", NULL };
	     *name != NULL; name++)
		(void)close(open(*name, O_CREAT | O_WRONLY, 0755));
	tell("chmod", syscall(SYS_chmod, "chmod", wanted) == 0);
	fd = open("fchmod", O_WRONLY);
	tell("fchmod", syscall(SYS_fchmod, fd, wanted) == 0);
	(void)close(fd);
	tell("fchmodat", syscall(SYS_fchmodat, here, "fchmodat", wanted) == 0);
	tell("fchmodat2", syscall(SYS_fchmodat2, here, "fchmodat2", wanted, 0) == 0);
	tell("open", syscall(SYS_open, "open", O_CREAT | O_WRONLY, wanted) >= 0);
	tell("openat", syscall(SYS_openat, here, "openat", O_CREAT | O_WRONLY, wanted) >= 0);
	tell("openat, temporary",
	     (fd = (int)syscall(SYS_openat, here, ".", O_TMPFILE | O_RDWR, wanted)) >= 0);
	if (fd >= 0) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		tell("linkat", linkat(AT_FDCWD, path, here, "temporary", AT_SYMLINK_FOLLOW) == 0);
	}
	tell("creat", syscall(SYS_creat, "creat", wanted) >= 0);
	{
		struct {
			unsigned long long flags, mode, resolve;
		} how = { O_CREAT | O_WRONLY, wanted, 0 };

		tell("openat2", syscall(SYS_openat2, here, "openat2", &how, sizeof(how)) >= 0);
	}
	tell("mknod", syscall(SYS_mknod, "mknod", S_IFREG | wanted, 0) == 0);
	tell("mknodat", syscall(SYS_mknodat, here, "mknodat", S_IFREG | wanted, 0) == 0);
	tell("mkdir", syscall(SYS_mkdir, "mkdir", wanted) == 0);
	tell("mkdirat", syscall(SYS_mkdirat, here, "mkdirat", wanted) == 0);
	tell("chmod of a directory",
	     mkdir("directory", 0755) == 0 && chmod("directory", 06755) == 0);
	return 0;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

/* Sends a descriptor to the first client (unix(7), SCM_RIGHTS). */
static int hand(int given, const char *path)
{
	struct sockaddr_un address = address_of(path);
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
			       .cmsg_level = SOL_SOCKET,
			       .cmsg_type = SCM_RIGHTS } };
	struct iovec byte = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = &rights,
				  .msg_controllen = sizeof(rights) };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int peer;

	memcpy(CMSG_DATA(&rights.head), &given, sizeof(given));
	if (given < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0777) < 0 || listen(listener, 1) < 0) {
		perror(path);
		return 1;
	}
	peer = accept(listener, NULL, NULL);
	if (peer < 0 || sendmsg(peer, &message, 0) < 0) {
		perror("send a descriptor");
		return 1;
	}
	/* Wait until the client has it. */
	(void)!read(peer, &(char){ 0 }, 1);
	return 0;
}

/* Receives a descriptor; -1 if none arrives within seconds. */
static int taken(const char *path)
{
	struct sockaddr_un address = address_of(path);
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights = { .bytes = { 0 } };
	struct iovec byte = { .iov_base = (char[]){ 0 }, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = &rights,
				  .msg_controllen = sizeof(rights) };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int given = -1;

	for (int turn = 0; connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0; turn++) {
		if (turn == 300)
			return -1;
		(void)usleep(10000);
	}
	if (recvmsg(fd, &message, 0) > 0 && message.msg_controllen > 0)
		memcpy(&given, CMSG_DATA(&rights.head), sizeof(given));
	(void)!write(fd, "x", 1);
	return given;
}

static int take(const char *path, const char *use)
{
	static const char lines[4096] = { [0 ... sizeof(lines) - 1] = '\n' };
	int fd = taken(path);

	if (fd < 0) {
		(void)puts("no descriptor received");
		return 3;
	}
	if (strcmp(use, "bits") == 0) {
		bool made = fchmod(fd, 06755) == 0;

		tell("fchmod of what another container opened", made);
		return made ? OUTSIDE : 0;
	}
	(void)puts("floods");
	while (write(fd, lines, sizeof(lines)) > 0) {
	}
	return 0;
}

static int say(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		(void)puts(argv[i]);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "say";

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(what, "where") == 0)
		return where(argc - 2, argv + 2);
	if (strcmp(what, "descriptors") == 0)
		return descriptors();
	if (strcmp(what, "hammer") == 0)
		return hammer();
	if (strcmp(what, "cling") == 0)
		cling(argc - 2, argv + 2);
	if (strcmp(what, "bits") == 0 && argc == 3)
		return bits(argv[2]);
	if (strcmp(what, "hand") == 0 && argc == 4)
		return hand(open(argv[2], O_CREAT | O_RDWR, 0755), argv[3]);
	if (strcmp(what, "lend") == 0 && argc == 3)
		return hand(STDOUT_FILENO, argv[2]);
	if (strcmp(what, "take") == 0 && argc == 4)
		return take(argv[2], argv[3]);
	return say(argc - 2, argv + 2);
}
