/* Interfaces of the kernel that a container has no business with. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "attempts.h"

static int keyctl_session(void)
{
	return outcome(syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL));
}

static int add_key(void)
{
	return outcome(syscall(SYS_add_key, "user", "nucleus", "x", 1, -2 /* process keyring */));
}

static int request_key(void)
{
	return outcome(syscall(SYS_request_key, "user", "nucleus", NULL, -2));
}

static int bpf_map(void)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes)));
}

static int perf_open(void)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.exclude_kernel = 1,
	};

	return outcome(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

static int userfault(void)
{
	return outcome(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
}

static int io_uring(void)
{
	uint8_t parameters[120] = { 0 };

	return outcome(syscall(SYS_io_uring_setup, 4, parameters));
}

static int aio_setup(void)
{
	unsigned long context = 0;

	return outcome(syscall(SYS_io_setup, 1, &context));
}

static int kexec_load(void)
{
	return outcome(syscall(SYS_kexec_load, 0, 0, NULL, 0));
}

static int kexec_file_load(void)
{
	return outcome(syscall(SYS_kexec_file_load, 0, -1, 1UL, "", 0));
}

static int init_module(void)
{
	return outcome(syscall(SYS_init_module, "", 0, ""));
}

static int finit_module(void)
{
	return outcome(syscall(SYS_finit_module, 0, "", 0));
}

static int delete_module(void)
{
	return outcome(syscall(SYS_delete_module, "nucleus_none", O_NONBLOCK));
}

static int machine_reboot(void)
{
	/* CAD_OFF: harmless even where it is allowed. */
	return outcome(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL));
}

static int swap_on(void)
{
	return outcome(syscall(SYS_swapon, "/tmp/none", 0));
}

static int swap_off(void)
{
	return outcome(syscall(SYS_swapoff, "/tmp/none"));
}

static int accounting(void)
{
	return outcome(syscall(SYS_acct, NULL));
}

static int quota(void)
{
	return outcome(syscall(SYS_quotactl, 0x80000100 /* Q_SYNC */, NULL, 0, NULL));
}

static int kernel_log(void)
{
	char text[64];

	return outcome(syscall(SYS_syslog, 3 /* SYSLOG_ACTION_READ_ALL */, text, sizeof(text)));
}

static int set_time_of_day(void)
{
	struct timeval now;

	(void)gettimeofday(&now, NULL);
	return outcome(syscall(SYS_settimeofday, &now, NULL));
}

static int set_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return outcome(syscall(SYS_clock_settime, CLOCK_REALTIME, &now));
}

static int adjust_clock(void)
{
	struct timex change = { .modes = ADJ_TICK, .tick = 10000 };

	return outcome(syscall(SYS_adjtimex, &change));
}

static int adjust_one_clock(void)
{
	struct timex change = { .modes = ADJ_TICK, .tick = 10000 };

	return outcome(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &change));
}

static int io_privilege(void)
{
	return outcome(syscall(SYS_iopl, 3));
}

static int io_ports(void)
{
	return outcome(syscall(SYS_ioperm, 0x80, 1, 1));
}

static int fanotify(void)
{
	return outcome(syscall(SYS_fanotify_init, 0, O_RDONLY));
}

static int change_personality(void)
{
	return outcome(syscall(SYS_personality, READ_IMPLIES_EXEC));
}

static int segment_table(void)
{
	uint8_t entry[16] = { 0 };

	return outcome(syscall(SYS_modify_ldt, 1, entry, sizeof(entry)));
}

static int move_to_node(void)
{
	unsigned long node = 1;

	return outcome(syscall(SYS_migrate_pages, 0, 8, &node, &node));
}

static int memory_policy(void)
{
	unsigned long node = 1;

	return outcome(syscall(SYS_set_mempolicy, 2, &node, 8));
}

static int remap_pages(void)
{
	return outcome(syscall(SYS_remap_file_pages, 0, 0, 0, 0, 0));
}

static int secret_memory(void)
{
	return outcome(syscall(447 /* memfd_secret */, 0));
}

static int memory_file(void)
{
	return outcome(syscall(SYS_memfd_create, "x", 0));
}

static int write_and_execute(void)
{
	/* musl's mmap() turns EPERM into ENOMEM. */
	return outcome(syscall(SYS_mmap, NULL, 4096UL, PROT_READ | PROT_WRITE | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L));
}

static int make_writable_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return 0;
	return outcome(mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static int protect_with_key(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return 0;
	return outcome(syscall(SYS_pkey_mprotect, page, 4096UL, PROT_WRITE | PROT_EXEC, -1));
}

static int x32_call(void)
{
	return outcome(syscall(0x40000000 | SYS_getpid));
}

/* getpid(2) by the table of 32-bit x86, where numbers mean other calls. A kernel that has no such
 * table and treats the gate as another entry to its own, as gVisor does, sees writev(2) on a
 * descriptor that is not open. */
static int i386_call(void)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "0"(20L), "D"(-1L) : "memory", "cc");
	if (result == -EBADF)
		return ENOSYS;
	return result < 0 ? (int)-result : 0;
}

