package dev.nucleus.fleet;

import java.util.List;

/** A fleet at one moment. */
public record FleetView(String name, List<ServiceView> services) {

    /** Numbers of its replicas, without jobs. */
    public ReplicaCounts counts() {
        return ReplicaCounts.of(List.of(this));
    }

    /** Whether every service has its number of replicas; completed jobs count. */
    public boolean asDesired() {
        return services.stream().allMatch(service -> service.replicas().size() == service.desired());
    }
}
