package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rules in the kernel: what is known of networks and containers as changes of them. They are made anew when they may
 * differ from it. Not thread-safe.
 */
final class NetworkRules {

    private static final Logger log = LoggerFactory.getLogger(NetworkRules.class);

    private final NetworkProperties properties;
    private final HostNetwork host;
    private final NetworkPolicies policies;
    private final ActiveNetworks networks;
    private final AttachedContainers attached;
    private final PublishedPorts ports;
    private final Map<String, AppliedPolicy> applied = new LinkedHashMap<>();
    private final Map<String, Set<String>> appliedGroups = new HashMap<>();
    /** Whether the rules exist in the kernel as they are known here. */
    private boolean installed;

    /** A policy in the kernel, and the number of containers that have it. */
    private record AppliedPolicy(List<String> groups, EgressPolicy egress, int users) {}

    NetworkRules(
            NetworkProperties properties,
            HostNetwork host,
            NetworkPolicies policies,
            ActiveNetworks networks,
            AttachedContainers attached,
            PublishedPorts ports) {
        this.properties = properties;
        this.host = host;
        this.policies = policies;
        this.networks = networks;
        this.attached = attached;
        this.ports = ports;
    }

    /** Whether there are rules that can be asked about. */
    boolean areInstalled() {
        return installed;
    }

    /** The next change makes all rules anew. */
    void invalidate() {
        installed = false;
    }

    /** Removes whatever an earlier manager left; there are no networks any more. */
    void removeAll() throws IOException {
        var changes = new ArrayList<NetworkChange>(List.of(new NetworkChange.Delete()));
        host.list().links().forEach(link -> changes.add(new NetworkChange.LinkRemoved(link.name())));
        changes.addAll(networks.routesLeft());
        host.apply(changes);
        networks.freeSubnets();
        installed = false;
    }

    /** Makes all rules anew, in one transaction; connections that are allowed are not disturbed. */
    void rebuild() throws IOException {
        installed = false;
        var known = new LinkedHashSet<String>();
        networks.all().forEach(network -> known.add(network.link()));
        attached.all().forEach(container -> container.record().links().forEach(link -> known.add(link.hostName())));
        var changes = new ArrayList<NetworkChange>();
        changes.add(new NetworkChange.Reset());
        if (properties.ipForward()) {
            changes.add(new NetworkChange.Forwarding(ActiveNetworks.hasIpv6()));
        }
        host.list().links().stream()
                .filter(link -> !known.contains(link.name()))
                .forEach(link -> changes.add(new NetworkChange.LinkRemoved(link.name())));
        changes.addAll(networks.routesLeft());
        applied.clear();
        appliedGroups.clear();
        ports.forgetApplied();
        networks.all().forEach(network -> changes.addAll(added(network)));
        attached.all().forEach(container -> changes.addAll(added(container)));
        changes.addAll(publish());
        host.apply(changes);
        installed = true;
        networks.freeSubnets();
    }

    private List<NetworkChange> added(ActiveNetwork network) {
        var changes = new ArrayList<NetworkChange>();
        changes.add(network.bridge(true));
        var groups = new LinkedHashSet<>(policies.groups(network.name()));
        // Those of containers whose service is no longer declared as it was.
        attached.all().forEach(container -> groups.addAll(memberships(container, network)));
        groups.forEach(group -> changes.add(new NetworkChange.Group(true, group)));
        appliedGroups.put(network.name(), groups);
        return changes;
    }

    private List<String> memberships(AttachedContainer container, ActiveNetwork network) {
        return container.record().networks().contains(network.name())
                ? NetworkPolicies.memberships(
                        network.name(),
                        network.spec().isolated(),
                        container.member(),
                        policies.current(container.member(), container.record().networking()))
                : List.of();
    }

