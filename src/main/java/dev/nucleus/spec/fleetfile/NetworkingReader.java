package dev.nucleus.spec.fleetfile;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Egress;
import dev.nucleus.spec.EgressRule;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.NetworkAttachment;
import dev.nucleus.spec.NetworkSpec;
import dev.nucleus.spec.Networking;
import dev.nucleus.spec.PortRange;
import dev.nucleus.spec.Protocol;
import dev.nucleus.spec.PublishedPort;
import dev.nucleus.spec.ServiceSpec;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Reads networks, and the fields of a service that describe its place in them. */
final class NetworkingReader {

    private NetworkingReader() {}

    /** A network that the fleet declares; null in YAML: with every default. */
    static Optional<NetworkSpec> network(String name, YamlValue value) {
        if (value.isNull()) {
            return value.attempt(() -> NetworkSpec.named(name));
        }
        return value.mapping().flatMap(fields -> {
            Optional<Cidr> subnet = fields.parse("subnet", Cidr::parse).or(() -> addressManagement(fields));
            boolean ipv6 =
                    flag(fields, "ipv6").or(() -> flag(fields, "enable-ipv6")).orElse(true);
            boolean internal = flag(fields, "internal").orElse(false);
            boolean isolated = flag(fields, "isolated").orElse(false);
            int mtu = fields.take("mtu")
                    .flatMap(number -> number.integer(NetworkSpec::checkMtu))
                    .orElse(NetworkSpec.DEFAULT_MTU);
            fields.acceptOnly("bridge", "driver", "Nucleus has one kind of network; leave it out");
            fields.refuse("external", "a network belongs to the fleet that declares it");
            fields.refuse("driver_opts", "write mtu: 1500 beside it; there are no other options");
            fields.refuse("attachable", "containers join it with nucleus run --network FLEET/NETWORK; leave it out");
            fields.refuse("labels", "use a field that begins with x-");
            fields.refuse("name", "a network is named by its fleet and its key, such as shop/inside");
            fields.finish();
            return value.attempt(() -> new NetworkSpec(name, subnet, ipv6, internal, isolated, mtu));
        });
    }

    private static Optional<Boolean> flag(YamlMapping fields, String name) {
        return fields.take(name).flatMap(YamlValue::bool);
    }

    /** Compose's {@code ipam: {config: [{subnet: …}]}}. */
    private static Optional<Cidr> addressManagement(YamlMapping fields) {
        return fields.take("ipam").flatMap(YamlValue::mapping).flatMap(ipam -> {
            ipam.acceptOnly("default", "driver", "Nucleus assigns the addresses; leave it out");
            List<YamlValue> items = ipam.take("config").map(YamlValue::items).orElse(List.of());
            Optional<Cidr> subnet = Optional.empty();
            for (YamlValue item : items) {
                Optional<Cidr> found = item.mapping().flatMap(entry -> {
                    Optional<Cidr> block = entry.parse("subnet", Cidr::parse);
                    entry.refuse("gateway", "the gateway is the first address of the subnet");
                    entry.refuse("ip_range", "addresses are assigned from the whole subnet");
                    entry.refuse(
                            "aux_addresses", "give a service its address: networks: {inside: {address: 10.42.0.9}}");
                    entry.finish();
                    return block;
                });
                subnet = subnet.or(() -> found);
            }
            ipam.finish();
            return subnet;
        });
    }

    /** Reads {@code network}, {@code networks}, {@code ports}, {@code egress} and {@code accept-from} of a service. */
    static void read(YamlMapping fields, ContainerSpec.Builder spec) {
        Optional<Network> network = fields.parse("network", Network::parse);
        List<NetworkAttachment> attachments =
                fields.take("networks").map(NetworkingReader::attachments).orElse(List.of());
        List<PublishedPort> ports =
                fields.take("ports").map(NetworkingReader::ports).orElse(List.of());
        Optional<Egress> egress = fields.take("egress").flatMap(NetworkingReader::egress);
        Optional<List<String>> acceptFrom = fields.take("accept-from").map(value -> value.list(Function.identity()));
        if (network.filter(kind -> kind == Network.BRIDGE).isPresent() && attachments.isEmpty()) {
            attachments = List.of(NetworkAttachment.to(NetworkAttachment.DEFAULT));
        }
        if (network.isEmpty() && !(attachments.isEmpty() && ports.isEmpty())) {
            network = Optional.of(Network.BRIDGE);
        }
        network.ifPresent(spec::network);
        spec.networking(new Networking(attachments, ports, egress, acceptFrom));
    }

