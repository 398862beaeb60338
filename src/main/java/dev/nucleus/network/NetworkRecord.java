package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Networking;
import java.util.List;

/**
 * A container's place on networks, as a later manager needs it to take the container over; part of its record on disk.
 *
 * @param networks the network of each link
 * @param networking as the container was launched with
 */
public record NetworkRecord(Mode mode, Networking networking, List<String> networks, List<LaunchPlan.Link> links) {

    public NetworkRecord {
        networks = List.copyOf(networks);
        links = List.copyOf(links);
    }
}