    /** The changes that remove a network, which no container is on. */
    List<NetworkChange> removed(ActiveNetwork network) {
        networks.remove(network);
        var changes = new ArrayList<NetworkChange>();
        changes.add(network.bridge(false));
        Optional.ofNullable(appliedGroups.remove(network.name()))
                .ifPresent(groups -> groups.forEach(group -> changes.add(new NetworkChange.Group(false, group))));
        return changes;
    }

    /** The changes that give a container its policy and its addresses. */
    List<NetworkChange> added(AttachedContainer container) {
        var changes = new ArrayList<NetworkChange>();
        String name = container.member().policy();
        List<ActiveNetwork> its = networks.of(container);
        AppliedPolicy former = applied.get(name);
        EgressPolicy egress = policies.egress(
                container.member(),
                container.record().mode(),
                container.record().networking(),
                its);
        List<String> groups = policies.reachable(its, container.member());
        if (former == null
                || !former.egress().equals(egress)
                || !former.groups().equals(groups)) {
            changes.add(new NetworkChange.Policy(
                    name, former == null ? -1 : former.egress().rules().size(), groups, egress));
        }
        applied.put(name, new AppliedPolicy(groups, egress, former == null ? 1 : former.users() + 1));
        changes.addAll(links(container, egress, true));
        return changes;
    }

    private List<NetworkChange> links(AttachedContainer container, EgressPolicy egress, boolean adds) {
        var changes = new ArrayList<NetworkChange>();
        for (int i = 0; i < container.record().links().size(); i++) {
            ActiveNetwork network =
                    networks.require(container.record().networks().get(i));
            changes.add(new NetworkChange.Attachment(
                    adds,
                    container.record().links().get(i),
                    container.member().policy(),
                    memberships(container, network),
                    egress.hostServices()));
        }
        return changes;
    }

    List<NetworkChange> removed(AttachedContainer container) {
        String name = container.member().policy();
        AppliedPolicy policy = applied.get(name);
        if (policy == null) {
            return List.of();
        }
        var changes = new ArrayList<>(links(container, policy.egress(), false));
        // The kernel removes it with the namespace, unless a process elsewhere keeps that by a descriptor.
        container.record().links().forEach(link -> changes.add(new NetworkChange.LinkRemoved(link.hostName())));
        if (policy.users() == 1) {
            applied.remove(name);
            changes.add(new NetworkChange.PolicyRemoved(
                    name, policy.egress().rules().size()));
        } else {
            applied.put(name, new AppliedPolicy(policy.groups(), policy.egress(), policy.users() - 1));
        }
        return changes;
    }

    List<NetworkChange> publish() {
        return ports.update(ids -> serving(ids, true), ids -> serving(ids, false));
    }

    /** The addresses of those that serve, in the order of their names. */
    private List<InetAddress> serving(Set<String> ids, boolean ipv4) {
        return ids.stream()
                .flatMap(id -> attached.find(id).stream())
                .filter(AttachedContainer::isServing)
                .sorted((one, other) ->
                        one.member().name().compareTo(other.member().name()))
                .flatMap(container -> container.record().links().stream()
                        // Replies leave by the default route.
                        .sorted(Comparator.comparing(LaunchPlan.Link::first).reversed())
                        .map(LaunchPlan.Link::addresses)
                        .flatMap(addresses -> (ipv4 ? addresses.ipv4() : addresses.ipv6()).stream())
                        .map(LaunchPlan.Addresses.Address::address)
                        .limit(1))
                .toList();
    }

    /**
     * Applies changes. A helper that was lost, or rules that differ from what is known, lead to rules made anew.
     *
     * @throws IOException when that fails too
     */
    void apply(List<NetworkChange> changes) throws IOException {
        if (!installed || !host.isConnected()) {
            rebuild();
            return;
        }
        try {
            host.apply(changes);
        } catch (IOException e) {
            log.warn("rebuilding the network rules: {}", e.getMessage());
            installed = false;
            rebuild();
        }
    }
}
