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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.codec.digest.DigestUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the table in the kernel in line with the known networks and containers: by incremental changes, or by a rebuild
 * where the two may differ. Not thread-safe.
 */
final class NetworkRules {

    private static final Logger log = LoggerFactory.getLogger(NetworkRules.class);
    private static final int UNUSED_POLICIES = 16;
    private static final int HASH_DIGITS = 32;
    /** Of shared policies; no fleet can have that name. */
    private static final String SHARED = "_run/";

    private static final long NO_TABLE = 0;

    private final NetworkProperties properties;
    private final HostNetwork host;
    private final NetworkPolicies policies;
    private final ActiveNetworks networks;
    private final AttachedContainers attached;
    private final PublishedPorts ports;
    /** By name; up to {@link #UNUSED_POLICIES} unused ones are cached for the next container. */
    private final Map<String, InstalledPolicy> policiesInKernel = new LinkedHashMap<>();

    private final Map<String, InstalledContainer> containersInKernel = new HashMap<>();
    private final Map<String, Set<String>> groupsInKernel = new HashMap<>();
    /** Whether the rules exist in the kernel as they are known here. */
    private boolean installed;

    private long table;

    /** A policy in the kernel, and the number of containers that have it. */
    private record InstalledPolicy(List<String> groups, EgressPolicy egress, int users) {

        InstalledPolicy withUsers(int count) {
            return new InstalledPolicy(groups, egress, count);
        }
    }

    /** Policy and attachments installed for a container; exactly these are removed. */
    private record InstalledContainer(String policy, List<NetworkChange.Attachment> attachments) {}

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

    /** Whether the table is installed. */
    boolean areInstalled() {
        return installed;
    }

    /** Forces a rebuild with the next change. */
    void invalidate() {
        installed = false;
    }

    /** Removes whatever an earlier manager left; there are no networks any more. */
    void removeAll() throws IOException {
        var changes = new ArrayList<NetworkChange>(List.of(new NetworkChange.Delete()));
        host.list().links().forEach(link -> changes.add(new NetworkChange.LinkRemoved(link.name())));
        changes.addAll(networks.staleRoutes());
        host.apply(changes);
        networks.freeSubnets();
        installed = false;
    }

