#include "files_only.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "no seccomp architecture is known for this machine"
#endif

/* Contains neither execve(2), clone(2), socket(2), kill(2), ptrace(2) nor anything that mounts. */
static const int allowed[] = {
	SYS_read,       SYS_write,     SYS_writev,          SYS_openat,
	SYS_close,      SYS_lseek,     SYS_fstat,           SYS_newfstatat,
	SYS_statx,      SYS_fstatfs,   SYS_getdents64,      SYS_readlinkat,
	SYS_mkdirat,    SYS_unlinkat,  SYS_renameat,        SYS_renameat2,
	SYS_symlinkat,  SYS_linkat,    SYS_fchmod,          SYS_ftruncate,
	SYS_utimensat,  SYS_getrandom, SYS_ppoll,           SYS_clock_gettime,
	SYS_brk,        SYS_mmap,      SYS_munmap,          SYS_rt_sigreturn,
	SYS_exit_group, SYS_exit,      SYS_restart_syscall,
#ifdef SYS_poll
	SYS_poll,
#endif
};

#define COUNT (sizeof(allowed) / sizeof(allowed[0]))

int files_only(void)
{
	struct sock_filter filter[COUNT + 6];
	struct sock_fprog program = { .filter = filter };
	size_t at = 0;

	filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, arch));
	filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, nr));
	/* Each match jumps to the last instruction, which allows the call. */
	for (size_t i = 0; i < COUNT; i++)
		filter[at++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed[i], (uint8_t)(COUNT - i), 0);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						    SECCOMP_RET_ERRNO | (uint32_t)EPERM);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)at;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return -errno;
	return 0;
}
