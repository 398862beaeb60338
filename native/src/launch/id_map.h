/* ID maps between a user namespace and its parent (user_namespaces(7)), and the user namespaces of
 * ID-mapped mounts (mount_setattr(2), MOUNT_ATTR_IDMAP). */
#ifndef NUCLEUS_ID_MAP_H
#define NUCLEUS_ID_MAP_H

#include "launch/plan.h"

/* Writes to a file in the process's /proc directory. 0, or a negative errno. */
int id_map_write_text(int pid, const char *file, const char *text);
/* Writes its uid_map or gid_map. 0, or a negative errno. */
int id_map_write(int pid, const char *file, const struct id_map *maps, size_t count);
/* Creates a user namespace for a mount, in which the given user and group on disk are mapped to the
 * plan's workload, and no others but root with gVisor. A descriptor, or a negative errno. */
int id_map_owner_userns(const struct plan *plan, uint32_t uid, uint32_t gid);
/* The ID on disk of the container's root in an ID-mapped volume: no user of any host, least of all
 * root, so that files it leaves in the volume give nobody any rights. It is the last ID of the
 * range that workloads get their own users from, and no workload gets it
 * (dev.nucleus.preparation.Identities). */
#define ROOT_ON_DISK 2013265919U
/* Creates a user namespace for a mount, in which the container's users have the same IDs on disk as
 * inside, except root, which is ROOT_ON_DISK. A descriptor, or a negative errno. */
int id_map_volume_userns(const struct plan *plan);
/* The ID outside of a user or group of the container; an unmapped ID stays the same. */
uint32_t id_map_outside(const struct id_map *maps, size_t count, uint32_t inside);
/* Makes the workload's user, by its ID on the host, the owner of a pipe's end: the workload may
 * reopen it through /dev/stdout (proc(5)). */
void id_map_chown_pipe(const struct plan *plan, int fd);

#endif
