package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.LaunchRequest;
import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.shim.ShimException;
import dev.nucleus.spawner.Spawner;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.NetworkSpec;
import dev.nucleus.spec.Networking;
import dev.nucleus.spec.Protocol;
import dev.nucleus.spec.PublishedPort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.apache.commons.codec.digest.DigestUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

/**
 * The networks of this manager's containers. The state in memory is authoritative: the kernel's rules are derived from
 * it, and rebuilt after a start or when the helper was lost. Thread-safe.
 */
@Component
public final class Networks implements DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(Networks.class);
    private static final int TAG = 3;
    private static final int ID_DIGITS = 9;

    /** How the search domain of a fleet ends; reserved for private use (ICANN, 2024). */
    public static final String DOMAIN = "internal";

    private final String prefix;
    private final HostNetwork host;
    /** Confined to {@link #background}. */
    private final HostNetwork connections;

    private final NetworkPolicies policies = new NetworkPolicies();
    private final PublishedPorts ports = new PublishedPorts();
    private final AttachedContainers attached = new AttachedContainers();
    private final ActiveNetworks networks;
    private final NetworkRules rules;
    private final Reachability reachability;
    private final ServingMarkers markers;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<NetworkListener> listeners = new CopyOnWriteArrayList<>();
    private final ExecutorService background = Executors.newSingleThreadExecutor(
            Thread.ofVirtual().name("networks-", 0).factory());

    Networks(NucleusProperties locations, NetworkProperties properties, Spawner spawner) {
        Path directory = locations.state().resolve("network");
        byte[] digest = DigestUtils.sha256(locations.state().toString());
        String tag = new BigInteger(1, digest).toString(Character.MAX_RADIX).substring(0, TAG);
        this.prefix = "nu" + tag;
        this.host = new HostNetwork(
                spawner, properties.table(), prefix, locations.state().toString());
        this.connections = new HostNetwork(
                spawner, properties.table(), prefix, locations.state().toString());
        this.networks = new ActiveNetworks(properties, policies, directory, prefix, digest);
        this.rules = new NetworkRules(properties, host, policies, networks, attached, ports);
        this.reachability = new Reachability(policies, networks, ports);
        this.markers = new ServingMarkers(directory.resolve("serving"));
    }

    /** Adds a listener, called after a container joins or leaves a network, or starts or stops serving. */
    public void addListener(NetworkListener listener) {
        listeners.add(listener);
    }

    /** Takes the networks of the fleets as they are declared, before any container is launched or taken over. */
    public void declare(List<FleetSpec> fleets) {
        policies.declare(fleets);
    }

    /**
     * Takes over the containers that run, and makes the rules anew if there are networks. What an earlier manager left
     * and nothing uses is removed.
     */
    public void synchronize(List<RunningMember> running) {
        lock.lock();
        try {
            markers.keepOnly(
                    running.stream().map(member -> member.member().id()).toList());
            if (policies.networks().isEmpty() && running.isEmpty() && !hasInterfaces()) {
                return;
            }
            policies.networks().forEach(this::activate);
            running.forEach(this::adopt);
            if (networks.isEmpty()) {
                rules.removeAll();
            } else {
                rules.rebuild();
            }
        } catch (IOException e) {
            rules.invalidate();
            log.error("can't set up the networks; containers that need them are not launched: {}", explain(e));
        } finally {
            lock.unlock();
        }
        notifyListeners();
    }

    /** A network that can't be set up fails its services only, when they are launched. */
    private void activate(String name, NetworkSpec spec) {
        try {
            networks.activate(name, spec);
        } catch (InvalidSpecException | UncheckedIOException e) {
            log.error("{}", e.getMessage());
        }
    }

    /** Whether a container serves only because it did so when an earlier manager ended. */
    public boolean isCarriedOver(String id) {
        lock.lock();
        try {
            return attached.find(id).filter(AttachedContainer::isCarriedOver).isPresent();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the networks that a container was launched with are still as they are declared. */
    public boolean areUnchanged(NetworkRecord record) {
        lock.lock();
        try {
            for (int i = 0; i < record.links().size(); i++) {
                LaunchPlan.Link link = record.links().get(i);
                Optional<ActiveNetwork> network =
                        networks.find(record.networks().get(i));
                if (network.isEmpty()
                        || !network.get().gateways().equals(link.gateways())
                        || network.get().spec().mtu() != link.mtu()) {
                    return false;
                }
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private boolean hasInterfaces() {
        try (Stream<Path> links = Files.list(Path.of("/sys/class/net"))) {
            return links.anyMatch(link -> link.getFileName().toString().startsWith(prefix));
        } catch (IOException e) {
            return false;
        }
    }

    private void adopt(RunningMember found) {
        NetworkMember member = found.member();
        NetworkRecord record = found.record();
        var container = new AttachedContainer(member, record);
        if (found.standalone()) {
            container.setServing(true);
        } else if (markers.isSet(member.id())) {
            container.carryOver();
        }
        for (int i = 0; i < record.links().size(); i++) {
            String name = record.networks().get(i);
            LaunchPlan.Link link = record.links().get(i);
            networks.find(name)
                    .orElseGet(() -> networks.restore(name, link))
                    .leases()
                    .adopt(ipv4(link));
        }
        attached.add(container);
        try {
            ports.claim(
                    member.id(),
                    member.owner(),
                    ports(member, record.networking()),
                    record.networking().ports());
        } catch (InvalidSpecException e) {
            log.error("can't publish the ports of '{}', which keeps running: {}", member.name(), e.getMessage());
        }
    }

    private static InetAddress ipv4(LaunchPlan.Link link) {
        return link.addresses().ipv4().orElseThrow().address();
    }

    private List<PublishedPort> ports(NetworkMember member, Networking launched) {
        return policies.current(member, launched).ports();
    }

    /**
     * Gives a container addresses, ports and a policy, before it is launched.
     *
     * @throws InvalidSpecException when a port or address is taken, or there is no such network
     */
    public AssignedNetworks attach(NetworkMember member, ContainerSpec spec) {
        if (spec.network() != Network.BRIDGE) {
            return AssignedNetworks.NONE;
        }
        AssignedNetworks access = attachLocked(member, spec);
        // Before it runs: from then on it may resolve names.
        notifyListeners();
        return access;
    }

    private AssignedNetworks attachLocked(NetworkMember member, ContainerSpec spec) {
        lock.lock();
        try {
            int before = networks.count();
            List<ActiveNetwork> its = networks.resolve(member, spec.networking());
            if (networks.count() > before) {
                // The rules of a new network come first.
                rules.invalidate();
            }
            List<PublishedPort> claimed =
                    ports.claim(member.id(), member.owner(), spec.networking().ports(), List.of());
            var container = new AttachedContainer(member, record(member, spec, its, claimed));
            attached.add(container);
            try {
                var changes = new ArrayList<>(rules.added(container));
                changes.addAll(rules.publish());
                rules.apply(changes);
            } catch (IOException | RuntimeException e) {
                forget(container);
                rules.invalidate();
                throw e;
            }
            ActiveNetwork first = its.getFirst();
            return new AssignedNetworks(
                    new LaunchRequest.NetworkAccess(
                            container.record().links(),
                            ActiveNetworks.resolver(first),
                            Optional.of(networks.resolverFile(first))),
                    Optional.of(container.record()));
        } catch (IOException e) {
            throw new UncheckedIOException("can't attach '" + member.name() + "' to its networks: " + explain(e), e);
        } finally {
            lock.unlock();
        }
    }

    private static String explain(IOException e) {
        String message = String.valueOf(e.getMessage());
        return e instanceof ShimException && message.contains("not permitted")
                ? message + "; the spawner needs the capability CAP_NET_ADMIN"
                : message;
    }

    private NetworkRecord record(
            NetworkMember member, ContainerSpec spec, List<ActiveNetwork> its, List<PublishedPort> claimed) {
        var links = new ArrayList<LaunchPlan.Link>();
        boolean led = false;
        try {
            for (int i = 0; i < its.size(); i++) {
                ActiveNetwork network = its.get(i);
                long offset = network.leases()
                        .lease(spec.networking().attachments().get(i).address(), network.name());
                boolean leads = !led && !network.spec().internal();
                led |= leads;
                LaunchPlan.Addresses addresses = network.at(offset);
                links.add(new LaunchPlan.Link(
                        prefix + i + member.id().substring(0, ID_DIGITS),
                        "eth" + i,
                        member.name(),
                        network.spec().mtu(),
                        mac(addresses.ipv4().orElseThrow().address()),
                        addresses,
                        network.gateways(),
                        leads));
            }
        } catch (RuntimeException e) {
            for (int i = 0; i < links.size(); i++) {
                its.get(i).leases().release(ipv4(links.get(i)));
            }
            ports.release(member.id());
            throw e;
        }
        Networking networking = spec.networking();
        return new NetworkRecord(
                spec.mode(),
                new Networking(networking.attachments(), claimed, networking.egress(), networking.acceptFrom()),
                its.stream().map(ActiveNetwork::name).toList(),
                links);
    }

    /** A hardware address that is the container's alone: locally administered, with its IPv4 address. */
    private static byte[] mac(InetAddress ipv4) {
        byte[] bytes = ipv4.getAddress();
        return new byte[] {2, 0, bytes[0], bytes[1], bytes[2], bytes[3]};
    }

    /** Frees what a container had; called when it has ended or its launch failed. Without effect the second time. */
    public void release(String id) {
        lock.lock();
        try {
            Optional<AttachedContainer> found = attached.find(id);
            if (found.isEmpty()) {
                return;
            }
            AttachedContainer container = found.get();
            var changes = new ArrayList<>(forget(container));
            markers.set(id, false);
            networks.unused(attached.all()).forEach(network -> changes.addAll(rules.removed(network)));
            try {
                if (networks.isEmpty()) {
                    rules.removeAll();
                } else {
                    rules.apply(changes);
                    networks.freeSubnets();
                }
            } catch (IOException e) {
                log.warn(
                        "the rules for '{}' remain until the next change: {}",
                        container.member().name(),
                        e.getMessage());
                rules.invalidate();
            }
            List<InetAddress> addresses = container.record().links().stream()
                    .flatMap(link -> link.addresses().all())
                    .toList();
            background.execute(() -> forgetConnections(addresses));
        } finally {
            lock.unlock();
        }
        notifyListeners();
    }

    /** Returns the changes of rules. */
    private List<NetworkChange> forget(AttachedContainer container) {
        container.setServing(false);
        var changes = new ArrayList<>(rules.publish());
        changes.addAll(ports.release(container.member().id()));
        changes.addAll(rules.removed(container));
        attached.remove(container);
        NetworkRecord record = container.record();
        for (int i = 0; i < record.links().size(); i++) {
            networks.require(record.networks().get(i))
                    .leases()
                    .release(ipv4(record.links().get(i)));
        }
        return changes;
    }

    /** By a helper of its own and without the lock: the host may track many connections. */
    private void forgetConnections(List<InetAddress> addresses) {
        try {
            connections.forget(addresses);
        } catch (IOException e) {
            log.debug("tracked connections of {} remain until they expire: {}", addresses, e.toString());
        }
    }

    /**
     * Lets published ports and names lead to a container, or no longer. Returns when new connections follow it;
     * established ones go on.
     */
    public void setServing(String id, boolean serving) {
        lock.lock();
        try {
            Optional<AttachedContainer> found = attached.find(id);
            if (found.isEmpty()) {
                return;
            }
            boolean before = found.get().isServing();
            found.get().setServing(serving);
            if (before == serving) {
                return;
            }
            markers.set(id, serving);
            List<NetworkChange> changes = rules.publish();
            if (!changes.isEmpty()) {
                rules.apply(changes);
            }
        } catch (IOException e) {
            rules.invalidate();
            log.error("can't update the published ports of container {}: {}", id, e.getMessage());
        } finally {
            lock.unlock();
        }
        notifyListeners();
    }

    private void notifyListeners() {
        listeners.forEach(NetworkListener::onChange);
    }

    /** All networks. */
    public List<NetworkView> views() {
        lock.lock();
        try {
            return networks.all().stream()
                    .map(network -> new NetworkView(
                            network.name(),
                            network.link(),
                            network.spec(),
                            network.subnet(),
                            network.subnet6(),
                            endpoints(network.name())))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    private List<NetworkEndpoint> endpoints(String network) {
        var endpoints = new ArrayList<NetworkEndpoint>();
        for (AttachedContainer container : attached.all()) {
            for (int i = 0; i < container.record().networks().size(); i++) {
                if (container.record().networks().get(i).equals(network)) {
                    endpoints.add(new NetworkEndpoint(
                            container.member(),
                            policies.current(
                                            container.member(),
                                            container.record().networking())
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
        EgressPolicy egress = policies.egress(
                container.member(),
                container.record().mode(),
                container.record().networking(),
                networks.of(container));
        return egress.open() || egress.rules().stream().anyMatch(PolicyRule::allows);
    }

    /** The published ports, and where they lead. */
    public List<PortPublication> publications() {
        lock.lock();
        try {
            return ports.list().stream()
                    .map(port -> new PortPublication(
                            new PublishedPort(
                                    port.place().address(),
                                    port.place().port(),
                                    port.containerPort(),
                                    port.place().protocol()),
                            port.owner(),
                            port.backends().stream().map(Backend::address).toList()))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    /** The ports of a container with the numbers that were chosen; empty: it publishes none. */
    public List<PublishedPort> portsOf(String id) {
        lock.lock();
        try {
            return attached.find(id)
                    .map(container -> container.record().networking().ports())
                    .orElse(List.of());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether a container may connect to an address, and why.
     *
     * @param id of the container
     * @throws InvalidSpecException when it is on no network
     */
    public Decision why(String id, InetAddress to, int port, Protocol protocol) {
        lock.lock();
        try {
            return reachability.decide(
                    attached.find(id)
                            .orElseThrow(() -> new InvalidSpecException("it is on no network, so it reaches nothing")),
                    attached.all(),
                    to,
                    port,
                    protocol);
        } finally {
            lock.unlock();
        }
    }

    /** The refused connections of the containers that run. */
    public List<DeniedConnection> denied() {
        lock.lock();
        try {
            if (!rules.areInstalled()) {
                return List.of();
            }
            var denied = new ArrayList<DeniedConnection>();
            for (HostNetwork.Denied entry : host.denied()) {
                attached.byLink(entry.link())
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
            log.warn("refused connections can't be read: {}", e.getMessage());
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    /** Chains of other tables that drop what is forwarded, as {@code table chain}. */
    public List<String> firewalls() {
        lock.lock();
        try {
            return rules.areInstalled()
                    ? host.list().dropping().stream()
                            .map(item -> item.name() + " " + item.detail())
                            .toList()
                    : List.of();
        } catch (IOException e) {
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    /** At shutdown the rules stay: the containers keep running. */
    @Override
    public void destroy() {
        background.execute(connections::close);
        background.shutdown();
        lock.lock();
        try {
            ports.close();
            host.close();
        } finally {
            lock.unlock();
        }
    }
}
