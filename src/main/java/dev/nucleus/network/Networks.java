package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.LaunchRequest;
import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.shim.ShimException;
import dev.nucleus.spawner.Spawner;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Egress;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.commons.codec.digest.DigestUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * The networks of this manager's containers. The state in memory is authoritative: the kernel's rules are derived from
 * it, and rebuilt after a start or when the helper was lost. Thread-safe.
 */
@Component
public final class Networks implements DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(Networks.class);
    private static final int TAG = 3;
    private static final Duration DENIED_AGE = Duration.ofSeconds(2);
    /** From the end of a container until its rules are removed. */
    private static final Duration REMOVAL_DELAY = Duration.ofMillis(200);
    /** From then on until its interface is removed, unless the kernel has done so with its namespace. */
    private static final Duration KERNEL_DELAY = Duration.ofSeconds(1);

    private static final int ID_DIGITS = 9;

    /** How the search domain of a fleet ends; reserved for private use (ICANN, 2024). */
    public static final String DOMAIN = "internal";

    private final String prefix;
    private final HostNetwork host;
    /** Confined to {@link #background}; changes nothing but interfaces and conntrack entries. */
    private final HostNetwork cleaner;

    private final NetworkPolicies policies = new NetworkPolicies();
    private final PublishedPorts ports = new PublishedPorts();
    private final AttachedContainers attached = new AttachedContainers();
    /** Containers that have left, whose rules and addresses remain for the moment. */
    private final List<AttachedContainer> detached = new ArrayList<>();

    private final ActiveNetworks networks;
    private final NetworkRules rules;
    private final Reachability reachability;
    private final ServingMarkers markers;
    private final EgressChanges egressChanges;
    private final HostNetworkProblems problems;
    private final InterfaceCounters counters = new InterfaceCounters();
    private final ReentrantLock lock = new ReentrantLock();
    private List<DeniedConnection> lastDenied = List.of();
    private long deniedAt = System.nanoTime() - DENIED_AGE.toNanos();
    private boolean closed;
    /** Whether the clean-up after {@link #detached} containers is scheduled. */
    private boolean removalIsDue;

    /** Whether the last attempt to restore the rules failed, which was reported then. */
    private boolean rulesFailed;

    private final List<NetworkListener> listeners = new CopyOnWriteArrayList<>();
    private final ScheduledExecutorService background = Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("networks-", 0).factory());

    Networks(NucleusProperties locations, NetworkProperties properties, Spawner spawner) {
        Path directory = locations.state().resolve("network");
        byte[] digest = DigestUtils.sha256(locations.state().toString());
        String tag = new BigInteger(1, digest).toString(Character.MAX_RADIX).substring(0, TAG);
        this.prefix = "nu" + tag;
        this.host = new HostNetwork(
                spawner, properties.table(), prefix, locations.state().toString());
        this.cleaner = new HostNetwork(
                spawner, properties.table(), prefix, locations.state().toString());
        this.networks = new ActiveNetworks(properties, policies, directory, prefix, digest);
        this.rules = new NetworkRules(properties, host, policies, networks, attached, ports);
        this.reachability = new Reachability(policies, networks, ports);
        this.markers = new ServingMarkers(directory.resolve("serving"));
        this.problems = new HostNetworkProblems(properties, host, prefix);
        this.egressChanges = new EgressChanges(directory.resolve("egress"));
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
     * Takes over the containers that run, and rebuilds the rules if there are networks. What an earlier manager left
     * and nothing uses is removed.
     */
    public void synchronize(List<RunningMember> running) {
        lock.lock();
        try {
            List<String> ids =
                    running.stream().map(member -> member.member().id()).toList();
            markers.keepOnly(ids);
            egressChanges.keepOnly(ids);
            if (policies.networks().isEmpty() && running.isEmpty() && !hasInterfaces()) {
                return;
            }
            policies.networks().forEach(this::activate);
            running.forEach(this::adopt);
            if (networks.isEmpty()) {
                rules.removeAll();
            } else {
                rules.rebuild();
                problems.find().forEach(problem -> log.warn("{}", problem));
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
        try {
            return InterfaceCounters.parse(Files.readAllLines(Path.of("/proc/net/dev"))).keySet().stream()
                    .anyMatch(link -> link.startsWith(prefix));
        } catch (IOException e) {
            return false;
        }
    }

    private void adopt(RunningMember found) {
        NetworkMember member = found.member();
        NetworkRecord record = found.record();
        var container = new AttachedContainer(member, record);
        egressChanges.of(member.id()).ifPresent(container::setEgress);
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
            if (spec.networking().attachments().stream()
                    .anyMatch(attachment -> attachment.address().isPresent())) {
                // The address's last owner may not have been cleaned up yet.
                removeDetached();
                host.deleteConntrackEntries(spec.networking().attachments().stream()
                        .flatMap(attachment -> attachment.address().stream())
                        .toList());
            }
            int before = networks.count();
            List<ActiveNetwork> joined = networks.resolve(member, spec.networking());
            if (networks.count() > before) {
                // The rules of a new network come first.
                rules.invalidate();
            }
            List<PublishedPort> claimed =
                    ports.claim(member.id(), member.owner(), spec.networking().ports(), List.of());
            var container = new AttachedContainer(member, record(member, spec, joined, claimed));
            attached.add(container);
            try {
                var changes = new ArrayList<>(rules.added(container));
                changes.addAll(rules.publish());
                rules.apply(changes);
            } catch (IOException | RuntimeException e) {
                detach(container);
                rules.invalidate();
                removeDetachedLater();
                throw e;
            }
            ActiveNetwork first = joined.getFirst();
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
            NetworkMember member, ContainerSpec spec, List<ActiveNetwork> joined, List<PublishedPort> claimed) {
        var links = new ArrayList<LaunchPlan.Link>();
        boolean hasDefaultRoute = false;
        try {
            for (int i = 0; i < joined.size(); i++) {
                ActiveNetwork network = joined.get(i);
                long offset = network.leases()
                        .lease(spec.networking().attachments().get(i).address(), network.name());
                boolean isDefault = !hasDefaultRoute && !network.spec().internal();
                hasDefaultRoute |= isDefault;
                LaunchPlan.Addresses addresses = network.at(offset);
                links.add(new LaunchPlan.Link(
                        prefix + i + member.id().substring(0, ID_DIGITS),
                        "eth" + i,
                        member.name(),
                        network.spec().mtu(),
                        mac(addresses.ipv4().orElseThrow().address()),
                        addresses,
                        network.gateways(),
                        isDefault));
            }
        } catch (RuntimeException e) {
            for (int i = 0; i < links.size(); i++) {
                joined.get(i).leases().release(ipv4(links.get(i)));
            }
            ports.release(member.id());
            throw e;
        }
        Networking networking = spec.networking();
        return new NetworkRecord(
                spec.mode(),
                new Networking(networking.attachments(), claimed, networking.egress(), networking.acceptFrom()),
                joined.stream().map(ActiveNetwork::name).toList(),
                links);
    }

    /** A hardware address that is the container's alone: locally administered, with its IPv4 address. */
    private static byte[] mac(InetAddress ipv4) {
        byte[] bytes = ipv4.getAddress();
        return new byte[] {2, 0, bytes[0], bytes[1], bytes[2], bytes[3]};
    }

    /**
     * Frees what a container had; called when it has ended or its launch failed. Its published ports are free when this
     * returns; rules, addresses and interfaces are removed in the background, because the kernel takes long for the
     * latter. Without effect the second time.
     */
    public void release(String id) {
        lock.lock();
        try {
            Optional<AttachedContainer> found = attached.find(id);
            if (found.isEmpty()) {
                return;
            }
            AttachedContainer container = found.get();
            detach(container);
            markers.set(id, false);
            egressChanges.remove(id);
            removeDetachedLater();
        } finally {
            lock.unlock();
        }
        notifyListeners();
    }

    /** Removes the container from all backends, and frees its ports. */
    private void detach(AttachedContainer container) {
        container.setServing(false);
        var changes = new ArrayList<>(rules.publish());
        changes.addAll(ports.release(container.member().id()));
        attached.remove(container);
        detached.add(container);
        if (changes.isEmpty() || !rules.areInstalled()) {
            return;
        }
        try {
            rules.apply(changes);
        } catch (IOException e) {
            rules.invalidate();
            log.error(
                    "can't remove the published ports of '{}': {}",
                    container.member().name(),
                    e.getMessage());
        }
    }

    /** Many that end at the same time are cleaned up together, and none delays the launches meanwhile. */
    private void removeDetachedLater() {
        if (!removalIsDue && !closed) {
            removalIsDue = true;
            later(REMOVAL_DELAY, () -> {
                removeDetached();
                // A network may be gone, and with it its resolver.
                notifyListeners();
            });
        }
    }

    private void later(Duration delay, Runnable removal) {
        var _ = background.schedule(
                () -> {
                    try {
                        removal.run();
                    } catch (RuntimeException | Error e) {
                        log.error("can't clean up after containers that have ended", e);
                    }
                },
                delay.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    /** Removes the rules of the containers that have left, and networks that nobody needs. */
    private void removeDetached() {
        lock.lock();
        try {
            removalIsDue = false;
            List<AttachedContainer> gone = List.copyOf(detached);
            detached.clear();
            if (gone.isEmpty() || closed) {
                return;
            }
            gone.forEach(this::releaseAddresses);
            removeRules(gone);
            later(KERNEL_DELAY, () -> removeInterfaces(gone));
        } finally {
            lock.unlock();
        }
    }

    private void removeRules(List<AttachedContainer> gone) {
        var changes = new ArrayList<NetworkChange>();
        gone.forEach(container -> changes.addAll(rules.removed(container)));
        networks.unused(attached.all()).forEach(network -> changes.addAll(rules.removed(network)));
        try {
            if (networks.isEmpty()) {
                rules.removeAll();
            } else {
                rules.apply(changes);
                networks.freeSubnets();
            }
        } catch (IOException | RuntimeException e) {
            log.warn(
                    "can't remove the rules of containers that have ended; retrying with the next change: {}",
                    e.getMessage());
            rules.invalidate();
        }
    }

    private void releaseAddresses(AttachedContainer container) {
        NetworkRecord record = container.record();
        for (int i = 0; i < record.links().size(); i++) {
            InetAddress address = ipv4(record.links().get(i));
            networks.find(record.networks().get(i))
                    .ifPresent(network -> network.leases().release(address));
        }
    }

    /**
     * Removes the interfaces that the kernel has not removed with their namespaces, because a process elsewhere keeps
     * one by a descriptor; and conntrack entries. By a helper of its own and without the lock: the kernel takes its time.
     */
    private void removeInterfaces(List<AttachedContainer> gone) {
        List<LaunchPlan.Link> links = gone.stream()
                .flatMap(container -> container.record().links().stream())
                .toList();
        try {
            Set<String> existing =
                    cleaner.list().links().stream().map(HostNetwork.Item::name).collect(Collectors.toSet());
            List<NetworkChange> removals = links.stream()
                    .map(LaunchPlan.Link::hostName)
                    .filter(existing::contains)
                    .<NetworkChange>map(NetworkChange.LinkRemoved::new)
                    .toList();
            if (!removals.isEmpty()) {
                cleaner.apply(removals);
            }
        } catch (IOException e) {
            log.warn("can't remove the interfaces of containers that have ended: {}", e.getMessage());
        }
        List<InetAddress> addresses = links.stream()
                .flatMap(link -> link.addresses().all())
                .filter(address -> !isLeased(address))
                .toList();
        try {
            cleaner.deleteConntrackEntries(addresses);
        } catch (IOException e) {
            log.warn("can't delete the conntrack entries of {}: {}", addresses, e.toString());
        }
    }

    /** Whether a container has the address: one that a service declares is leased again at once. */
    private boolean isLeased(InetAddress address) {
        lock.lock();
        try {
            return attached.all().stream()
                    .flatMap(container -> container.record().links().stream())
                    .flatMap(link -> link.addresses().all())
                    .anyMatch(address::equals);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Adds a container to, or removes it from, the backends of published ports and the answers to its names. Returns
     * once new connections follow; established ones continue.
     */
    public void setServing(String id, boolean serving) {
        update(id, container -> container.setServing(serving));
    }

    /** As {@link #setServing} with false, for good: before a container is stopped. */
    public void withdraw(String id) {
        update(id, AttachedContainer::withdraw);
    }

    private void update(String id, Consumer<AttachedContainer> update) {
        lock.lock();
        try {
            Optional<AttachedContainer> found = attached.find(id);
            if (found.isEmpty()) {
                return;
            }
            boolean before = found.get().isServing();
            update.accept(found.get());
            boolean serving = found.get().isServing();
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

    /**
     * Gives a container that is run by hand another egress policy, at once: connections that it no longer allows end
     * with their next packet.
     *
     * @throws InvalidSpecException when it is on no network, or of a service, whose policy is its fleet's
     */
    public void setEgress(String id, Egress egress) {
        lock.lock();
        try {
            AttachedContainer container = attached.find(id)
                    .orElseThrow(() -> new InvalidSpecException("it is on no network, so it reaches nothing"));
            container.member().service().ifPresent(service -> {
                throw new InvalidSpecException("its egress policy is that of the service '" + service
                        + "': change egress in its fleet file, and restart the manager");
            });
            // A manager that dies here leaves rules that the next one replaces.
            egressChanges.set(id, egress);
            var changes = new ArrayList<>(rules.removed(container));
            container.setEgress(egress);
            changes.addAll(rules.added(container));
            rules.apply(changes);
            // Replies are accepted by state: a peer that is no longer allowed could go on sending (UDP).
            host.endBegunConnections(container.record().links().stream()
                    .flatMap(link -> link.addresses().all())
                    .toList());
        } catch (IOException e) {
            rules.invalidate();
            throw new UncheckedIOException("can't change the egress policy: " + explain(e), e);
        } finally {
            lock.unlock();
        }
        // It may resolve other names now.
        notifyListeners();
    }

    /**
     * The egress policy of a container, as a fleet file writes it.
     *
     * @throws InvalidSpecException when it is on no network
     */
    public String egressOf(String id) {
        lock.lock();
        try {
            AttachedContainer container = attached.find(id)
                    .orElseThrow(() -> new InvalidSpecException("it is on no network, so it reaches nothing"));
            return policies.declaredEgress(container).toString();
        } finally {
            lock.unlock();
        }
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
                            policies.current(container.member(), container.networking())
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
        return policies.egress(container, networks.of(container)).allowsResolvers();
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
                    .map(container -> container.networking().ports())
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

    /** The traffic of a container, by its interfaces; empty if it is on no network. */
    public List<InterfaceUsage> usageOf(String id) {
        List<LaunchPlan.Link> links;
        lock.lock();
        try {
            links = attached.find(id)
                    .map(container -> container.record().links())
                    .orElse(List.of());
        } finally {
            lock.unlock();
        }
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
            log.warn("can't read the denied connections: {}", e.getMessage());
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    /** The IDs of the containers on networks. */
    public Set<String> attachedIds() {
        lock.lock();
        try {
            return attached.all().stream()
                    .map(container -> container.member().id())
                    .collect(Collectors.toSet());
        } finally {
            lock.unlock();
        }
    }

    /** How many packets of a container were denied; as of a moment ago, since all containers are asked about at once. */
    public long deniedPackets(String id) {
        return deniedRecently().stream()
                .filter(entry -> entry.id().equals(id))
                .mapToLong(DeniedConnection::packets)
                .sum();
    }

    private List<DeniedConnection> deniedRecently() {
        lock.lock();
        try {
            long now = System.nanoTime();
            if (now - deniedAt >= DENIED_AGE.toNanos()) {
                lastDenied = denied();
                deniedAt = now;
            }
            return lastDenied;
        } finally {
            lock.unlock();
        }
    }

    /** Restores the rules if another program has removed them: without them, containers would reach everything. */
    @Scheduled(fixedDelayString = "2s")
    void checkRules() {
        lock.lock();
        try {
            if (closed || networks.isEmpty() || rules.areInstalled() && rules.areIntact()) {
                return;
            }
            if (rules.areInstalled()) {
                log.error("another program has removed the rules of all networks (nft flush ruleset?); restoring them");
            }
            rules.rebuild();
            rulesFailed = false;
        } catch (IOException e) {
            rules.invalidate();
            if (!rulesFailed) {
                log.error("can't restore the rules of the networks: {}", explain(e));
            }
            rulesFailed = true;
        } finally {
            lock.unlock();
        }
    }

    /** Settings of the host that keep networks from working as declared. */
    public List<HostNetworkProblem> problems() {
        lock.lock();
        try {
            return problems.find();
        } finally {
            lock.unlock();
        }
    }

    /** At shutdown the rules stay: the containers keep running. */
    @Override
    public void destroy() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
        background.shutdownNow();
        try {
            // Waits for what is running; the next manager cleans up the rest.
            background.awaitTermination(REMOVAL_DELAY.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        lock.lock();
        try {
            cleaner.close();
            ports.close();
            host.close();
        } finally {
            lock.unlock();
        }
    }
}