    private static List<NetworkAttachment> attachments(YamlValue value) {
        if (!value.isMapping()) {
            return value.list(NetworkAttachment::to);
        }
        var attachments = new ArrayList<NetworkAttachment>();
        value.mapping()
                .ifPresent(entries -> entries.takeAll()
                        .forEach((name, entry) -> attachment(name, entry).ifPresent(attachments::add)));
        return attachments;
    }

    private static Optional<NetworkAttachment> attachment(String name, YamlValue value) {
        if (value.isNull()) {
            return Optional.of(NetworkAttachment.to(name));
        }
        return value.mapping().map(fields -> {
            List<String> aliases = fields.list("aliases", NetworkingReader::hostName);
            Optional<InetAddress> address =
                    fields.parse("address", Cidr::address).or(() -> fields.parse("ipv4-address", Cidr::address));
            fields.refuse("ipv6_address", "IPv6 addresses are assigned; leave it out");
            fields.refuse("link_local_ips", "containers have no link-local addresses");
            fields.refuse("mac_address", "containers have no layer 2 in common; leave it out");
            fields.refuse("priority", "the first network that is not internal leads outside; order them so");
            fields.refuse("gw_priority", "the first network that is not internal leads outside; order them so");
            fields.finish();
            return new NetworkAttachment(name, aliases, address);
        });
    }

    private static String hostName(String text) {
        if (!text.matches(
                "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")) {
            throw new InvalidSpecException("'" + text + "' is not a host name");
        }
        return text;
    }

    private static List<PublishedPort> ports(YamlValue value) {
        var ports = new ArrayList<PublishedPort>();
        for (YamlValue item : value.items()) {
            if (item.isMapping()) {
                item.mapping().flatMap(NetworkingReader::port).ifPresent(ports::addAll);
            } else {
                item.parse(PublishedPort::parse).ifPresent(ports::addAll);
            }
        }
        return ports;
    }

    /** Compose's long form. */
    private static Optional<List<PublishedPort>> port(YamlMapping fields) {
        Optional<PortRange> target = fields.require("target", "80").flatMap(field -> field.parse(PortRange::parse));
        Optional<String> published = fields.take("published").flatMap(YamlValue::text);
        Optional<PortRange> host = published
                .filter(text -> !text.equals("0"))
                .flatMap(text -> fields.place().attempt(() -> PortRange.parse(text)));
        InetAddress address = fields.parse("host-ip", Cidr::address).orElse(PublishedPort.LOOPBACK);
        Protocol protocol = fields.parse("protocol", Protocol::parse).orElse(Protocol.TCP);
        fields.take("name");
        fields.take("app-protocol");
        fields.take("mode")
                .flatMap(YamlValue::text)
                .filter(mode -> !mode.equals("host") && !mode.equals("ingress"))
                .ifPresent(mode -> fields.place().problem("'mode: " + mode + "' is not accepted; leave it out"));
        fields.finish();
        return target.flatMap(
                range -> fields.place().attempt(() -> PublishedPort.expand(address, host, range, protocol)));
    }

    private static Optional<Egress> egress(YamlValue value) {
        if (!value.isMapping()) {
            return value.parse(Egress::parse);
        }
        return value.mapping().map(fields -> {
            List<EgressRule> allow = fields.list("allow", EgressRule::parse);
            List<EgressRule> deny = fields.list("deny", EgressRule::parse);
            fields.finish();
            // Only what is denied is named: the rest stays open.
            return new Egress(allow.isEmpty() && !deny.isEmpty(), allow, deny);
        });
    }

    /**
     * Puts services that publish ports on the network {@code default} if they name none; all services, if none of them
     * names one.
     */
    static void joinDefault(Map<String, ServiceSpec> services, Map<String, NetworkSpec> networks) {
        boolean anyNamed = services.values().stream()
                .anyMatch(service ->
                        !service.container().networking().attachments().isEmpty());
        boolean anyPort = services.values().stream()
                .anyMatch(service -> !service.container().networking().ports().isEmpty());
        services.replaceAll((name, service) -> {
            Networking networking = service.container().networking();
            boolean joins = networking.attachments().isEmpty()
                    && (!networking.ports().isEmpty()
                            || anyPort && !anyNamed && service.container().network() == Network.NONE);
            return joins
                    ? service.withContainer(service.container()
                            .change()
                            .network(Network.BRIDGE)
                            .networking(networking.attachedTo(List.of(NetworkAttachment.to(NetworkAttachment.DEFAULT))))
                            .build())
                    : service;
        });
        if (services.values().stream()
                .flatMap(service -> service.container().networking().attachments().stream())
                .anyMatch(attachment -> attachment.network().equals(NetworkAttachment.DEFAULT))) {
            networks.putIfAbsent(NetworkAttachment.DEFAULT, NetworkSpec.named(NetworkAttachment.DEFAULT));
        }
    }
}
