/* Other namespaces, other mounts, other roots. */
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attempts.h"

static int mount_tmpfs(void)
{
	return outcome(mount("x", "/tmp", "tmpfs", 0, NULL));
}

static int mount_proc(void)
{
	return outcome(mount("x", "/tmp", "proc", 0, NULL));
}

static int mount_cgroups(void)
{
	return outcome(mount("x", "/tmp", "cgroup", 0, "rdma"));
}

static int bind_root(void)
{
	return outcome(mount("/", "/tmp", NULL, MS_BIND | MS_REC, NULL));
}

static int remount_writable(void)
{
	return outcome(mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int unmask(void)
{
	return outcome(umount2("/proc/sys", MNT_DETACH));
}

static int pivot(void)
{
	return outcome(syscall(SYS_pivot_root, "/tmp", "/tmp"));
}

static int change_root(void)
{
	return outcome(chroot("/tmp"));
}

/* A directory held open across chroot(2) leads out of it; here the first step must fail. */
static int break_out_of_chroot(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)mkdir("/tmp/jail", 0700);
	if (chroot("/tmp/jail") < 0)
		return errno;
	(void)fchdir(fd);
	for (int i = 0; i < 64; i++)
		(void)chdir("..");
	return outcome(chroot("."));
}

static int detached_tree(void)
{
	return outcome(syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE));
}

static int open_filesystem(void)
{
	return outcome(syscall(SYS_fsopen, "tmpfs", 0));
}

static int pick_filesystem(void)
{
	return outcome(syscall(SYS_fspick, AT_FDCWD, "/", 0));
}

static int mount_filesystem(void)
{
	return outcome(syscall(SYS_fsmount, 0, 0, 0));
}

static int move_mounted_tree(void)
{
	return outcome(syscall(SYS_move_mount, AT_FDCWD, "/tmp", AT_FDCWD, "/home", 0));
}

static int set_mount_attributes(void)
{
	struct mount_attr attributes = { .attr_clr = MOUNT_ATTR_RDONLY };

	return outcome(
		syscall(SYS_mount_setattr, AT_FDCWD, "/usr", 0, &attributes, sizeof(attributes)));
}

static int unshare_user(void)
{
	return outcome(unshare(CLONE_NEWUSER));
}

static int unshare_mounts(void)
{
	return outcome(unshare(CLONE_NEWNS));
}

static int unshare_pids(void)
{
	return outcome(unshare(CLONE_NEWPID));
}

static int unshare_network(void)
{
	return outcome(unshare(CLONE_NEWNET));
}

static int unshare_time(void)
{
	return outcome(unshare(0x80 /* CLONE_NEWTIME */));
}

static int clone_with(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return outcome(pid);
}

static int clone_user(void)
{
	return clone_with(CLONE_NEWUSER);
}

static int clone_mounts(void)
{
	return clone_with(CLONE_NEWNS);
}

static int clone_cgroup(void)
{
	return clone_with(CLONE_NEWCGROUP);
}

static int clone3_user(void)
{
	struct clone_args arguments = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (pid == 0)
		_exit(0);
	return outcome(pid);
}

static int clone3_into_cgroup(void)
{
	struct clone_args arguments = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (pid == 0)
		_exit(0);
	return outcome(pid);
}

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : outcome(setns(fd, 0));
}

static int enter_own_mounts(void)
{
	return enter("/proc/self/ns/mnt");
}

static int enter_pid1_mounts(void)
{
	return enter("/proc/1/ns/mnt");
}

static int enter_pid1_network(void)
{
	return enter("/proc/1/ns/net");
}

static int enter_parent_users(void)
{
	int fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : outcome(syscall(SYS_ioctl, fd, 0xb701 /* NS_GET_USERNS */, 0));
}

static int open_handle(void)
{
	struct file_handle *handle =
		(struct file_handle *)(char[sizeof(struct file_handle) + 8]){ 0 };

	handle->handle_bytes = 8;
	return outcome(syscall(SYS_open_by_handle_at, AT_FDCWD, handle, O_RDONLY));
}

static int name_handle(void)
{
	char room[sizeof(struct file_handle) + 128] = { 0 };
	struct file_handle *handle = (struct file_handle *)room;
	int mount_id;

	handle->handle_bytes = 128;
	return outcome(syscall(SYS_name_to_handle_at, AT_FDCWD, "/usr", handle, &mount_id, 0));
}

static int set_host_name(void)
{
	return outcome(sethostname("x", 1));
}

static int set_domain_name(void)
{
	return outcome(setdomainname("x", 1));
}

const struct attempt namespace_attempts[] = {
	ATTEMPT("mount: a tmpfs", mount_tmpfs, DENIED),
	ATTEMPT("mount: a fresh /proc", mount_proc, DENIED),
	ATTEMPT("mount: cgroups, for release_agent", mount_cgroups, DENIED),
	ATTEMPT("mount: bind the root", bind_root, DENIED),
	ATTEMPT("remount: /usr writable", remount_writable, DENIED),
	ATTEMPT("umount: a mask of /proc", unmask, DENIED),
	ATTEMPT("pivot_root", pivot, DENIED),
	ATTEMPT("chroot", change_root, DENIED),
	ATTEMPT("chroot: break out by a held directory", break_out_of_chroot, DENIED),
	ATTEMPT("open_tree", detached_tree, DENIED),
	ATTEMPT("fsopen", open_filesystem, DENIED),
	ATTEMPT("fspick", pick_filesystem, DENIED),
	ATTEMPT("fsmount", mount_filesystem, DENIED),
	ATTEMPT("move_mount", move_mounted_tree, DENIED),
	ATTEMPT("mount_setattr: /usr writable", set_mount_attributes, DENIED),
	ATTEMPT("unshare: user", unshare_user, DENIED),
	ATTEMPT("unshare: mounts", unshare_mounts, DENIED),
	ATTEMPT("unshare: pids", unshare_pids, DENIED),
	ATTEMPT("unshare: network", unshare_network, DENIED),
	ATTEMPT("unshare: time", unshare_time, DENIED),
	ATTEMPT("clone: a user namespace", clone_user, DENIED),
	ATTEMPT("clone: a mount namespace", clone_mounts, DENIED),
	ATTEMPT("clone: a cgroup namespace", clone_cgroup, DENIED),
	ATTEMPT("clone3: a user namespace", clone3_user, DENIED),
	ATTEMPT("clone3: into a cgroup", clone3_into_cgroup, DENIED),
	ATTEMPT("setns: own mounts", enter_own_mounts, ABSENT),
	ATTEMPT("setns: mounts of PID 1", enter_pid1_mounts, ABSENT),
	ATTEMPT("setns: network of PID 1", enter_pid1_network, ABSENT),
	ATTEMPT("ioctl: the user namespace above", enter_parent_users, DENIED),
	ATTEMPT("open_by_handle_at", open_handle, DENIED),
	ATTEMPT("name_to_handle_at", name_handle, DENIED),
	ATTEMPT("sethostname", set_host_name, DENIED),
	ATTEMPT("setdomainname", set_domain_name, DENIED),
};
const size_t namespace_attempt_count = sizeof(namespace_attempts) / sizeof(namespace_attempts[0]);
