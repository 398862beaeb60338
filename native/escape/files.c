/* Files of the host, the kernel, or other users. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempts.h"

static int open_with(const char *path, int flags)
{
	return outcome(open(path, flags | O_CLOEXEC));
}

/* A file that opens but is empty counts as refused: it is a mask. */
static int read_some(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return errno;
	got = read(fd, &byte, 1);
	if (got < 0)
		return errno;
	return got == 0 ? ENOENT : 0;
}

#define WRITES(function, path)                                                                     \
	static int function(void)                                                                  \
	{                                                                                          \
		return open_with(path, O_WRONLY);                                                  \
	}
#define READS(function, path)                                                                      \
	static int function(void)                                                                  \
	{                                                                                          \
		return read_some(path);                                                            \
	}

WRITES(write_core_pattern, "/proc/sys/kernel/core_pattern")
WRITES(write_modprobe, "/proc/sys/kernel/modprobe")
WRITES(write_panic, "/proc/sys/kernel/panic")
WRITES(write_binfmt, "/proc/sys/fs/binfmt_misc/register")
WRITES(write_uevent_helper, "/sys/kernel/uevent_helper")
WRITES(write_release_agent, "/sys/fs/cgroup/release_agent")
WRITES(write_cgroup_procs, "/sys/fs/cgroup/cgroup.procs")
WRITES(write_memory, "/dev/mem")
WRITES(write_kernel_messages, "/dev/kmsg")
WRITES(write_oom_score, "/proc/self/oom_score_adj")
WRITES(write_pid1_oom_score, "/proc/1/oom_score_adj")
WRITES(write_uid_map, "/proc/self/uid_map")
WRITES(write_passwd, "/etc/passwd")
WRITES(write_hosts_file, "/etc/hosts")
WRITES(write_own_program, "/proc/self/exe")
WRITES(write_pid1_program, "/proc/1/exe")
READS(read_kcore, "/proc/kcore")
READS(read_kallsyms, "/proc/kallsyms")
READS(read_keys, "/proc/keys")
READS(read_timers, "/proc/timer_list")
READS(read_scheduler, "/proc/sched_debug")
READS(read_interrupts, "/proc/interrupts")
READS(read_shadow, "/etc/shadow")
READS(read_shadow_of_pid1, "/proc/1/root/etc/shadow")
READS(read_power, "/sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj")
READS(read_firmware, "/sys/firmware/dmi/tables/DMI")
READS(read_debugfs, "/sys/kernel/debug/sched/debug")
READS(read_docker_socket, "/var/run/docker.sock")

static int trigger_sysrq(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return errno;
	/* The mask is /dev/null: writing to it has no effect. */
	return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) ? ENOENT : 0;
}

static int make_block_device(void)
{
	return outcome(mknod("/tmp/disk", S_IFBLK | 0600, makedev(8, 0)));
}

static int make_memory_device(void)
{
	return outcome(mknod("/tmp/mem", S_IFCHR | 0600, makedev(1, 1)));
}

static int make_device_in_dev(void)
{
	return outcome(mknod("/dev/mem", S_IFCHR | 0600, makedev(1, 1)));
}

