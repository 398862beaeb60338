package dev.nucleus.health;

import java.util.List;

/** A fleet at one moment. */
public record FleetView(String name, List<ServiceView> services) {

    /** Whether every service has as many replicas as it should, finished jobs among them. */
    public boolean asDesired() {
        return services.stream().allMatch(service -> service.replicas().size() == service.desired());
    }
}
