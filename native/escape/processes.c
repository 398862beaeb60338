/* Other processes, other identities, and attempts to take the machine down. */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "attempts.h"

static int trace_parent(void)
{
	return outcome(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
}

static int trace_me(void)
{
	return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int read_memory_of(pid_t pid)
{
	char byte;
	struct iovec local = { .iov_base = &byte, .iov_len = 1 };
	struct iovec remote = { .iov_base = &byte, .iov_len = 1 };

	return outcome(process_vm_readv(pid, &local, 1, &remote, 1, 0));
}

static int read_parent_memory(void)
{
	return read_memory_of(getppid());
}

static int write_parent_memory(void)
{
	char byte = 0;
	struct iovec local = { .iov_base = &byte, .iov_len = 1 };
	struct iovec remote = { .iov_base = &byte, .iov_len = 1 };

	return outcome(process_vm_writev(getppid(), &local, 1, &remote, 1, 0));
}

static int compare_with_parent(void)
{
	return outcome(syscall(SYS_kcmp, getpid(), getppid(), KCMP_FILE, 0, 0));
}

static int take_descriptor(void)
{
	long pidfd = syscall(SYS_pidfd_open, getppid(), 0);

	if (pidfd < 0)
		return errno;
	return outcome(syscall(SYS_pidfd_getfd, pidfd, 1, 0));
}

static int advise_parent(void)
{
	struct iovec vector = { .iov_base = NULL, .iov_len = 4096 };

	return outcome(syscall(SYS_process_madvise, 0, &vector, 1, MADV_PAGEOUT, 0));
}

/* In the container's own PID namespace, the PIDs of the host's processes mean nothing. */
static int signal_host_process(void)
{
	for (pid_t pid = 1000; pid < 60000; pid++) {
		if (kill(pid, 0) == 0)
			return 0;
	}
	return EPERM;
}

static int become_root(void)
{
	return outcome(syscall(SYS_setuid, 0));
}

static int become_root_group(void)
{
	return outcome(syscall(SYS_setgid, 0));
}

static int join_groups(void)
{
	const gid_t groups[] = { 0 };

	return outcome(syscall(SYS_setgroups, 1, groups));
}

static int take_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2];

	memset(sets, 0xff, sizeof(sets));
	return outcome(syscall(SYS_capset, &header, sets));
}

static int raise_ambient(void)
{
	return outcome(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0));
}

static int keep_capabilities(void)
{
	return outcome(prctl(PR_SET_SECUREBITS, 1 << 4, 0, 0, 0));
}

static int take_back_no_new_privileges(void)
{
	return outcome(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

static int change_memory_map(void)
{
	return outcome(prctl(PR_SET_MM, 6 /* PR_SET_MM_BRK */, 0, 0, 0));
}

static int allow_tracing(void)
{
	return outcome(prctl(0x59616d61 /* PR_SET_PTRACER */, -1UL, 0, 0, 0));
}

static int loosen_filter(void)
{
	return outcome(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL)) == 0 ? 0 : errno;
}

static int raise_priority(void)
{
	return outcome(setpriority(PRIO_PROCESS, 0, -20));
}

static int run_in_real_time(void)
{
	const struct sched_param parameter = { .sched_priority = 50 };

	return outcome(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameter));
}

static int run_by_deadline(void)
{
	const uint64_t attributes[6] = {
		48 | (uint64_t)6 << 32, 0, 0, 10000000, 20000000, 20000000
	};

	return outcome(syscall(SYS_sched_setattr, 0, attributes, 0));
}

static int raise_limit(int resource)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	return outcome(setrlimit(resource, &limit));
}

static int raise_open_files(void)
{
	return raise_limit(RLIMIT_NOFILE);
}

static int raise_locked_memory(void)
{
	return raise_limit(RLIMIT_MEMLOCK);
}

static int lock_memory(void)
{
	void *memory = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);

	return memory == MAP_FAILED ? 0 : outcome(mlock(memory, 64 << 20));
}

static int huge_pages(void)
{
	return mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) == MAP_FAILED
		       ? errno
		       : 0;
}

static int push_into_terminal(void)
{
	return outcome(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}

static int paste_into_console(void)
{
	return outcome(ioctl(STDIN_FILENO, TIOCLINUX, "\003"));
}

/* The slave of a new pseudo-terminal, or -1. */
static int open_terminal(void)
{
	int unlocked = 0;
	int number = 0;
	char path[32];
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0 ||
	    ioctl(master, (int)TIOCGPTN, &number) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/dev/pts/%d", number);
	return open(path, O_RDWR | O_NOCTTY);
}

/* Starts a session that has the terminal as its controlling one. Its leader, or -1. */
static pid_t start_session(int terminal)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0) < 0)
			_exit(errno);
		(void)!write(ready[1], "r", 1);
		(void)pause();
		_exit(0);
	}
	(void)close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1) {
		errno = EPERM;
		return -1;
	}
	return pid;
}

