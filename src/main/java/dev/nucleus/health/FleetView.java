package dev.nucleus.health;

import java.util.List;

/** A fleet at one moment. */
public record FleetView(String name, List<ServiceView> services) {

    /** Its replicas that are there to stay: finished jobs have no work to take. */
    public ReplicaCounts counts() {
        return ReplicaCounts.of(List.of(this));
    }

    /** Whether every service has as many replicas as it should, finished jobs among them. */
    public boolean asDesired() {
        return services.stream().allMatch(service -> service.replicas().size() == service.desired());
    }
}
