package dev.nucleus.audit;

import dev.nucleus.network.DeniedConnection;
import dev.nucleus.network.NetworkQueries;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Records each destination that a container was denied, once, and for each container no more than
 * {@link #MAX_DESTINATIONS}: a port scan must not fill the trail.
 */
@Component
final class AuditedConnections {

    private static final int MAX_DESTINATIONS = 100;

    private final AuditTrail trail;
    private final NetworkQueries networks;
    private final Map<String, Set<String>> recorded = new HashMap<>();

    AuditedConnections(AuditTrail trail, NetworkQueries networks) {
        this.trail = trail;
        this.networks = networks;
    }

    @Scheduled(fixedDelayString = "5s")
    synchronized void record() {
        Set<String> attached = networks.attachedIds();
        recorded.keySet().retainAll(attached);
        for (DeniedConnection entry : networks.denied()) {
            if (!attached.contains(entry.id())) {
                continue; // With its next turn, unless it has ended.
            }
            Set<String> known = recorded.computeIfAbsent(entry.id(), _ -> new HashSet<>());
            if (known.size() > MAX_DESTINATIONS || !known.add(entry.destination())) {
                continue;
            }
            String detail = known.size() <= MAX_DESTINATIONS
                    ? entry.destination()
                    : "more than " + MAX_DESTINATIONS + " destinations; the others are not recorded";
            trail.add(AuditRecord.about(AuditKind.CONNECTION_DENIED, entry.id(), entry.name(), detail, true, ""));
        }
    }
}
