package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.Egress;
import dev.nucleus.spec.EgressRule;
import dev.nucleus.spec.Networking;
import dev.nucleus.spec.PortRange;
import dev.nucleus.spec.Protocol;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Explains what a container can reach: says in words what the rules decide. */
final class Reachability {

    private static final int DNS = 53;

    private final NetworkPolicies policies;
    private final ActiveNetworks networks;
    private final PublishedPorts ports;

    Reachability(NetworkPolicies policies, ActiveNetworks networks, PublishedPorts ports) {
        this.policies = policies;
        this.networks = networks;
        this.ports = ports;
    }

    /** Whether the container may connect to an address, and why. */
    Decision decide(
            AttachedContainer container,
            Collection<AttachedContainer> all,
            InetAddress to,
            int port,
            Protocol protocol) {
        Optional<AttachedContainer> peer = all.stream()
                .filter(other -> other.record().links().stream()
                        .flatMap(link -> link.addresses().all())
                        .anyMatch(to::equals))
                .findFirst();
        EgressPolicy egress = policies.egress(container, networks.of(container));
        if (peer.isPresent()) {
            Decision membership = toContainer(container, peer.get(), to);
            return membership.allowed()
                    ? membership
                    : egress.matchingBeforePeers(to, Optional.of(protocol), port)
                            .map(rule -> byRule(rule, "remove that rule"))
                            .orElse(membership);
        }
        if (isHostAddress(to) && !isPublished(to, port, protocol)) {
            return toHost(container, egress, to, port, protocol);
        }
        if (networks.of(container).stream().allMatch(network -> network.spec().internal())) {
            return Decision.denied("all its networks are internal", "put it on a network that is not internal");
        }
        return toOutside(container, egress, to, port, protocol);
    }

    private static Decision byRule(PolicyRule rule, String remedy) {
        return rule.allows() ? Decision.allowed("egress: " + rule) : Decision.denied("egress: " + rule, remedy);
    }

    /** As a fleet file names the destination. */
    private static String rule(InetAddress to, int port, Protocol protocol) {
        return new EgressRule(Cidr.of(to), Optional.of(protocol), Optional.of(new PortRange(port, port))).toString();
    }

    private Decision toContainer(AttachedContainer from, AttachedContainer peer, InetAddress to) {
        ActiveNetwork network = networkOf(peer, to);
        Networking networking = policies.current(peer.member(), peer.networking());
        List<String> reachable = policies.reachable(networks.of(from), from.member());
        List<String> groups =
                NetworkPolicies.memberships(network.name(), network.spec().isolated(), peer.member(), networking);
        if (groups.stream().anyMatch(reachable::contains)) {
            return Decision.allowed("both are on the network " + network.name()
                    + (networking.acceptFrom().isPresent()
                            ? ", and " + peer.member().owner() + " accepts connections from "
                                    + from.member().owner()
                            : ""));
        }
        if (!from.record().networks().contains(network.name())) {
            return Decision.denied(
                    "it is '" + peer.member().name() + "', on the network " + network.name()
                            + ", which this container is not on",
                    "put both on one network: networks: ["
                            + network.name().substring(network.name().indexOf('/') + 1) + "]");
        }
        return Decision.denied(
                networking
                        .acceptFrom()
                        .map(names -> peer.member().owner() + " accepts connections from " + String.join(", ", names)
                                + " only")
                        .orElseGet(() -> "the network " + network.name() + " is isolated, and "
                                + peer.member().owner() + " has no accept-from"),
                "write accept-from: [" + accepting(networking, from) + "] in the service "
                        + peer.member().owner());
    }

    private ActiveNetwork networkOf(AttachedContainer container, InetAddress address) {
        List<LaunchPlan.Link> links = container.record().links();
        for (int i = 0; i < links.size(); i++) {
            if (links.get(i).addresses().all().anyMatch(address::equals)) {
                return networks.require(container.record().networks().get(i));
            }
        }
        throw new IllegalStateException(
                address + " is no address of " + container.member().name());
    }

    /** The accept-from list that would include the container. */
    private static String accepting(Networking networking, AttachedContainer from) {
        var names = new ArrayList<>(networking.acceptFrom().orElse(List.of()));
        names.add(from.member()
                .service()
                .map(NetworkMember.ServiceName::service)
                .orElse(from.member().name()));
        return String.join(", ", names);
    }

    /** A policy is replaced as a whole, so the remedy includes its present rules. */
    private String remedy(AttachedContainer from, String rule) {
        Egress egress = policies.declaredEgress(from);
        List<String> present = egress.open()
                ? List.of("0.0.0.0/0", "::/0")
                : egress.allow().stream().map(EgressRule::toString).toList();
        return from.member()
                .service()
                .map(service -> "write egress: {allow: [\"" + rule + "\"]} in the service " + service
                        + (present.isEmpty() ? "" : ", beside " + String.join(", ", present)))
                .orElseGet(() -> "run: nucleus network egress " + from.member().name() + " " + String.join(" ", present)
                        + (present.isEmpty() ? "" : " ") + rule);
    }

    private static boolean isHostAddress(InetAddress address) {
        try {
            return address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException e) {
            return false;
        }
    }

    private boolean isPublished(InetAddress to, int port, Protocol protocol) {
        return !to.isLoopbackAddress()
                && ports.list().stream()
                        .map(PortPublication::port)
                        .anyMatch(published -> published.hostPort() == port
                                && published.protocol() == protocol
                                && (published.address().equals(to)
                                        || published.address().isAnyLocalAddress()));
    }

    private Decision toHost(AttachedContainer from, EgressPolicy egress, InetAddress to, int port, Protocol protocol) {
        if (to.isLoopbackAddress()) {
            return Decision.denied(
                    "a loopback address is the container's own; it never reaches the host",
                    "connect to the container's service by its name instead");
        }
        boolean gateway = networks.of(from).stream()
                .flatMap(network -> network.gateways().all())
                .anyMatch(to::equals);
        if (gateway && port == DNS) {
            return Decision.allowed("the gateway resolves names");
        }
        String rule = rule(to, port, protocol);
        return egress.hostServices().stream()
                        .anyMatch(each -> each.destination().contains(to)
                                && each.protocol().equals(Optional.of(protocol))
                                && each.ports().orElseThrow().first() == port)
                ? Decision.allowed("egress: allow " + rule + " names this service of the host exactly")
                : Decision.denied(
                        "it is an address of this host, and containers can't reach the host's services",
                        remedy(from, rule));
    }

    private Decision toOutside(
            AttachedContainer from, EgressPolicy egress, InetAddress to, int port, Protocol protocol) {
        Optional<PolicyRule> rule = egress.matching(to, Optional.of(protocol), port);
        String remedy = remedy(from, rule(to, port, protocol));
        if (rule.isPresent()) {
            return byRule(rule.get(), EgressPolicy.isMetadata(to) ? remedy : "remove that rule");
        }
        return egress.open()
                ? Decision.allowed("egress: open")
                : Decision.denied("no rule of its egress policy allows it", remedy);
    }
}
