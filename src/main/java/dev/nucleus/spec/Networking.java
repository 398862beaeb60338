package dev.nucleus.spec;

import java.util.List;
import java.util.Optional;

/**
 * How a container takes part in networks.
 *
 * @param attachments its networks; the first that is not internal has the default route
 * @param ports published ports
 * @param egress empty: what its mode allows
 * @param acceptFrom the services of its networks that may connect to it; empty: all
 */
public record Networking(
        List<NetworkAttachment> attachments,
        List<PublishedPort> ports,
        Optional<Egress> egress,
        Optional<List<String>> acceptFrom) {

    public static final Networking NONE = new Networking(List.of(), List.of(), Optional.empty(), Optional.empty());

    public Networking {
        attachments = List.copyOf(attachments);
        ports = List.copyOf(ports);
        acceptFrom = acceptFrom.map(List::copyOf);
    }

    public Networking attachedTo(List<NetworkAttachment> networks) {
        return new Networking(networks, ports, egress, acceptFrom);
    }
}
