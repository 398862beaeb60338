package dev.nucleus.health;

import java.util.List;

/**
 * A service of a fleet at one moment.
 *
 * @param critical whether the manager takes no traffic without it
 */
public record ServiceView(String name, boolean job, boolean critical, int desired, List<ReplicaView> replicas) {

    public long ready() {
        return replicas.stream()
                .filter(replica -> replica.status() == ReplicaStatus.READY)
                .count();
    }
}
