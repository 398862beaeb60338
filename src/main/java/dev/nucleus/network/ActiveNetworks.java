package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.NetworkAttachment;
import dev.nucleus.spec.NetworkSpec;
import dev.nucleus.spec.Networking;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.codec.digest.DigestUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The networks that this manager has now, with their subnets and gateways. Not thread-safe. */
final class ActiveNetworks {

    private static final Logger log = LoggerFactory.getLogger(ActiveNetworks.class);
    private static final int BRIDGE_DIGITS = 8;
    private static final int ID_DIGITS = 9;
    private static final int ULA_PREFIX = 48;
    private static final int IPV6_PREFIX = 64;

    private final NetworkProperties properties;
    private final NetworkPolicies policies;
    private final Path directory;
    private final String prefix;
    private final Cidr pool6;
    private final Subnets subnets;
    private final Map<String, ActiveNetwork> networks = new LinkedHashMap<>();

    /** @param prefix of the names of this manager's interfaces */
    ActiveNetworks(
            NetworkProperties properties, NetworkPolicies policies, Path directory, String prefix, byte[] digest) {
        this.properties = properties;
        this.policies = policies;
        this.directory = directory;
        this.prefix = prefix;
        this.pool6 = Cidr.parse("fd00::/8").block(new BigInteger(1, digest).longValue() & ((1L << 40) - 1), ULA_PREFIX);
        this.subnets = new Subnets(directory.resolve("subnets.json"), properties.poolBlock());
    }

    Collection<ActiveNetwork> all() {
        return networks.values();
    }

    boolean isEmpty() {
        return networks.isEmpty();
    }

    int count() {
        return networks.size();
    }

    Optional<ActiveNetwork> find(String name) {
        return Optional.ofNullable(networks.get(name));
    }

    ActiveNetwork require(String name) {
        return find(name).orElseThrow(() -> new IllegalStateException("there is no network " + name));
    }

    /** The networks that a container is on. */
    List<ActiveNetwork> of(AttachedContainer container) {
        return container.record().networks().stream().map(this::require).toList();
    }

    void remove(ActiveNetwork network) {
        networks.remove(network.name());
        try {
            Files.deleteIfExists(resolverFile(network));
        } catch (IOException e) {
            log.debug("can't delete the resolv.conf of {}: {}", network.name(), e.toString());
        }
    }

    /** Frees the subnets of networks that are no longer there. */
    void freeSubnets() {
        subnets.keepOnly(networks.keySet());
    }

    /** Restores a network that is no longer declared but that a running container is on. */
    ActiveNetwork restore(String name, LaunchPlan.Link link) {
        LaunchPlan.Addresses gateways = link.gateways();
        Cidr subnet = Cidr.around(
                gateways.ipv4().orElseThrow().address(),
                link.addresses().ipv4().orElseThrow().prefix());
        Optional<Cidr> subnet6 = gateways.ipv6()
                .map(gateway -> Cidr.around(
                        gateway.address(), link.addresses().ipv6().orElseThrow().prefix()));
        var spec = new NetworkSpec(
                NetworkAttachment.DEFAULT, Optional.of(subnet), subnet6.isPresent(), false, false, link.mtu());
        var network = new ActiveNetwork(name, bridgeName(name), spec, subnet, subnet6, leases(name, subnet));
        networks.put(name, network);
        return network;
    }

    private AddressLeases leases(String name, Cidr subnet) {
        return new AddressLeases(
                subnet, properties.addressCooldown(), InstantSource.system(), policies.reservedAddresses(name));
    }

    private String bridgeName(String network) {
        return prefix + "b" + DigestUtils.sha256Hex(network).substring(0, BRIDGE_DIGITS);
    }

    ActiveNetwork activate(String name, NetworkSpec spec) {
        ActiveNetwork known = networks.get(name);
        if (known != null) {
            return known;
        }
        try {
            PrivateDirectories.create(directory);
            Cidr subnet = subnets.assign(
                    name, spec, HostRoutes.others(prefix, subnets.all().values()));
            ActiveNetwork network = network(name, spec, subnet);
            Files.writeString(resolverFile(network), resolver(network));
            networks.put(name, network);
            return network;
        } catch (IOException e) {
            throw new UncheckedIOException("can't prepare the network " + name + ": " + e.getMessage(), e);
        }
    }

    private ActiveNetwork network(String name, NetworkSpec spec, Cidr subnet) {
        Optional<Cidr> subnet6 = spec.ipv6() && hasIpv6() ? Optional.of(block6(name)) : Optional.empty();
        return new ActiveNetwork(name, bridgeName(name), spec, subnet, subnet6, leases(name, subnet));
    }

