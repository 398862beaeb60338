package dev.nucleus.fleet;

import java.util.List;

/**
 * A service of a fleet at one moment.
 *
 * @param critical whether the manager is not ready without it
 * @param checked whether it has a probe; without one its replicas run but are never ready
 */
public record ServiceView(
        String name, boolean job, boolean critical, boolean checked, int desired, List<ReplicaView> replicas) {

    public long ready() {
        return count(ReplicaStatus.READY);
    }

    /** The number of serving replicas. */
    public long serving() {
        return replicas.stream().filter(ReplicaView::serving).count();
    }

    long count(ReplicaStatus status) {
        return replicas.stream().filter(replica -> replica.status() == status).count();
    }
}