static int open_socket(int family, int type, int protocol)
{
	return outcome(socket(family, type | SOCK_CLOEXEC, protocol));
}

static int raw_socket(void)
{
	return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int packet_socket(void)
{
	return open_socket(AF_PACKET, SOCK_RAW, 0x0300);
}

static int route_socket(void)
{
	return open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static int audit_socket(void)
{
	return open_socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}

static int vm_socket(void)
{
	return open_socket(AF_VSOCK, SOCK_STREAM, 0);
}

static int crypto_socket(void)
{
	return open_socket(AF_ALG, SOCK_SEQPACKET, 0);
}

static int bluetooth_socket(void)
{
	return open_socket(AF_BLUETOOTH, SOCK_RAW, 1);
}

static int can_socket(void)
{
	return open_socket(AF_CAN, SOCK_RAW, 1);
}

static int key_socket(void)
{
	return open_socket(AF_KEY, SOCK_RAW, 2);
}

static int xdp_socket(void)
{
	return open_socket(44 /* AF_XDP */, SOCK_RAW, 0);
}

const struct attempt kernel_attempts[] = {
	ATTEMPT("keyctl: join a session keyring", keyctl_session, DENIED),
	ATTEMPT("add_key", add_key, DENIED),
	ATTEMPT("request_key", request_key, DENIED),
	ATTEMPT("bpf: make a map", bpf_map, DENIED),
	ATTEMPT("perf_event_open", perf_open, DENIED),
	ATTEMPT("userfaultfd", userfault, DENIED),
	ATTEMPT("io_uring_setup", io_uring, DENIED),
	ATTEMPT("io_setup (aio)", aio_setup, DENIED),
	MACHINE_ATTEMPT("kexec_load", kexec_load),
	MACHINE_ATTEMPT("kexec_file_load", kexec_file_load),
	MACHINE_ATTEMPT("init_module", init_module),
	MACHINE_ATTEMPT("finit_module", finit_module),
	MACHINE_ATTEMPT("delete_module", delete_module),
	MACHINE_ATTEMPT("reboot", machine_reboot),
	MACHINE_ATTEMPT("swapon", swap_on),
	MACHINE_ATTEMPT("swapoff", swap_off),
	MACHINE_ATTEMPT("acct", accounting),
	MACHINE_ATTEMPT("quotactl", quota),
	ATTEMPT("syslog: read the kernel's log", kernel_log, DENIED),
	MACHINE_ATTEMPT("settimeofday", set_time_of_day),
	MACHINE_ATTEMPT("clock_settime", set_clock),
	MACHINE_ATTEMPT("adjtimex", adjust_clock),
	MACHINE_ATTEMPT("clock_adjtime", adjust_one_clock),
	ATTEMPT("iopl", io_privilege, DENIED),
	ATTEMPT("ioperm", io_ports, DENIED),
	ATTEMPT("fanotify_init", fanotify, DENIED),
	ATTEMPT("personality: READ_IMPLIES_EXEC", change_personality, DENIED),
	ATTEMPT("modify_ldt", segment_table, DENIED),
	ATTEMPT("migrate_pages", move_to_node, DENIED),
	ATTEMPT("set_mempolicy", memory_policy, DENIED),
	ATTEMPT("remap_file_pages", remap_pages, DENIED),
	ATTEMPT("memfd_secret", secret_memory, DENIED),
	ATTEMPT("memfd_create", memory_file, DENIED),
	ATTEMPT("mmap: writable and executable", write_and_execute, DENIED),
	ATTEMPT("mprotect: writable and executable", make_writable_executable, DENIED),
	ATTEMPT("pkey_mprotect: writable and executable", protect_with_key, DENIED),
	ATTEMPT("a call of the x32 table", x32_call, DENIED),
	ATTEMPT("a call of the i386 table (int 0x80)", i386_call, DENIED),
	ATTEMPT("socket: raw ICMP", raw_socket, DENIED),
	ATTEMPT("socket: packets", packet_socket, DENIED),
	ATTEMPT("socket: netlink routes", route_socket, DENIED),
	ATTEMPT("socket: netlink audit", audit_socket, DENIED),
	ATTEMPT("socket: AF_VSOCK", vm_socket, DENIED),
	ATTEMPT("socket: AF_ALG", crypto_socket, DENIED),
	ATTEMPT("socket: Bluetooth", bluetooth_socket, DENIED),
	ATTEMPT("socket: CAN bus", can_socket, DENIED),
	ATTEMPT("socket: AF_KEY", key_socket, DENIED),
	ATTEMPT("socket: AF_XDP", xdp_socket, DENIED),
};
const size_t kernel_attempt_count = sizeof(kernel_attempts) / sizeof(kernel_attempts[0]);