static int make_file(const char *path)
{
	return outcome(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static int write_into_usr(void)
{
	return make_file("/usr/bin/planted");
}

static int write_into_root(void)
{
	return make_file("/planted");
}

static int write_into_dev(void)
{
	return make_file("/dev/planted");
}

static int write_into_run(void)
{
	return make_file("/run/planted");
}

/* ".." at the root of a mount namespace is the root itself: both must be the same directory. */
static int climb_out(void)
{
	struct stat here;
	struct stat above;

	if (chdir("/") < 0 || stat(".", &here) < 0)
		return errno;
	for (int i = 0; i < 60; i++) {
		if (chdir("..") < 0)
			return errno;
	}
	if (stat(".", &above) < 0)
		return errno;
	return here.st_ino == above.st_ino && here.st_dev == above.st_dev ? EPERM : 0;
}

/* cf. CVE-2024-21626: a descriptor of a host directory left open by the runtime. */
static int use_leaked_descriptor(void)
{
	struct stat root;
	DIR *descriptors = opendir("/proc/self/fd");
	int own = descriptors == NULL ? -1 : dirfd(descriptors);

	if (descriptors == NULL || stat("/", &root) < 0)
		return 0;
	for (struct dirent *entry; (entry = readdir(descriptors)) != NULL;) {
		long fd = strtol(entry->d_name, NULL, 10);

		if (fd > STDERR_FILENO && fd != own)
			return 0;
	}
	return EPERM;
}

static int enter_leaked_directory(void)
{
	char path[64];

	for (int fd = 0; fd < 256; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/../../../etc/shadow", fd);
		if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
			return 0;
	}
	return EACCES;
}

static int become_set_user_id(void)
{
	struct stat status;
	int fd = open("/tmp/suid", O_CREAT | O_RDWR | O_CLOEXEC, 0700);

	if (fd < 0)
		return 0;
	if (fchown(fd, 0, 0) < 0)
		return errno;
	return fchmod(fd, 04755) == 0 && fstat(fd, &status) == 0 && (status.st_mode & S_ISUID)
		       ? 0
		       : EPERM;
}

static int give_away_file(void)
{
	int fd = open("/tmp/given", O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? 0 : outcome(fchown(fd, 0, 0));
}

/* Writes a program into writable memory and executes it. */
static int execute_dropped_file(const char *path)
{
	static const char script[] = "#!/bin/sh\nexit 0\n";
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);

	if (fd < 0)
		return errno;
	(void)!write(fd, script, sizeof(script) - 1);
	(void)close(fd);
	(void)execl(path, path, (char *)NULL);
	return errno;
}

static int execute_from_shared_memory(void)
{
	return execute_dropped_file("/dev/shm/dropped");
}

static int map_shared_memory_executable(void)
{
	int fd = open("/dev/shm/code", O_CREAT | O_RDWR | O_CLOEXEC, 0700);

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		return 0;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) == MAP_FAILED ? errno : 0;
}

/* A link must not make another user's file readable. */
static int link_to_shadow(void)
{
	if (symlink("/etc/shadow", "/tmp/shadow") < 0)
		return errno;
	return read_some("/tmp/shadow");
}

static int hard_link_to_program(void)
{
	return outcome(link("/usr/bin/attempts", "/tmp/attempts"));
}

static int host_abstract_socket(void)
{
	/* Like those of D-Bus and X11: a name without a file. */
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0nucleus-escape" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 15);

	return fd < 0 ? errno : outcome(connect(fd, (struct sockaddr *)&address, length));
}

#define NO_ROOM                                                                                    \
	{                                                                                          \
		EPERM, EACCES, EROFS, ENOENT, ETXTBSY                                              \
	}

const struct attempt file_attempts[] = {
	ATTEMPT("write core_pattern", write_core_pattern, ABSENT),
	ATTEMPT("write modprobe's path", write_modprobe, ABSENT),
	ATTEMPT("write kernel.panic", write_panic, ABSENT),
	ATTEMPT("register a binfmt handler", write_binfmt, ABSENT),
	ATTEMPT("write uevent_helper", write_uevent_helper, ABSENT),
	ATTEMPT("write release_agent", write_release_agent, ABSENT),
	ATTEMPT("leave the cgroup", write_cgroup_procs, ABSENT),
	ATTEMPT("open /dev/mem", write_memory, ABSENT),
	ATTEMPT("open /dev/kmsg", write_kernel_messages, ABSENT),
	ATTEMPT("lower one's own OOM score", write_oom_score, ABSENT),
	ATTEMPT("lower PID 1's OOM score", write_pid1_oom_score, ABSENT),
	ATTEMPT("write one's own uid_map", write_uid_map, ABSENT),
	ATTEMPT("write /etc/passwd", write_passwd, ABSENT),
	ATTEMPT("write /etc/hosts", write_hosts_file, ABSENT),
	ATTEMPT("overwrite one's own program", write_own_program, NO_ROOM),
	ATTEMPT("overwrite PID 1's program (CVE-2019-5736)", write_pid1_program, NO_ROOM),
	ATTEMPT("read kernel memory (/proc/kcore)", read_kcore, ABSENT),
	ATTEMPT("read the kernel's symbols", read_kallsyms, ABSENT),
	ATTEMPT("read the kernel's keys", read_keys, ABSENT),
	ATTEMPT("read the kernel's timers", read_timers, ABSENT),
	ATTEMPT("read the scheduler's state", read_scheduler, ABSENT),
	ATTEMPT("read the interrupts", read_interrupts, ABSENT),
	ATTEMPT("read /etc/shadow", read_shadow, ABSENT),
	ATTEMPT("read /etc/shadow through PID 1's root", read_shadow_of_pid1, ABSENT),
	ATTEMPT("read the power meter", read_power, ABSENT),
	ATTEMPT("read the firmware's tables", read_firmware, ABSENT),
	ATTEMPT("read debugfs", read_debugfs, ABSENT),
	ATTEMPT("open the Docker socket", read_docker_socket, ABSENT),
	ATTEMPT("trigger sysrq", trigger_sysrq, ABSENT),
	ATTEMPT("mknod: a disk", make_block_device, DENIED),
	ATTEMPT("mknod: memory", make_memory_device, DENIED),
	ATTEMPT("mknod: memory, in /dev", make_device_in_dev, ABSENT),
	ATTEMPT("write into /usr/bin", write_into_usr, ABSENT),
	ATTEMPT("write into /", write_into_root, ABSENT),
	ATTEMPT("write into /dev", write_into_dev, ABSENT),
	ATTEMPT("write into /run", write_into_run, ABSENT),
	ATTEMPT("climb out by ..", climb_out, DENIED),
	ATTEMPT("use a leaked descriptor (CVE-2024-21626)", use_leaked_descriptor, DENIED),
	ATTEMPT("enter a leaked directory (CVE-2024-21626)", enter_leaked_directory, DENIED),
	ATTEMPT("make a set-user-ID program of root's", become_set_user_id, DENIED),
	ATTEMPT("chown to root", give_away_file, DENIED),
	ATTEMPT("execute from /dev/shm", execute_from_shared_memory, DENIED),
	ATTEMPT("map /dev/shm executable", map_shared_memory_executable, DENIED),
	ATTEMPT("read /etc/shadow through a link", link_to_shadow, ABSENT),
	ATTEMPT("hard link to a program", hard_link_to_program, { EPERM, EACCES, EXDEV }),
	ATTEMPT("connect to an abstract socket of the host", host_abstract_socket,
		{ EPERM, EACCES, ECONNREFUSED }),
};
const size_t file_attempt_count = sizeof(file_attempts) / sizeof(file_attempts[0]);