    /** A /64 that depends on the name, so that a network keeps it; another if a network has it already. */
    private Cidr block6(String name) {
        long number = Integer.toUnsignedLong(name.hashCode()) & 0xffff;
        while (true) {
            Cidr block = pool6.block(number, IPV6_PREFIX);
            if (networks.values().stream()
                    .noneMatch(other ->
                            !other.name().equals(name) && other.subnet6().equals(Optional.of(block)))) {
                return block;
            }
            number = (number + 1) & 0xffff;
        }
    }

    static boolean hasIpv6() {
        try {
            return Files.exists(Path.of("/proc/net/if_inet6"))
                    && Files.readString(Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6"))
                            .strip()
                            .equals("0");
        } catch (IOException e) {
            return false;
        }
    }

    Path resolverFile(ActiveNetwork network) {
        return directory.resolve(network.link() + ".resolv.conf");
    }

    static String resolver(ActiveNetwork network) {
        int slash = network.name().indexOf('/');
        return (slash < 0 ? "" : "search " + network.name().substring(0, slash) + "." + Networks.DOMAIN + "\n")
                + "nameserver " + Cidr.text(network.subnet().at(1)) + "\noptions timeout:2 attempts:5\n";
    }

    /** The removal of routes of networks that are no longer there. */
    List<NetworkChange> staleRoutes() {
        return subnets.all().entrySet().stream()
                .filter(entry -> !networks.containsKey(entry.getKey()))
                .<NetworkChange>map(entry -> new NetworkChange.SubnetRemoved(
                        network(entry.getKey(), NetworkSpec.named(NetworkAttachment.DEFAULT), entry.getValue())
                                .gateways()))
                .toList();
    }

    List<ActiveNetwork> resolve(NetworkMember member, Networking networking) {
        var joined = new ArrayList<ActiveNetwork>();
        for (NetworkAttachment attachment : networking.attachments()) {
            String name = NetworkPolicies.fullName(attachment.network(), member.service());
            ActiveNetwork network = networks.get(name);
            if (network == null && name.equals(NetworkAttachment.BRIDGE)) {
                network = activate(name, NetworkSpec.named(NetworkAttachment.BRIDGE));
            }
            NetworkSpec declared = policies.networks().get(name);
            if (network == null && declared != null) {
                network = activate(name, declared);
            }
            if (network == null) {
                throw new InvalidSpecException("there is no network '" + name + "'; there are "
                        + String.join(
                                ", ",
                                Stream.concat(Stream.of(NetworkAttachment.BRIDGE), networks.keySet().stream())
                                        .distinct()
                                        .toList()));
            }
            joined.add(network);
        }
        return joined;
    }

    /** Networks that nothing declares and no container is on. */
    List<ActiveNetwork> unused(Collection<AttachedContainer> attached) {
        return networks.values().stream()
                .filter(network -> !policies.networks().containsKey(network.name()))
                // Kept, with the cooldown of its addresses, for the next container.
                .filter(network -> !network.name().equals(NetworkAttachment.BRIDGE))
                .filter(network -> attached.stream()
                        .noneMatch(container -> container.record().networks().contains(network.name())))
                .toList();
    }

    /**
     * Leases addresses for a container on its networks. The first network that is not internal has its default route.
     *
     * @throws InvalidSpecException when one is taken or none is free; nothing is leased then
     */
    List<LaunchPlan.Link> lease(NetworkMember member, List<NetworkAttachment> attachments, List<ActiveNetwork> joined) {
        var links = new ArrayList<LaunchPlan.Link>();
        boolean hasDefaultRoute = false;
        try {
            for (int i = 0; i < joined.size(); i++) {
                ActiveNetwork network = joined.get(i);
                long offset = network.leases().lease(attachments.get(i).address(), network.name());
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
                joined.get(i).leases().release(links.get(i).ipv4());
            }
            throw e;
        }
        return links;
    }

    /** A MAC address that is the container's alone: locally administered, with its IPv4 address. */
    private static byte[] mac(InetAddress ipv4) {
        byte[] bytes = ipv4.getAddress();
        return new byte[] {2, 0, bytes[0], bytes[1], bytes[2], bytes[3]};
    }

    /** Ends a container's leases. */
    void release(NetworkRecord record) {
        for (int i = 0; i < record.links().size(); i++) {
            InetAddress address = record.links().get(i).ipv4();
            find(record.networks().get(i)).ifPresent(network -> network.leases().release(address));
        }
    }
}
