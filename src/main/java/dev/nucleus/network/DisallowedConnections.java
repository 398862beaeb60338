package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Ends connections that containers originated and that their policies no longer allow. Rules alone stop what the container
 * sends; its peer's packets are replies, which are accepted by state, so a peer could go on sending (UDP). Guarded by the
 * lock of the state.
 */
final class DisallowedConnections {

    private final NetworkState state;
    /** Containers whose connections are still to be compared with their policies. */
    private final Set<String> pending = new LinkedHashSet<>();

    DisallowedConnections(NetworkState state) {
        this.state = state;
    }

    void add(String id) {
        pending.add(id);
    }

    void addAll() {
        state.attached.all().forEach(container -> add(container.member().id()));
    }

    /** Ends those of one container. On failure it stays among the pending ones. */
    void endNow(String id) throws IOException {
        pending.add(id);
        end(state.require(id));
        pending.remove(id);
    }

    /**
     * Ends those of some pending containers: the kernel walks its whole conntrack table for each.
     *
     * @param most number of containers
     * @throws IOException when it fails; they are tried again the next time
     */
    void end(int most) throws IOException {
        Iterator<String> ids = pending.iterator();
        for (int i = 0; i < most && ids.hasNext(); i++) {
            var container = state.attached.find(ids.next());
            if (container.isPresent()) {
                end(container.get());
            }
            ids.remove();
        }
    }

    private void end(AttachedContainer container) throws IOException {
        List<ActiveNetwork> networks = state.networks.of(container);
        EgressPolicy policy = state.policies.egress(container, networks);
        var rules = new ArrayList<PolicyRule>();
        // Packets to the host are checked one by one, and the host's next packet would begin a deleted entry anew.
        rules.addAll(EgressPolicy.allow(addressesOfHost()));
        rules.addAll(policy.rulesBeforePeers());
        rules.addAll(EgressPolicy.allow(
                networks.stream().flatMap(network -> network.subnets()).toList()));
        rules.addAll(policy.generalRules());
        state.host.deleteOriginatedEntries(
                container.record().links().stream()
                        .flatMap(link -> link.addresses().all())
                        .toList(),
                rules,
                policy.open());
    }

    private static List<Cidr> addressesOfHost() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .map(Cidr::of)
                    .distinct()
                    .toList();
        } catch (SocketException e) {
            throw new UncheckedIOException("can't list the addresses of the host", e);
        }
    }
}
