package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
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
        EgressPolicy egress = policies.egress(
                container.member(),
                container.record().mode(),
                container.record().networking(),
                networks.of(container));
        Optional<PolicyRule> exact = egress.matchingExactly(to, Optional.of(protocol), port);
        if (exact.isPresent()) {
            return exact.get().allows()
                    ? Decision.allowed("egress: " + exact.get())
                    : Decision.denied("egress: " + exact.get(), "remove that rule");
        }
        if (peer.isEmpty()
                && !isHosts(to)
                && networks.of(container).stream()
                        .allMatch(network -> network.spec().internal())) {
            return Decision.denied("all its networks are internal", "put it on a network that is not internal");
        }
        return peer.map(other -> toContainer(container, other, to))
                .orElseGet(() -> isHosts(to) && !isPublished(to, port, protocol)
                        ? toHost(container, egress, to, port, protocol)
                        : toOutside(container, egress, to, port, protocol));
    }

    /** As a fleet file names the destination. */
    private static String rule(InetAddress to, int port, Protocol protocol) {
        return new EgressRule(Cidr.of(to), Optional.of(protocol), Optional.of(new PortRange(port, port))).toString();
    }

    private Decision toContainer(AttachedContainer from, AttachedContainer other, InetAddress to) {
        List<String> reachable = policies.reachable(networks.of(from), from.member());
        for (int i = 0; i < other.record().links().size(); i++) {
            if (other.record().links().get(i).addresses().all().noneMatch(to::equals)) {
                continue;
            }
            ActiveNetwork network = networks.require(other.record().networks().get(i));
            Networking its = policies.current(other.member(), other.record().networking());
            List<String> groups =
                    NetworkPolicies.memberships(network.name(), network.spec().isolated(), other.member(), its);
            if (groups.stream().anyMatch(reachable::contains)) {
                return Decision.allowed("both are on the network " + network.name()
                        + (its.acceptFrom().isPresent()
                                ? ", and " + other.member().policy() + " accepts it"
                                : ""));
            }
            boolean shared = from.record().networks().contains(network.name());
            String remedy = shared
                    ? "write accept-from: [" + accepting(its, from) + "] in the service "
                            + other.member().policy()
                    : "put both on one network: networks: ["
                            + network.name().substring(network.name().indexOf('/') + 1) + "]";
            return Decision.denied(
                    shared
                            ? other.member().policy() + " accepts connections from "
                                    + its.acceptFrom()
                                            .map(names -> String.join(", ", names))
                                            .orElse("nobody")
                                    + (its.acceptFrom().isEmpty() ? ": the network is isolated" : " only")
                            : "it is '" + other.member().name() + "', on the network " + network.name()
                                    + ", which this container is not on",
                    remedy);
        }
        throw new IllegalStateException(
                to + " is no address of " + other.member().name());
    }

    /** Whom a service would accept connections from, so that the container is among them. */
    private static String accepting(Networking its, AttachedContainer from) {
        var names = new ArrayList<>(its.acceptFrom().orElse(List.of()));
        names.add(from.member()
                .service()
                .map(NetworkMember.ServiceName::service)
                .orElse(from.member().name()));
        return String.join(", ", names);
    }

    private static boolean isHosts(InetAddress address) {
        try {
            return address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException e) {
            return false;
        }
    }

    private boolean isPublished(InetAddress to, int port, Protocol protocol) {
        return !to.isLoopbackAddress()
                && ports.list().stream()
                        .map(PublishedPorts.Listed::place)
                        .anyMatch(place -> place.port() == port
                                && place.protocol() == protocol
                                && (place.address().equals(to)
                                        || place.address().isAnyLocalAddress()));
    }

    private Decision toHost(AttachedContainer from, EgressPolicy egress, InetAddress to, int port, Protocol protocol) {
        if (to.isLoopbackAddress()) {
            return Decision.denied(
                    "a loopback address is the container's own; it never leads to the host",
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
                        "it is an address of this host, whose services are closed to containers",
                        "write egress: {allow: [\"" + rule + "\"]}");
    }

    private static Decision toOutside(
            AttachedContainer from, EgressPolicy egress, InetAddress to, int port, Protocol protocol) {
        Optional<PolicyRule> rule = egress.matching(to, Optional.of(protocol), port);
        String remedy = "write egress: {allow: [\"" + rule(to, port, protocol) + "\"]}"
                + from.member().service().map(name -> " in the service " + name).orElse("");
        if (rule.isPresent()) {
            return rule.get().allows()
                    ? Decision.allowed("egress: " + rule.get())
                    : Decision.denied(
                            "egress: " + rule.get(), EgressPolicy.isLinkLocal(to) ? remedy : "remove that rule");
        }
        return egress.open()
                ? Decision.allowed("egress: open")
                : Decision.denied("no rule of its egress policy allows it", remedy);
    }
}
