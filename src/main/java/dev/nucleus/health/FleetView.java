package dev.nucleus.health;

import java.util.List;
import java.util.stream.Stream;

/** A fleet at one moment. */
public record FleetView(String name, List<ServiceView> services) {

    /** How many replicas can take work; finished jobs have no more to take. */
    public long ready() {
        return lasting().mapToLong(ServiceView::ready).sum();
    }

    /** How many there should be. */
    public int desired() {
        return lasting().mapToInt(ServiceView::desired).sum();
    }

    private Stream<ServiceView> lasting() {
        return services.stream().filter(service -> !service.job());
    }

    /** Whether every service has as many replicas as it should, finished jobs among them. */
    public boolean asDesired() {
        return services.stream().allMatch(service -> service.replicas().size() == service.desired());
    }
}
