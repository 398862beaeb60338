package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.LaunchRequest;
import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.shim.ShimException;
import dev.nucleus.spawner.Spawner;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.NetworkAttachment;
import dev.nucleus.spec.NetworkSpec;
import dev.nucleus.spec.Networking;
import dev.nucleus.spec.Protocol;
import dev.nucleus.spec.PublishedPort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
 * The networks of this manager's containers. What it knows is the truth; the kernel's rules follow it, and are made anew
 * when they may differ: after a start, and when the helper was lost. Thread-safe.
 */
@Component
public final class Networks implements DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(Networks.class);
    private static final int TAG = 3;
    private static final int DNS = 53;
    private static final int ID_DIGITS = 9;
    private static final int BRIDGE_DIGITS = 8;
    private static final int IPV6_GLOBAL_BITS = 48;

    /** How the search domain of a fleet ends; reserved for private use (ICANN, 2024). */
    public static final String DOMAIN = "internal";

    private final NetworkProperties properties;
    private final Path directory;
    private final String prefix;
    private final String instance;
    private final Cidr pool6;
    private final Subnets subnets;
    private final HostNetwork host;
    private final NetworkPolicies policies = new NetworkPolicies();
    private final ExecutorService background = Executors.newSingleThreadExecutor(
            Thread.ofVirtual().name("networks-", 0).factory());

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, ActiveNetwork> networks = new LinkedHashMap<>();
    private final Map<String, Attached> attached = new LinkedHashMap<>();
    private final Map<String, AppliedPolicy> applied = new LinkedHashMap<>();
    private final PublishedPorts ports = new PublishedPorts();
    private final List<NetworkListener> listeners = new ArrayList<>();
    /** Whether the rules exist in the kernel, as far as this manager knows. */
    private boolean ruled;

    /** A policy in the kernel, and the number of containers that have it. */
    private record AppliedPolicy(List<String> groups, EgressPolicy egress, int users) {}

    /** A container on networks. */
    private static final class Attached {
        private final NetworkMember member;
        private final NetworkRecord record;
        private volatile boolean serving;
        /** Whether it serves only because it did so when an earlier manager ended. */
        private volatile boolean carriedOver;

        Attached(NetworkMember member, NetworkRecord record) {
            this.member = member;
            this.record = record;
        }
    }

    /** What a launch needs to know of networks, and what its record keeps. */
    public record Access(LaunchRequest.NetworkAccess access, Optional<NetworkRecord> record) {

        static final Access NONE = new Access(LaunchRequest.NetworkAccess.NONE, Optional.empty());
    }

    Networks(NucleusProperties locations, NetworkProperties properties, Spawner spawner) {
        this.properties = properties;
        this.directory = locations.state().resolve("network");
        this.instance = locations.state().toString();
        byte[] digest = DigestUtils.sha256(instance);
        String tag = new BigInteger(1, digest).toString(Character.MAX_RADIX).substring(0, TAG);
        this.prefix = "nu" + tag;
        this.pool6 = Cidr.parse("fd00::/8")
                .block(new BigInteger(1, digest).longValue() & ((1L << 40) - 1), IPV6_GLOBAL_BITS);
        this.subnets = new Subnets(directory.resolve("subnets.json"), properties.poolBlock());
        this.host = new HostNetwork(spawner, properties.table(), prefix, instance);
    }

    /** Is told of each change of who is on which network, or serves. */
    public void listen(NetworkListener listener) {
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
    public void synchronize(List<Member> running) {
        lock.lock();
        try {
            boolean left = hasInterfaces();
            if (policies.networks().isEmpty() && running.isEmpty() && !left) {
                return;
            }
            policies.networks().forEach(this::activate);
            running.forEach(this::adopt);
            if (networks.isEmpty()) {
                removeAll();
            } else {
                rebuild();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("can't set up the networks: " + e.getMessage(), e);
        } finally {
            lock.unlock();
        }
        changed();
    }

    /**
     * A container that runs already.
     *
     * @param standalone whether it is of no service, so that nothing says whether it serves
     */
    public record Member(NetworkMember member, NetworkRecord record, boolean standalone) {}

    /** Exists while a container serves: a later manager lets it serve until it knows better. */
    private Path marker(String id) {
        return directory.resolve("serving").resolve(id);
    }

    private void mark(String id, boolean serving) {
        try {
            if (serving) {
                PrivateDirectories.create(directory.resolve("serving"));
                Files.writeString(marker(id), "");
            } else {
                Files.deleteIfExists(marker(id));
            }
        } catch (IOException e) {
            log.warn("whether a container serves is not recorded for a later manager: {}", e.toString());
        }
    }

    /** Whether a container serves only because it did so when an earlier manager ended. */
    public boolean isCarriedOver(String id) {
        lock.lock();
        try {
            return Optional.ofNullable(attached.get(id))
                    .filter(container -> container.carriedOver)
                    .isPresent();
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

    private void adopt(Member found) {
        NetworkRecord record = found.record();
        var container = new Attached(found.member(), record);
        container.serving =
                found.standalone() || Files.exists(marker(found.member().id()));
        container.carriedOver = container.serving && !found.standalone();
        for (int i = 0; i < record.links().size(); i++) {
            String name = record.networks().get(i);
            LaunchPlan.Addresses addresses = record.links().get(i).addresses();
            ActiveNetwork network = networks.get(name);
            if (network == null) {
                network = restore(name, record.links().get(i));
            }
            network.leases().adopt(addresses.ipv4().orElseThrow().address());
        }
        attached.put(found.member().id(), container);
        try {
            ports.claim(found.member().id(), found.member().owner(), ports(found.member(), record.networking()));
        } catch (InvalidSpecException e) {
            log.error("'{}' keeps running, but: {}", found.member().name(), e.getMessage());
        }
    }

    private List<PublishedPort> ports(NetworkMember member, Networking launched) {
        return policies.current(member, launched).ports();
    }

    /** A network that no fleet declares any more, of which a container still runs. */
    private ActiveNetwork restore(String name, LaunchPlan.Link link) {
        LaunchPlan.Addresses gateways = link.gateways();
        Cidr subnet = subnetOf(
                gateways.ipv4().orElseThrow().address(),
                link.addresses().ipv4().orElseThrow().prefix());
        Optional<Cidr> subnet6 = gateways.ipv6()
                .map(gateway -> subnetOf(
                        gateway.address(), link.addresses().ipv6().orElseThrow().prefix()));
        var spec = new NetworkSpec(
                NetworkAttachment.DEFAULT, Optional.of(subnet), subnet6.isPresent(), false, false, link.mtu());
        var network = new ActiveNetwork(name, bridgeName(name), spec, subnet, subnet6, leases(subnet));
        networks.put(name, network);
        return network;
    }

    private static Cidr subnetOf(InetAddress address, int prefix) {
        byte[] bytes = address.getAddress();
        for (int bit = prefix; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] &= (byte) ~(0x80 >> bit % 8);
        }
        return new Cidr(Cidr.address(address(bytes)), prefix);
    }

    private static String address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes).getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private AddressLeases leases(Cidr subnet) {
        return new AddressLeases(subnet, properties.addressRest(), InstantSource.system());
    }

    private String bridgeName(String network) {
        return prefix + "b" + DigestUtils.sha256Hex(network).substring(0, BRIDGE_DIGITS);
    }

    private ActiveNetwork activate(String name, NetworkSpec spec) {
        ActiveNetwork known = networks.get(name);
        if (known != null) {
            return known;
        }
        try {
            PrivateDirectories.create(directory);
            Cidr subnet = subnets.assign(name, spec, HostRoutes.others(prefix));
            ActiveNetwork network = network(name, spec, subnet);
            Files.writeString(resolverFile(network), resolver(network));
            networks.put(name, network);
            return network;
        } catch (IOException e) {
            throw new UncheckedIOException("can't prepare the network " + name + ": " + e.getMessage(), e);
        }
    }

    private ActiveNetwork network(String name, NetworkSpec spec, Cidr subnet) {
        Optional<Cidr> subnet6 = spec.ipv6() && hasIpv6()
                ? Optional.of(pool6.block(Integer.toUnsignedLong(name.hashCode()) & 0xffff, 64))
                : Optional.empty();
        return new ActiveNetwork(name, bridgeName(name), spec, subnet, subnet6, leases(subnet));
    }

    private static boolean hasIpv6() {
        return Files.exists(Path.of("/proc/net/if_inet6"));
    }

    private Path resolverFile(ActiveNetwork network) {
        return directory.resolve(network.link() + ".resolv.conf");
    }

    private static String resolver(ActiveNetwork network) {
        int slash = network.name().indexOf('/');
        return (slash < 0 ? "" : "search " + network.name().substring(0, slash) + "." + DOMAIN + "\n") + "nameserver "
                + Cidr.text(network.subnet().at(1)) + "\noptions timeout:2 attempts:5\n";
    }

    /** Removes whatever an earlier manager left; there are no networks any more. */
    private void removeAll() throws IOException {
        var changes = new ArrayList<NetworkChange>(List.of(new NetworkChange.Delete()));
        host.list().links().forEach(link -> changes.add(new NetworkChange.LinkRemoved(link.name())));
        changes.addAll(routesLeft());
        host.apply(changes);
        subnets.keepOnly(Set.of());
        ruled = false;
    }

    /** The removal of routes of networks that are no longer there. */
    private List<NetworkChange> routesLeft() {
        return subnets.all().entrySet().stream()
                .filter(entry -> !networks.containsKey(entry.getKey()))
                .<NetworkChange>map(entry -> new NetworkChange.SubnetRemoved(
                        network(entry.getKey(), NetworkSpec.named(NetworkAttachment.DEFAULT), entry.getValue())
                                .gateways()))
                .toList();
    }

    /** Makes all rules anew, in one transaction; connections that are allowed are not disturbed. */
    private void rebuild() throws IOException {
        var known = new LinkedHashSet<String>();
        networks.values().forEach(network -> known.add(network.link()));
        attached.values().forEach(container -> container.record.links().forEach(link -> known.add(link.hostName())));
        var changes = new ArrayList<NetworkChange>();
        changes.add(new NetworkChange.Reset());
        if (properties.ipForward()) {
            changes.add(new NetworkChange.Forwarding(hasIpv6()));
        }
        host.list().links().stream()
                .filter(link -> !known.contains(link.name()))
                .forEach(link -> changes.add(new NetworkChange.LinkRemoved(link.name())));
        changes.addAll(routesLeft());
        applied.clear();
        ports.forgetApplied();
        networks.values().forEach(network -> changes.addAll(added(network)));
        attached.values().forEach(container -> changes.addAll(added(container)));
        changes.addAll(publish());
        host.apply(changes);
        ruled = true;
        subnets.keepOnly(networks.keySet());
    }

    private List<NetworkChange> added(ActiveNetwork network) {
        var changes = new ArrayList<NetworkChange>();
        changes.add(network.bridge(true));
        var groups = new LinkedHashSet<>(policies.groups(network.name()));
        // Those of containers whose service is no longer declared as it was.
        attached.values().forEach(container -> groups.addAll(memberships(container, network)));
        groups.forEach(group -> changes.add(new NetworkChange.Group(true, group)));
        return changes;
    }

    private List<String> memberships(Attached container, ActiveNetwork network) {
        return container.record.networks().contains(network.name())
                ? NetworkPolicies.memberships(
                        network.name(),
                        network.spec().isolated(),
                        container.member,
                        policies.current(container.member, container.record.networking()))
                : List.of();
    }

    private List<ActiveNetwork> networksOf(Attached container) {
        return container.record.networks().stream().map(this::active).toList();
    }

    private ActiveNetwork active(String name) {
        ActiveNetwork network = networks.get(name);
        if (network == null) {
            throw new IllegalStateException("there is no network " + name);
        }
        return network;
    }

    /** The changes that give a container its policy and its addresses. */
    private List<NetworkChange> added(Attached container) {
        var changes = new ArrayList<NetworkChange>();
        String name = container.member.policy();
        List<ActiveNetwork> its = networksOf(container);
        AppliedPolicy former = applied.get(name);
        EgressPolicy egress =
                policies.egress(container.member, container.record.mode(), container.record.networking(), its);
        List<String> groups = policies.reachable(its, container.member);
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

    private List<NetworkChange> links(Attached container, EgressPolicy egress, boolean adds) {
        var changes = new ArrayList<NetworkChange>();
        for (int i = 0; i < container.record.links().size(); i++) {
            ActiveNetwork network = active(container.record.networks().get(i));
            changes.add(new NetworkChange.Attachment(
                    adds,
                    container.record.links().get(i),
                    container.member.policy(),
                    memberships(container, network),
                    egress.hostServices()));
        }
        return changes;
    }

    private List<NetworkChange> removed(Attached container) {
        String name = container.member.policy();
        AppliedPolicy policy = applied.get(name);
        if (policy == null) {
            return List.of();
        }
        var changes = new ArrayList<>(links(container, policy.egress(), false));
        if (policy.users() == 1) {
            applied.remove(name);
            changes.add(new NetworkChange.PolicyRemoved(
                    name, policy.egress().rules().size()));
        } else {
            applied.put(name, new AppliedPolicy(policy.groups(), policy.egress(), policy.users() - 1));
        }
        return changes;
    }

    private List<NetworkChange> publish() {
        return ports.update(ids -> serving(ids, true), ids -> serving(ids, false));
    }

    /** The addresses of those that serve, in the order of their names. */
    private List<InetAddress> serving(Set<String> ids, boolean ipv4) {
        return ids.stream()
                .map(attached::get)
                .filter(container -> container != null && container.serving)
                .sorted((one, other) -> one.member.name().compareTo(other.member.name()))
                .flatMap(container -> container.record.links().stream()
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
    private void apply(List<NetworkChange> changes) throws IOException {
        if (!ruled || !host.isConnected()) {
            rebuild();
            return;
        }
        try {
            host.apply(changes);
        } catch (IOException e) {
            log.warn("the rules of the networks are made anew: {}", e.getMessage());
            ruled = false;
            rebuild();
        }
    }

    /**
     * Gives a container addresses, ports and a policy, before it is launched.
     *
     * @throws InvalidSpecException when a port or address is taken, or there is no such network
     */
    public Access attach(NetworkMember member, ContainerSpec spec) {
        if (spec.network() != Network.BRIDGE) {
            return Access.NONE;
        }
        lock.lock();
        try {
            List<ActiveNetwork> its = resolve(member, spec.networking());
            List<PublishedPort> claimed =
                    ports.claim(member.id(), member.owner(), spec.networking().ports());
            NetworkRecord record = record(member, spec, its, claimed);
            var container = new Attached(member, record);
            attached.put(member.id(), container);
            try {
                var changes = new ArrayList<NetworkChange>(added(container));
                changes.addAll(publish());
                apply(changes);
            } catch (IOException | RuntimeException e) {
                forget(member.id());
                throw e;
            }
            return new Access(access(its, record), Optional.of(record));
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

    /** What attaching would give, without doing it. */
    public Access preview(NetworkMember member, ContainerSpec spec) {
        return Access.NONE;
    }

    private LaunchRequest.NetworkAccess access(List<ActiveNetwork> its, NetworkRecord record) {
        ActiveNetwork first = its.getFirst();
        return new LaunchRequest.NetworkAccess(record.links(), resolver(first), Optional.of(resolverFile(first)));
    }

    private List<ActiveNetwork> resolve(NetworkMember member, Networking networking) {
        var its = new ArrayList<ActiveNetwork>();
        for (NetworkAttachment attachment : networking.attachments()) {
            String name = NetworkPolicies.fullName(attachment.network(), member.service());
            ActiveNetwork network = networks.get(name);
            if (network == null && name.equals(NetworkAttachment.BRIDGE)) {
                network = activate(name, NetworkSpec.named(NetworkAttachment.BRIDGE));
                // The rules of the new network come first.
                ruled = false;
            }
            if (network == null && policies.networks().containsKey(name)) {
                network = activate(name, policies.networks().get(name));
                ruled = false;
            }
            if (network == null) {
                throw new InvalidSpecException("there is no network '" + name + "'; there are "
                        + String.join(
                                ", ",
                                Stream.concat(Stream.of(NetworkAttachment.BRIDGE), networks.keySet().stream())
                                        .distinct()
                                        .toList()));
            }
            its.add(network);
        }
        return its;
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
                its.get(i)
                        .leases()
                        .release(links.get(i).addresses().ipv4().orElseThrow().address());
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
            Attached container = attached.get(id);
            if (container == null) {
                return;
            }
            container.serving = false;
            List<InetAddress> addresses = container.record.links().stream()
                    .flatMap(link -> link.addresses().all())
                    .toList();
            var changes = new ArrayList<NetworkChange>(forget(id));
            mark(id, false);
            List<ActiveNetwork> unused = unused();
            unused.forEach(network -> changes.addAll(removed(network)));
            try {
                if (networks.isEmpty()) {
                    removeAll();
                } else {
                    apply(changes);
                    subnets.keepOnly(networks.keySet());
                }
            } catch (IOException e) {
                log.warn(
                        "the rules for '{}' remain until the next change: {}", container.member.name(), e.getMessage());
                ruled = false;
            }
            background.execute(() -> forgetConnections(addresses));
        } finally {
            lock.unlock();
        }
        changed();
    }

    private List<NetworkChange> forget(String id) {
        Attached container = attached.get(id);
        if (container == null) {
            return List.of();
        }
        container.serving = false;
        var changes = new ArrayList<NetworkChange>(publish());
        changes.addAll(ports.release(id));
        changes.addAll(removed(container));
        attached.remove(id);
        for (int i = 0; i < container.record.links().size(); i++) {
            active(container.record.networks().get(i))
                    .leases()
                    .release(container
                            .record
                            .links()
                            .get(i)
                            .addresses()
                            .ipv4()
                            .orElseThrow()
                            .address());
        }
        return changes;
    }

    /** Networks that nothing declares and no container is on. */
    private List<ActiveNetwork> unused() {
        return networks.values().stream()
                .filter(network -> !policies.networks().containsKey(network.name()))
                .filter(network -> attached.values().stream()
                        .noneMatch(container -> container.record.networks().contains(network.name())))
                .toList();
    }

    private List<NetworkChange> removed(ActiveNetwork network) {
        networks.remove(network.name());
        var changes = new ArrayList<NetworkChange>();
        changes.add(network.bridge(false));
        policies.groups(network.name()).forEach(group -> changes.add(new NetworkChange.Group(false, group)));
        return changes;
    }

    private void forgetConnections(List<InetAddress> addresses) {
        lock.lock();
        try {
            host.forget(addresses);
        } catch (IOException e) {
            log.debug("tracked connections of {} remain until they expire: {}", addresses, e.toString());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets published ports and names lead to a container, or no longer. Returns when new connections follow it;
     * established ones go on.
     */
    public void setServing(String id, boolean serving) {
        lock.lock();
        try {
            Attached container = attached.get(id);
            if (container == null) {
                return;
            }
            container.carriedOver = false;
            if (container.serving == serving) {
                return;
            }
            container.serving = serving;
            mark(id, serving);
            List<NetworkChange> changes = publish();
            if (!changes.isEmpty()) {
                apply(changes);
            }
        } catch (IOException e) {
            log.error("published ports don't follow the readiness of a container: {}", e.getMessage());
        } finally {
            lock.unlock();
        }
        changed();
    }

    private void changed() {
        listeners.forEach(NetworkListener::onChange);
    }

    /**
     * A container on a network.
     *
     * @param asksOutside whether it may resolve names that are not of its networks: without egress, names would be a way
     *     out
     */
    public record Resident(
            NetworkMember member,
            List<String> aliases,
            LaunchPlan.Addresses addresses,
            boolean serving,
            boolean asksOutside) {}

    /** A network with the containers on it. */
    public record View(
            String name,
            String link,
            NetworkSpec spec,
            Cidr subnet,
            Optional<Cidr> subnet6,
            List<Resident> residents) {}

    /** All networks. */
    public List<View> views() {
        lock.lock();
        try {
            return networks.values().stream()
                    .map(network -> new View(
                            network.name(),
                            network.link(),
                            network.spec(),
                            network.subnet(),
                            network.subnet6(),
                            residents(network.name())))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    private List<Resident> residents(String network) {
        var residents = new ArrayList<Resident>();
        for (Attached container : attached.values()) {
            for (int i = 0; i < container.record.networks().size(); i++) {
                if (container.record.networks().get(i).equals(network)) {
                    residents.add(new Resident(
                            container.member,
                            container.record.networking().attachments().get(i).aliases(),
                            container.record.links().get(i).addresses(),
                            container.serving,
                            asksOutside(container)));
                }
            }
        }
        return residents;
    }

    private boolean asksOutside(Attached container) {
        EgressPolicy egress = policies.egress(
                container.member, container.record.mode(), container.record.networking(), networksOf(container));
        return egress.open() || egress.rules().stream().anyMatch(PolicyRule::allows);
    }

    /** The published ports, and where they lead. */
    public List<Publication> publications() {
        lock.lock();
        try {
            return ports.list().stream()
                    .map(port -> new Publication(
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

    /**
     * A published port.
     *
     * @param owner the service or container that publishes it
     * @param backends addresses of the containers that new connections go to
     */
    public record Publication(PublishedPort port, String owner, List<InetAddress> backends) {}

    /** The ports of a container with the numbers that were chosen; empty: it publishes none. */
    public List<PublishedPort> portsOf(String id) {
        lock.lock();
        try {
            return Optional.ofNullable(attached.get(id))
                    .map(container -> container.record.networking().ports())
                    .orElse(List.of());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether a connection is allowed.
     *
     * @param rule what decides it
     * @param remedy what would allow it; empty if it is allowed
     */
    public record Decision(boolean allowed, String rule, Optional<String> remedy) {

        private static Decision allowed(String rule) {
            return new Decision(true, rule, Optional.empty());
        }

        private static Decision denied(String rule, String remedy) {
            return new Decision(false, rule, Optional.of(remedy));
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
            Attached container = attached.get(id);
            if (container == null) {
                throw new InvalidSpecException("it is on no network, so it reaches nothing");
            }
            Optional<Attached> peer = attached.values().stream()
                    .filter(other -> other.record.links().stream()
                            .flatMap(link -> link.addresses().all())
                            .anyMatch(to::equals))
                    .findFirst();
            EgressPolicy egress = policies.egress(
                    container.member, container.record.mode(), container.record.networking(), networksOf(container));
            return peer.map(other -> toContainer(container, other, to))
                    .orElseGet(() -> isHosts(to) && !isPublished(to, port, protocol)
                            ? toHost(container, egress, to, port, protocol)
                            : toOutside(container, egress, to, port, protocol));
        } finally {
            lock.unlock();
        }
    }

    private Decision toContainer(Attached from, Attached other, InetAddress to) {
        List<String> reachable = policies.reachable(networksOf(from), from.member);
        for (int i = 0; i < other.record.links().size(); i++) {
            if (other.record.links().get(i).addresses().all().noneMatch(to::equals)) {
                continue;
            }
            ActiveNetwork network = active(other.record.networks().get(i));
            Networking its = policies.current(other.member, other.record.networking());
            List<String> groups =
                    NetworkPolicies.memberships(network.name(), network.spec().isolated(), other.member, its);
            if (groups.stream().anyMatch(reachable::contains)) {
                return Decision.allowed("both are on the network " + network.name()
                        + (its.acceptFrom().isPresent() ? ", and " + other.member.policy() + " accepts it" : ""));
            }
            boolean shared = from.record.networks().contains(network.name());
            String remedy = shared
                    ? "write accept-from: [" + accepting(its, from) + "] in the service " + other.member.policy()
                    : "put both on one network: networks: ["
                            + network.name().substring(network.name().indexOf('/') + 1) + "]";
            return Decision.denied(
                    shared
                            ? other.member.policy() + " accepts connections from "
                                    + its.acceptFrom()
                                            .map(names -> String.join(", ", names))
                                            .orElse("nobody")
                                    + (its.acceptFrom().isEmpty() ? ": the network is isolated" : " only")
                            : "it is '" + other.member.name() + "', on the network " + network.name()
                                    + ", which this container is not on",
                    remedy);
        }
        throw new IllegalStateException(to + " is no address of " + other.member.name());
    }

    /** Whom a service would accept connections from, so that the container is among them. */
    private static String accepting(Networking its, Attached from) {
        var names = new ArrayList<>(its.acceptFrom().orElse(List.of()));
        names.add(from.member.service().map(NetworkMember.ServiceName::service).orElse(from.member.name()));
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

    private Decision toHost(Attached from, EgressPolicy egress, InetAddress to, int port, Protocol protocol) {
        if (to.isLoopbackAddress()) {
            return Decision.denied(
                    "a loopback address is the container's own; it never leads to the host",
                    "connect to the container's service by its name instead");
        }
        boolean gateway = networksOf(from).stream()
                .flatMap(network -> network.gateways().all())
                .anyMatch(to::equals);
        if (gateway && port == DNS) {
            return Decision.allowed("the gateway resolves names");
        }
        String rule = Cidr.text(to) + ":" + port + "/" + protocol;
        return egress.hostServices().stream()
                        .anyMatch(each -> each.destination().contains(to)
                                && each.protocol().equals(Optional.of(protocol))
                                && each.ports().orElseThrow().first() == port)
                ? Decision.allowed("egress: allow " + rule + " names this service of the host exactly")
                : Decision.denied(
                        "it is an address of this host, whose services are closed to containers",
                        "write egress: {allow: [\"" + rule + "\"]}");
    }

    private static Decision toOutside(Attached from, EgressPolicy egress, InetAddress to, int port, Protocol protocol) {
        Optional<PolicyRule> rule = egress.matching(to, Optional.of(protocol), port);
        String remedy = "write egress: {allow: [\"" + Cidr.text(to) + ":" + port + "/" + protocol + "\"]}"
                + from.member.service().map(name -> " in the service " + name).orElse("");
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

    /** Connections of one container to one destination that were refused. */
    public record DeniedConnection(String id, String name, InetAddress address, int protocol, int port, long packets) {}

    /** The refused connections of the containers that run. */
    public List<DeniedConnection> denied() {
        lock.lock();
        try {
            if (!ruled) {
                return List.of();
            }
            var denied = new ArrayList<DeniedConnection>();
            for (HostNetwork.Denied entry : host.denied()) {
                attached.values().stream()
                        .filter(container -> container.record.links().stream()
                                .anyMatch(link -> link.hostName().equals(entry.link())))
                        .findFirst()
                        .ifPresent(container -> denied.add(new DeniedConnection(
                                container.member.id(),
                                container.member.name(),
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
            return ruled
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
