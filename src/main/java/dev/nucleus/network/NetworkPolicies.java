package dev.nucleus.network;

import dev.nucleus.spec.Egress;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.NetworkAttachment;
import dev.nucleus.spec.NetworkSpec;
import dev.nucleus.spec.Networking;
import dev.nucleus.spec.ServiceSpec;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The groups that decide which containers may connect to each other. A container belongs to groups, and may connect to
 * the members of groups: all of a network, or those of one service with accept-from.
 */
final class NetworkPolicies {

    private final Map<String, FleetSpec> fleets = new LinkedHashMap<>();

    /** Takes the fleets as they are declared. */
    void declare(List<FleetSpec> specs) {
        specs.forEach(spec -> fleets.put(spec.name(), spec));
    }

    /** The networks that fleets declare, by {@code fleet/network}. */
    Map<String, NetworkSpec> networks() {
        var networks = new LinkedHashMap<String, NetworkSpec>();
        fleets.values()
                .forEach(fleet ->
                        fleet.networks().forEach((name, network) -> networks.put(fleet.name() + "/" + name, network)));
        return networks;
    }

    /** The addresses that services chose on a network. */
    List<InetAddress> reservedAddresses(String network) {
        String local = network.substring(network.indexOf('/') + 1);
        return servicesOn(network)
                .flatMap(service -> service.container().networking().attachments().stream())
                .filter(attachment -> attachment.network().equals(local))
                .flatMap(attachment -> attachment.address().stream())
                .toList();
    }

    /** The full name of a network that a container names. */
    static String fullName(String network, Optional<NetworkMember.ServiceName> service) {
        return network.indexOf('/') >= 0
                ? network
                : service.map(name -> name.fleet() + "/" + network).orElse(network);
    }

    private static String only(String network, String service) {
        return network + "/only/" + service;
    }

    /** The groups of a network. */
    List<String> groups(String network) {
        var groups = new ArrayList<String>();
        groups.add(network);
        servicesOn(network)
                .filter(service -> service.container().networking().acceptFrom().isPresent())
                .forEach(service -> groups.add(only(network, service.name())));
        return groups;
    }

    private Stream<ServiceSpec> servicesOn(String network) {
        int slash = network.indexOf('/');
        FleetSpec fleet = slash < 0 ? null : fleets.get(network.substring(0, slash));
        return fleet == null
                ? Stream.empty()
                : fleet.services().values().stream()
                        .filter(service -> service.container().networking().attachments().stream()
                                .map(NetworkAttachment::network)
                                .anyMatch(name -> network.equals(fleet.name() + "/" + name)));
    }

    /** The groups of a network that a container is a member of. */
    static List<String> memberships(String network, boolean isolated, NetworkMember member, Networking networking) {
        if (networking.acceptFrom().isPresent()) {
            return member.service()
                    .filter(_ -> network.indexOf('/') >= 0)
                    .map(service -> List.of(only(network, service.service())))
                    .orElse(List.of());
        }
        return isolated ? List.of() : List.of(network);
    }

    /** The groups whose members a container may connect to. */
    List<String> reachable(List<ActiveNetwork> networks, NetworkMember member) {
        var groups = new ArrayList<String>();
        for (ActiveNetwork network : networks) {
            if (!network.spec().isolated()) {
                groups.add(network.name());
            }
            servicesOn(network.name())
                    .filter(service -> accepts(service, member))
                    .forEach(service -> groups.add(only(network.name(), service.name())));
        }
        return groups;
    }

    private static boolean accepts(ServiceSpec service, NetworkMember member) {
        return service.container()
                .networking()
                .acceptFrom()
                .filter(names -> member.service()
                        .filter(name -> names.contains(name.service()))
                        .isPresent())
                .isPresent();
    }

    /** The egress policy of a container: as its fleet declares it now, or as it was launched with. */
    EgressPolicy egress(AttachedContainer container, List<ActiveNetwork> networks) {
        boolean internal = networks.stream().allMatch(network -> network.spec().internal());
        return EgressPolicy.of(declaredEgress(container), internal);
    }

    /** As {@link #egress}, but as a fleet file writes it. */
    Egress declaredEgress(AttachedContainer container) {
        Optional<ServiceSpec> declared = declared(container.member());
        Networking current =
                declared.map(service -> service.container().networking()).orElseGet(container::networking);
        Mode mode = declared.map(service -> service.container().mode())
                .orElse(container.record().mode());
        return current.egress().orElseGet(() -> Egress.defaultFor(mode));
    }

    private Optional<ServiceSpec> declared(NetworkMember member) {
        return member.service()
                .flatMap(name -> Optional.ofNullable(fleets.get(name.fleet()))
                        .flatMap(fleet -> Optional.ofNullable(fleet.services().get(name.service()))));
    }

    /** A service as it is declared now; as it was launched if it is gone, or on another number of networks. */
    Networking current(NetworkMember member, Networking launched) {
        return declared(member)
                .map(service -> service.container().networking())
                .filter(networking -> networking.attachments().size()
                        == launched.attachments().size())
                .orElse(launched);
    }
}
