package dev.nucleus.dns;

import dev.nucleus.network.NetworkEndpoint;
import dev.nucleus.network.NetworkView;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A snapshot of names, resolved for each client from its networks. Immutable.
 */
final class NameTable {

    static final NameTable EMPTY = new NameTable(List.of());

    /** A container as a DNS client. */
    private static final class Client {
        private final String id;
        private final List<String> networks = new ArrayList<>();
        private boolean resolvesExternalNames;

        Client(String id) {
            this.id = id;
        }
    }

    private final Map<InetAddress, Client> clients = new HashMap<>();
    /** By network and name; without addresses if none that has the name serves. */
    private final Map<String, Map<String, Set<InetAddress>>> names = new HashMap<>();

    private final Map<InetAddress, String> reverse = new HashMap<>();

    NameTable(List<NetworkView> networks) {
        var members = new HashMap<String, Client>();
        for (NetworkView network : networks) {
            Map<String, Set<InetAddress>> here = names.computeIfAbsent(network.name(), _ -> new HashMap<>());
            for (NetworkEndpoint endpoint : network.endpoints()) {
                add(network.name(), endpoint, here, members);
            }
        }
    }

    private void add(
            String network, NetworkEndpoint endpoint, Map<String, Set<InetAddress>> here, Map<String, Client> members) {
        // One client for all its addresses: it asks from one of them for names of all its networks.
        Client client = members.computeIfAbsent(endpoint.member().id(), Client::new);
        client.networks.add(network);
        client.resolvesExternalNames |= endpoint.resolvesExternalNames();
        endpoint.addresses().all().forEach(address -> {
            clients.put(address, client);
            reverse.put(address, endpoint.member().fullName());
        });
        for (String name : endpoint.names()) {
            Set<InetAddress> addresses =
                    here.computeIfAbsent(name.toLowerCase(Locale.ROOT), _ -> new LinkedHashSet<>());
            if (endpoint.serving()) {
                endpoint.addresses().all().forEach(addresses::add);
            }
        }
    }

    /** The ID of the container that has the address. */
    Optional<String> containerOf(InetAddress address) {
        return Optional.ofNullable(clients.get(address)).map(client -> client.id);
    }

    /** Whether the address is a container's. */
    boolean knows(InetAddress client) {
        return clients.containsKey(client);
    }

    /** Whether a container may ask for names outside its networks. */
    boolean resolvesExternalNames(InetAddress client) {
        return Optional.ofNullable(clients.get(client))
                .filter(found -> found.resolvesExternalNames)
                .isPresent();
    }

    /**
     * The addresses of a name on the networks of a container.
     *
     * @return empty: no container there has the name; an empty set: none of them serves
     */
    Optional<Set<InetAddress>> resolve(InetAddress client, String name) {
        Client found = clients.get(client);
        if (found == null) {
            return Optional.empty();
        }
        Optional<Set<InetAddress>> result = Optional.empty();
        for (String network : found.networks) {
            Set<InetAddress> addresses = names.getOrDefault(network, Map.of()).get(name.toLowerCase(Locale.ROOT));
            if (addresses != null) {
                var all = new LinkedHashSet<>(result.orElse(Set.of()));
                all.addAll(addresses);
                result = Optional.of(all);
            }
        }
        return result;
    }

    /** The name of a container's address, if the client shares a network with it. */
    Optional<String> nameOf(InetAddress client, InetAddress address) {
        Client asking = clients.get(client);
        Client asked = clients.get(address);
        return asking != null && asked != null && asking.networks.stream().anyMatch(asked.networks::contains)
                ? Optional.ofNullable(reverse.get(address))
                : Optional.empty();
    }
}
