package dev.nucleus.web;

import dev.nucleus.network.DeniedConnection;
import dev.nucleus.network.InterfaceUsage;
import dev.nucleus.network.NetworkEndpoint;
import dev.nucleus.network.NetworkQueries;
import dev.nucleus.network.NetworkView;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.PublishedPort;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a container's page says about its networks.
 *
 * @param egress its egress policy, as a fleet file writes it
 * @param denied destinations that its policy denied, the most frequent first
 */
public record NetworkSection(
        List<Attachment> attachments,
        List<String> ports,
        String egress,
        List<UsageView> traffic,
        List<DeniedConnection> denied) {

    private static final int MAX_DENIED = 20;

    /** The container on one network. */
    public record Attachment(String network, String addresses, String names, boolean serving) {}

    private static UsageView traffic(InterfaceUsage usage) {
        return new UsageView(
                usage.name(),
                MemorySize.approximate(usage.receivedBytes()) + " received, "
                        + MemorySize.approximate(usage.sentBytes()) + " sent");
    }

    /** Empty if the container is on no network. */
    static Optional<NetworkSection> of(NetworkQueries networks, String id) {
        var attachments = new ArrayList<Attachment>();
        for (NetworkView network : networks.views()) {
            for (NetworkEndpoint endpoint : network.endpoints()) {
                if (endpoint.member().id().equals(id)) {
                    attachments.add(new Attachment(
                            network.name(),
                            endpoint.addresses().all().map(Cidr::text).collect(Collectors.joining(", ")),
                            String.join(", ", endpoint.names()),
                            endpoint.serving()));
                }
            }
        }
        return attachments.isEmpty()
                ? Optional.empty()
                : Optional.of(new NetworkSection(
                        attachments,
                        networks.portsOf(id).stream()
                                .map(PublishedPort::toString)
                                .toList(),
                        networks.egressOf(id),
                        networks.usageOf(id).stream()
                                .map(NetworkSection::traffic)
                                .toList(),
                        networks.denied().stream()
                                .filter(entry -> entry.id().equals(id))
                                .sorted(Comparator.comparingLong(DeniedConnection::packets)
                                        .reversed())
                                .limit(MAX_DENIED)
                                .toList()));
    }
}
