package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.spec.Egress;
import dev.nucleus.spec.NetworkAttachment;
import dev.nucleus.spec.Networking;
import dev.nucleus.spec.PublishedPort;
import java.util.stream.Collectors;

/** Explains what a container on networks can reach, and who can reach it. */
final class NetworkStatements {

    private static final String LAYER = "network";

    private NetworkStatements() {}

    static void add(PreparedLaunch launch, LaunchPlan.Builder plan) {
        Networking networking = launch.spec().networking();
        String networks = networking.attachments().stream()
                .map(NetworkAttachment::network)
                .collect(Collectors.joining(", "));
        Egress egress = networking
                .egress()
                .orElseGet(() -> Egress.defaultFor(launch.spec().mode()));
        plan.can(LAYER, "connect to services of its networks that accept it", "networks: " + networks)
                .cannot(LAYER, "see frames of others, or use another's address", "a routed link of its own")
                .cannot(
                        LAYER,
                        "connect to services of the host",
                        "only its resolver, published ports, and those that egress names exactly");
        if (egress.open() || !egress.allow().isEmpty()) {
            plan.can(LAYER, "connect outside, except from internal networks", "egress: " + egress);
        } else {
            plan.cannot(LAYER, "connect outside", "egress: none");
        }
        networking
                .acceptFrom()
                .ifPresent(services -> plan.cannot(
                        LAYER,
                        services.isEmpty() ? "be reached by any service" : "be reached by other services",
                        "accept-from: [" + String.join(", ", services) + "]"));
        if (!networking.ports().isEmpty()) {
            plan.can(
                    LAYER,
                    "be reached from outside",
                    "ports: "
                            + networking.ports().stream()
                                    .map(PublishedPort::toString)
                                    .collect(Collectors.joining(", ")));
        }
    }
}