static int steal_terminal(void)
{
	int terminal = open_terminal();
	pid_t owner = terminal < 0 ? -1 : start_session(terminal);
	int result;

	if (owner < 0 || setsid() < 0)
		return errno;
	result = outcome(ioctl(terminal, TIOCSCTTY, 1));
	(void)kill(owner, SIGKILL);
	return result;
}

/* Line disciplines are rarely used drivers with a history of vulnerabilities (CVE-2017-2636). */
static int change_line_discipline(void)
{
	const int gsm = 21; /* N_GSM0710 */
	int terminal = open_terminal();

	return terminal < 0 ? errno : outcome(ioctl(terminal, TIOCSETD, &gsm));
}

static int execute_memory_file(void)
{
	char *const arguments[] = { "x", NULL };
	long fd = syscall(SYS_memfd_create, "x", 0);

	if (fd < 0)
		return errno;
	return outcome(syscall(SYS_execveat, fd, "", arguments, NULL, AT_EMPTY_PATH));
}

static int execute_descriptor(void)
{
	char *const arguments[] = { "attempts", "none", NULL };
	int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);

	return outcome(syscall(SYS_execveat, fd, "", arguments, NULL, AT_EMPTY_PATH));
}

/* Expected: at most as many as the limit of open files, and an error at the limit. */
static int exhaust_descriptors(void)
{
	for (int i = 0; i < 1 << 20; i++) {
		if (dup(STDOUT_FILENO) < 0)
			return errno;
	}
	return 0;
}

static int fill(const char *path)
{
	static char block[1 << 20];
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	int error = 0;

	if (fd < 0)
		return errno;
	for (int i = 0; i < 2048 && error == 0; i++)
		error = outcome(write(fd, block, sizeof(block)));
	(void)unlink(path);
	return error;
}

static int fill_shared_memory(void)
{
	return fill("/dev/shm/flood");
}

const struct attempt process_attempts[] = {
	ATTEMPT("ptrace: seize another", trace_parent, DENIED),
	ATTEMPT("ptrace: be traced", trace_me, DENIED),
	ATTEMPT("process_vm_readv", read_parent_memory, DENIED),
	ATTEMPT("process_vm_writev", write_parent_memory, DENIED),
	ATTEMPT("kcmp", compare_with_parent, DENIED),
	ATTEMPT("pidfd_getfd: another's descriptor", take_descriptor, DENIED),
	ATTEMPT("process_madvise", advise_parent, DENIED),
	ATTEMPT("signal the host's processes", signal_host_process, DENIED),
	ATTEMPT("setuid: root", become_root, DENIED),
	ATTEMPT("setgid: root", become_root_group, DENIED),
	ATTEMPT("setgroups: root", join_groups, DENIED),
	ATTEMPT("capset: everything", take_capabilities, DENIED),
	ATTEMPT("prctl: ambient capability", raise_ambient, DENIED),
	ATTEMPT("prctl: keep capabilities", keep_capabilities, DENIED),
	ATTEMPT("prctl: new privileges again", take_back_no_new_privileges, { EPERM, EINVAL }),
	ATTEMPT("prctl: another memory map", change_memory_map, DENIED),
	ATTEMPT("prctl: let anybody trace", allow_tracing, DENIED),
	ATTEMPT("seccomp: another filter mode", loosen_filter, DENIED),
	ATTEMPT("setpriority: before all others", raise_priority, DENIED),
	ATTEMPT("sched_setscheduler: real time", run_in_real_time, DENIED),
	ATTEMPT("sched_setattr: deadline", run_by_deadline, DENIED),
	ATTEMPT("raise the limit of open files", raise_open_files, DENIED),
	ATTEMPT("raise the limit of locked memory", raise_locked_memory, DENIED),
	ATTEMPT("mlock 64 MiB", lock_memory, { EPERM, ENOMEM, EAGAIN, ENOSYS }),
	ATTEMPT("huge pages", huge_pages, { EPERM, EACCES, ENOMEM }),
	ATTEMPT("ioctl TIOCSTI", push_into_terminal, DENIED),
	ATTEMPT("ioctl TIOCLINUX", paste_into_console, DENIED),
	ATTEMPT("ioctl TIOCSCTTY, of another session", steal_terminal, DENIED),
	ATTEMPT("ioctl TIOCSETD", change_line_discipline, DENIED),
	ATTEMPT("memfd and execveat", execute_memory_file, DENIED),
	ATTEMPT("execveat of a descriptor", execute_descriptor, DENIED),
	ATTEMPT("descriptor bomb", exhaust_descriptors, { EMFILE }),
	ATTEMPT("flood of /dev/shm", fill_shared_memory, { ENOSPC }),
};
const size_t process_attempt_count = sizeof(process_attempts) / sizeof(process_attempts[0]);
