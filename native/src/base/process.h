/* Information about one process from /proc. */
#ifndef NUCLEUS_PROCESS_H
#define NUCLEUS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* When the process started, in clock ticks since boot: field 22 of /proc/PID/stat. Together with
 * the PID it identifies a process for good. pid 0: the caller, whatever its number in this /proc. 0
 * if it can't be read. */
uint64_t process_start_ticks(pid_t pid);
/* The parent of a process, or 0 when it can't be read. */
pid_t process_parent(pid_t pid);
/* Whether the user may signal the process: it is the process's real or saved user (kill(2)). */
bool process_is_of(pid_t pid, uid_t uid);
/* The name that a process gave itself (proc_pid_comm(5)). */
bool process_name(pid_t pid, char *name, size_t size);
/* Whether the signal would terminate this process by its default action: it is neither handled nor
 * ignored nor blocked, as for sigwait(3). For PID 1 of a namespace the kernel drops it instead
 * (pid_namespaces(7)). */
bool process_ends_by_default(pid_t pid, int signal);

#endif