    /** Rebuilds the table in one transaction; connections that stay allowed are not interrupted. */
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
        changes.addAll(networks.staleRoutes());
        policiesInKernel.clear();
        containersInKernel.clear();
        groupsInKernel.clear();
        ports.forgetApplied();
        networks.all().forEach(network -> changes.addAll(added(network)));
        attached.all().forEach(container -> changes.addAll(added(container)));
        changes.addAll(publish());
        host.apply(changes);
        table = host.list().table();
        if (table == NO_TABLE) {
            throw new IOException("another program has removed the table again");
        }
        installed = true;
        networks.freeSubnets();
    }

    /** Whether the table is still the one that was installed: {@code nft flush ruleset} removes those of all programs. */
    boolean areIntact() throws IOException {
        return host.list().table() == table;
    }

    private List<NetworkChange> added(ActiveNetwork network) {
        var changes = new ArrayList<NetworkChange>();
        changes.add(network.bridge(true));
        var groups = new LinkedHashSet<>(policies.groups(network.name()));
        // Those of containers whose service is no longer declared as it was.
        attached.all().forEach(container -> groups.addAll(memberships(container, network)));
        groups.forEach(group -> changes.add(new NetworkChange.Group(true, group)));
        groupsInKernel.put(network.name(), groups);
        return changes;
    }

    private List<String> memberships(AttachedContainer container, ActiveNetwork network) {
        return container.record().networks().contains(network.name())
                ? NetworkPolicies.memberships(
                        network.name(),
                        network.spec().isolated(),
                        container.member(),
                        policies.current(container.member(), container.networking()))
                : List.of();
    }

    /** The changes that remove a network, which no container is on. */
    List<NetworkChange> removed(ActiveNetwork network) {
        networks.remove(network);
        var changes = new ArrayList<NetworkChange>();
        changes.add(network.bridge(false));
        Optional.ofNullable(groupsInKernel.remove(network.name())).ifPresent(groups -> {
            changes.addAll(policiesNaming(groups));
            groups.forEach(group -> changes.add(new NetworkChange.Group(false, group)));
        });
        return changes;
    }

    /** The changes that give a container its policy and its addresses. */
    List<NetworkChange> added(AttachedContainer container) {
        List<ActiveNetwork> joined = networks.of(container);
        EgressPolicy egress = policies.egress(container, joined);
        List<String> groups = policies.reachable(joined, container.member());
        String name = policyName(container.member(), groups, egress);
        var changes = new ArrayList<NetworkChange>();
        InstalledPolicy former = policiesInKernel.get(name);
        if (former == null
                || !former.egress().equals(egress)
                || !former.groups().equals(groups)) {
            changes.add(new NetworkChange.Policy(
                    name, former == null ? -1 : former.egress().rules().size(), groups, egress));
        }
        policiesInKernel.put(name, new InstalledPolicy(groups, egress, former == null ? 1 : former.users() + 1));
        List<NetworkChange.Attachment> attachments = attachments(container, name, egress);
        changes.addAll(attachments);
        containersInKernel.put(container.member().id(), new InstalledContainer(name, attachments));
        return changes;
    }

    /**
     * A service has a policy of its own. Containers that are run by hand share one if it is the same: then attaching them
     * changes elements only.
     */
    private static String policyName(NetworkMember member, List<String> groups, EgressPolicy egress) {
        return member.service()
                .map(NetworkMember.ServiceName::toString)
                .orElseGet(() ->
                        SHARED + DigestUtils.sha256Hex(groups + " " + egress).substring(0, HASH_DIGITS));
    }

    private List<NetworkChange.Attachment> attachments(
            AttachedContainer container, String policy, EgressPolicy egress) {
        var attachments = new ArrayList<NetworkChange.Attachment>();
        for (int i = 0; i < container.record().links().size(); i++) {
            ActiveNetwork network =
                    networks.require(container.record().networks().get(i));
            attachments.add(new NetworkChange.Attachment(
                    true,
                    container.record().links().get(i),
                    policy,
                    memberships(container, network),
                    egress.hostServices()));
        }
        return attachments;
    }

    /** The changes that take a container's policy and addresses away; empty if it has none in the kernel. */
    List<NetworkChange> removed(AttachedContainer container) {
        InstalledContainer known = containersInKernel.remove(container.member().id());
        if (known == null) {
            return List.of();
        }
        var changes = new ArrayList<NetworkChange>();
        known.attachments().forEach(attachment -> changes.add(attachment.removal()));
        policiesInKernel.computeIfPresent(known.policy(), (_, policy) -> policy.withUsers(policy.users() - 1));
        changes.addAll(unusedPolicies());
        return changes;
    }

    /** The removal of policies that are not used, except for some that the next container may have again. */
    private List<NetworkChange> unusedPolicies() {
        List<String> unused = policiesInKernel.entrySet().stream()
                .filter(entry -> entry.getValue().users() == 0)
                .map(Map.Entry::getKey)
                .toList();
        return unused.stream()
                .limit(Math.max(0, unused.size() - UNUSED_POLICIES))
                .map(this::removedPolicy)
                .toList();
    }

    private NetworkChange removedPolicy(String name) {
        InstalledPolicy policy = Objects.requireNonNull(policiesInKernel.remove(name));
        return new NetworkChange.PolicyRemoved(name, policy.egress().rules().size());
    }

    /** The removal of policies that no container has, and that name a group of the network. */
    private List<NetworkChange> policiesNaming(Set<String> groups) {
        List<String> names = policiesInKernel.entrySet().stream()
                .filter(entry -> entry.getValue().users() == 0
                        && entry.getValue().groups().stream().anyMatch(groups::contains))
                .map(Map.Entry::getKey)
                .toList();
        return names.stream().map(this::removedPolicy).toList();
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
     * Applies changes; rebuilds the table if the helper was lost or the kernel rejects them.
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
