package dev.nucleus.fleet;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Numbers of replicas by status, without jobs. Only replicas of services with a probe count as ready, and a replica in
 * a crash loop is not ready even while it serves.
 *
 * @param ready replicas whose probes succeed
 * @param checked declared replicas of services with a probe
 * @param running running replicas of services without a probe
 * @param unchecked declared replicas of services without a probe
 * @param crashLoops replicas in a crash loop, running or not
 */
public record ReplicaCounts(long ready, long checked, long running, long unchecked, long crashLoops) {

    public static ReplicaCounts of(Collection<FleetView> fleets) {
        List<ServiceView> lasting = fleets.stream()
                .flatMap(fleet -> fleet.services().stream())
                .filter(service -> !service.job())
                .toList();
        long ready = 0;
        long checked = 0;
        long running = 0;
        long unchecked = 0;
        long crashLoops = 0;
        for (ServiceView service : lasting) {
            crashLoops += service.count(ReplicaStatus.CRASH_LOOP);
            if (service.checked()) {
                ready += service.ready();
                checked += service.desired();
            } else {
                running += service.count(ReplicaStatus.RUNNING);
                unchecked += service.desired();
            }
        }
        return new ReplicaCounts(ready, checked, running, unchecked, crashLoops);
    }

    /** Such as {@code 2 of 3 ready, 1 of 1 running, 1 in crash loop}. */
    public String words() {
        var parts = new ArrayList<String>();
        if (checked > 0 || unchecked == 0) {
            parts.add(ready + " of " + checked + " ready");
        }
        if (unchecked > 0) {
            parts.add(running + " of " + unchecked + " running");
        }
        if (crashLoops > 0) {
            parts.add(crashLoops + " in crash loop");
        }
        return String.join(", ", parts);
    }
}
