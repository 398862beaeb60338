package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Protocol;
import dev.nucleus.spec.PublishedPort;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Read-only queries of networks and their containers. Thread-safe. */
@Component
public final class NetworkQueries {

    private static final Logger log = LoggerFactory.getLogger(NetworkQueries.class);
    private static final Duration DENIED_AGE = Duration.ofSeconds(2);

    private final NetworkState state;
    private final Reachability reachability;
    private final InterfaceCounters counters = new InterfaceCounters();
    private List<DeniedConnection> lastDenied = List.of();
    private long deniedAt = System.nanoTime() - DENIED_AGE.toNanos();

    NetworkQueries(NetworkState state) {
        this.state = state;
        this.reachability = new Reachability(state.policies, state.networks, state.ports);
    }

    /**
     * The egress policy of a container, as a fleet file writes it.
     *
     * @throws InvalidSpecException when it is on no network
     */
    public String egressOf(String id) {
        return state.underLock(
                () -> state.policies.declaredEgress(state.require(id)).toString());
    }

    /** All networks. */
    public List<NetworkView> views() {
        return state.underLock(() -> state.networks.all().stream()
                .map(network -> new NetworkView(
                        network.name(),
                        network.link(),
                        network.spec(),
                        network.subnet(),
                        network.subnet6(),
                        endpoints(network.name())))
                .toList());
    }

    private List<NetworkEndpoint> endpoints(String network) {
        var endpoints = new ArrayList<NetworkEndpoint>();
        for (AttachedContainer container : state.attached.all()) {
            for (int i = 0; i < container.record().networks().size(); i++) {
                if (container.record().networks().get(i).equals(network)) {
                    endpoints.add(new NetworkEndpoint(
                            container.member(),
                            state.policies
                                    .current(container.member(), container.networking())
                                    .attachments()
                                    .get(i)
                                    .aliases(),
                            container.record().links().get(i).addresses(),
                            container.isServing(),
                            resolvesExternalNames(container)));
                }
            }
        }
        return endpoints;
    }

    private boolean resolvesExternalNames(AttachedContainer container) {
        return state.policies.egress(container, state.networks.of(container)).allowsResolvers();
    }

    /** The published ports, and their backends. */
    public List<PortPublication> publications() {
        return state.underLock(state.ports::list);
    }

    /** The ports of a container with the numbers that were chosen; empty: it publishes none. */
    public List<PublishedPort> portsOf(String id) {
        return state.underLock(() -> state.attached
                .find(id)
                .map(container -> container.networking().ports())
                .orElse(List.of()));
    }

    /**
     * Whether a container may connect to an address, and why.
     *
     * @param id of the container
     * @throws InvalidSpecException when it is on no network
     */
    public Decision why(String id, InetAddress to, int port, Protocol protocol) {
        return state.underLock(() -> reachability.decide(state.require(id), state.attached.all(), to, port, protocol));
    }

    /** The traffic of a container, by its interfaces; empty if it is on no network. */
    public List<InterfaceUsage> usageOf(String id) {
        List<LaunchPlan.Link> links = state.underLock(() -> state.attached
                .find(id)
                .map(container -> container.record().links())
                .orElse(List.of()));
        var usage = new ArrayList<InterfaceUsage>();
        try {
            for (LaunchPlan.Link link : links) {
                counters.of(link.hostName(), link.name()).ifPresent(usage::add);
            }
        } catch (IOException e) {
            log.debug("can't read the counters of interfaces: {}", e.toString());
        }
        return usage;
    }

    /** The denied packets of the containers that run, by destination. */
    public List<DeniedConnection> denied() {
        return state.underLock(this::readDenied);
    }

    private List<DeniedConnection> readDenied() {
        if (!state.rules.areInstalled()) {
            return List.of();
        }
        try {
            var denied = new ArrayList<DeniedConnection>();
            for (HostNetwork.Denied entry : state.host.denied()) {
                state.attached
                        .byLink(entry.link())
                        .ifPresent(container -> denied.add(new DeniedConnection(
                                container.member().id(),
                                container.member().name(),
                                entry.address(),
                                entry.protocol(),
                                entry.port(),
                                entry.packets())));
            }
            return denied;
        } catch (IOException e) {
            log.warn("can't read the denied connections: {}", e.getMessage());
            return List.of();
        }
    }

    /** The IDs of the containers on networks. */
    public Set<String> attachedIds() {
        return state.underLock(() -> state.attached.all().stream()
                .map(container -> container.member().id())
                .collect(Collectors.toSet()));
    }

    /** How many packets of a container were denied; as of a moment ago, since all containers are asked about at once. */
    public long deniedPackets(String id) {
        return state.underLock(this::deniedRecently).stream()
                .filter(entry -> entry.id().equals(id))
                .mapToLong(DeniedConnection::packets)
                .sum();
    }

    private List<DeniedConnection> deniedRecently() {
        long now = System.nanoTime();
        if (now - deniedAt >= DENIED_AGE.toNanos()) {
            lastDenied = readDenied();
            deniedAt = now;
        }
        return lastDenied;
    }

    /** Settings of the host that keep networks from working as declared. */
    public List<HostNetworkProblem> problems() {
        return state.underLock(() -> state.problems.find());
    }
}
