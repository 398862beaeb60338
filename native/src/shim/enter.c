#include "shim/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "launch/confine.h"
#include "launch/pty.h"
#include "shim/copy.h"
#include "shim/terminal.h"

static void report_and_leave(int fd, const struct exec_report *report)
{
	(void)!write(fd, report, sizeof(*report));
	_exit(127);
}

/* Enters all namespaces of the container: one that can't be entered is a failure, never skipped
 * (setns(2) with a pidfd, Linux 5.8). setns(2) moves the caller to the root of the mount namespace,
 * which is the container's root only if the spawner ran without a chroot; otherwise it is the
 * host's. So the container's root is opened before and entered after. */
static int enter_container(const struct shim *shim, struct failure *failure)
{
	char path[64];
	owned_fd root_fd = -1;

	if (shim->handles.fds[0] >= 0)
		return handles_enter(&shim->handles, shim->plan.namespaces, failure);
	(void)snprintf(path, sizeof(path), "/proc/%d/root", shim->pid);
	root_fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return fail(failure, STEP_PIVOT, errno, "open the container's root");
	if (setns(shim->pidfd, (int)shim->plan.namespaces) < 0)
		return fail(failure, STEP_NAMESPACES, errno, "enter the container's namespaces");
	if (fchdir(root_fd) < 0 || chroot(".") < 0)
		return fail(failure, STEP_PIVOT, errno, "enter the container's root");
	return 0;
}

/* Returns only on failure. */
static void execute(const struct exec_request *request, const struct plan *plan,
		    const struct exec_pipes *pipes, struct exec_report *report)
{
	uint8_t go;

	report->listener = confine_seccomp(plan, request->listen, &report->failure);
	if (report->listener < 0)
		return;
	if (report->listener > 0) {
		if (write(pipes->status[1], report, sizeof(*report)) != (ssize_t)sizeof(*report))
			_exit(127);
		/* End of file: the shim has exited or has given up this exec. */
		if (read(pipes->go[0], &go, 1) != 1)
			_exit(127);
		report->listener = 0;
	}
	(void)confine_exec(request->argv, request->envp, &report->failure);
}

struct plan enter_plan(const struct shim *shim, const struct exec_request *request)
{
	struct plan plan = shim->plan;

	if (request->has_user) {
		plan.uid = request->uid;
		plan.gid = request->gid;
		plan.groups = request->groups;
		plan.group_count = request->group_count;
		/* Capabilities are granted to the workload's user only. */
		if (plan.uid != shim->plan.uid)
			plan.capabilities.permitted = plan.capabilities.inheritable =
				plan.capabilities.ambient = 0;
	}
	return plan;
}

static _Noreturn void run_inside(const struct shim *shim, const struct exec_request *request,
				 struct exec_pipes *pipes)
{
	struct exec_report report = { 0 };
	struct failure *failure = &report.failure;
	const struct plan own = enter_plan(shim, request);
	const struct plan *plan = &own;
	const int kept[] = { pipes->status[1], pipes->go[0], request->process_fd };

	(void)setsid();
	/* Close the shim's descriptors now, not at exec: the container controls the paths used
	 * below, and none of them may reach a descriptor by number. */
	if (dup2(pipes->in[0], 0) < 0 || dup2(pipes->out[1], 1) < 0 || dup2(pipes->err[1], 2) < 0 ||
	    descriptors_keep(kept, sizeof(kept) / sizeof(kept[0])) < 0 ||
	    (request->process_fd >= 0 && fcntl(request->process_fd, F_SETFD, 0) < 0)) {
		(void)fail(failure, STEP_EXEC, errno, "connect the standard streams");
	} else if (request->terminal && pty_take() < 0) {
		(void)fail(failure, STEP_EXEC, errno, "take the terminal");
	} else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		(void)fail(failure, STEP_CAPABILITIES, errno, "PR_SET_NO_NEW_PRIVS");
	} else if (confine_rlimits(plan, failure) == 0 && confine_identity(plan, failure) == 0 &&
		   /* Changing the user resets it to fs.suid_dumpable (prctl(2)). */
		   prctl(PR_SET_DUMPABLE, 0) == 0 && confine_landlock(plan, failure) == 0 &&
		   confine_workdir(request->workdir, failure) == 0) {
		if (request->copies && !plan_uses_gvisor(plan))
			_exit(copy_run(request->argv, pipes->status[1]));
		execute(request, plan, pipes, &report);
	}
	report_and_leave(pipes->status[1], &report);
	_exit(127);
}

static int join_group(const struct shim *shim, int group_fd, struct failure *failure)
{
	if (group_fd < 0 || shim->cgroup.unified_fd >= 0 || write(group_fd, "0", 1) == 1)
		return 0;
	return fail(failure, STEP_CGROUP, errno, "join the cgroup of this exec");
}

/* The helper joins the cgroup and the namespaces; only its child is in the PID namespace.
 * CLONE_PARENT makes that child the shim's own, which the shim reaps. */
static _Noreturn void run_helper(const struct shim *shim, const struct exec_request *request,
				 struct exec_pipes *pipes)
{
	struct exec_report report = { 0 };
	struct clone_args arguments = { .flags = CLONE_PARENT | CLONE_PARENT_SETTID,
					.parent_tid = (__u64)(uintptr_t)pipes->born };
	long pid;

	/* Fault the page in before the fork: the kernel ignores a failure to store the pid. If
	 * memory runs out here, nothing has been forked yet. */
	*(volatile pid_t *)pipes->born = 0;
	/* The container must not be able to open /proc/PID/exe or the memory of this process
	 * (CVE-2019-5736). */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)umask(022);
	confine_inherited(&shim->plan);
	if (cgroup_join(&shim->cgroup, &report.failure) < 0 ||
	    join_group(shim, pipes->group_fd, &report.failure) < 0 ||
	    enter_container(shim, &report.failure) < 0)
		report_and_leave(pipes->status[1], &report);
	pid = sys_clone3(&arguments);
	if (pid == 0)
		run_inside(shim, request, pipes);
	if (pid < 0)
		(void)fail(&report.failure, STEP_EXEC, errno, "fork inside the container");
	report.pid = (pid_t)pid;
	(void)!write(pipes->status[1], &report, sizeof(report));
	_exit(0);
}

long enter_fork(const struct shim *shim, const struct exec_request *request,
		struct exec_pipes *pipes)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD };
	long pid;

	if (shim->cgroup.unified_fd >= 0) {
		arguments.flags = CLONE_INTO_CGROUP;
		arguments.cgroup = (__u64)(pipes->group_fd >= 0 ? pipes->group_fd
								: shim->cgroup.unified_fd);
	}
	pid = sys_clone3(&arguments);
	if (pid == 0)
		run_helper(shim, request, pipes);
	return pid < 0 ? -errno : pid;
}
