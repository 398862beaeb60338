package dev.nucleus.network;

import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Protocol;
import dev.nucleus.spec.PublishedPort;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The published ports of all containers, and the containers behind each. Not thread-safe. */
final class PublishedPorts {

    private static final Logger log = LoggerFactory.getLogger(PublishedPorts.class);

    /** Where a published port is, on the host. */
    record HostEndpoint(InetAddress address, int port, Protocol protocol) {}

    /** A port as it is declared, for all containers of one service or for one container. */
    private record Declared(String owner, PublishedPort port) {}

    private static final class State {
        private final String owner;
        private final PublishedPort declared;
        private final PortReservation reservation;
        private final Optional<LoopbackForwarder> forwarder;
        private final Set<String> users = new LinkedHashSet<>();
        private List<Backend> applied = List.of();
        private boolean published;

        State(
                String owner,
                PublishedPort declared,
                PortReservation reservation,
                Optional<LoopbackForwarder> forwarder) {
            this.owner = owner;
            this.declared = declared;
            this.reservation = reservation;
            this.forwarder = forwarder;
        }

        PortPublication publication(HostEndpoint endpoint) {
            return new PortPublication(
                    new PublishedPort(
                            endpoint.address(), endpoint.port(), declared.containerPort(), endpoint.protocol()),
                    owner,
                    applied.stream().map(Backend::address).toList());
        }

        private void close() {
            reservation.close();
            forwarder.ifPresent(LoopbackForwarder::close);
        }
    }

    private final Map<HostEndpoint, State> states = new LinkedHashMap<>();
    private final Map<Declared, HostEndpoint> endpoints = new LinkedHashMap<>();

    /**
     * Reserves the ports of a container; those that its service has already are shared.
     *
     * @param owner the service, or the container if it has none
     * @param former the ports that an earlier manager chose for it
     * @return the ports with the numbers that were chosen
     * @throws InvalidSpecException naming the owner of a port that is taken; then none is reserved
     */
    List<PublishedPort> claim(String id, String owner, List<PublishedPort> ports, List<PublishedPort> former) {
        var chosen = new ArrayList<PublishedPort>();
        try {
            for (PublishedPort port : ports) {
                chosen.add(claim(id, owner, port, former));
            }
            return chosen;
        } catch (RuntimeException e) {
            drop(id);
            throw e;
        }
    }

    private PublishedPort claim(String id, String owner, PublishedPort port, List<PublishedPort> former) {
        var declared = new Declared(owner, port);
        HostEndpoint known = endpoints.get(declared);
        if (known == null) {
            requireUnpublished(owner, port);
            PortReservation reservation = reserve(owner, port, former);
            var endpoint = new HostEndpoint(port.address(), reservation.port(), port.protocol());
            Optional<LoopbackForwarder> forwarder = forwarder(port, reservation, !former.isEmpty());
            states.put(endpoint, new State(owner, port, reservation, forwarder));
            endpoints.put(declared, endpoint);
            known = endpoint;
        }
        Objects.requireNonNull(states.get(known)).users.add(id);
        return port.at(known.port());
    }

    /** The forwarder of a port on the loopback address. An adopted container keeps running without it. */
    private static Optional<LoopbackForwarder> forwarder(
            PublishedPort port, PortReservation reservation, boolean adopted) {
        if (port.protocol() != Protocol.TCP || !port.address().equals(PublishedPort.LOOPBACK)) {
            return Optional.empty();
        }
        try {
            return LoopbackForwarder.open(reservation.port());
        } catch (InvalidSpecException e) {
            if (adopted) {
                log.error("{}", e.getMessage());
                return Optional.empty();
            }
            reservation.close();
            throw e;
        }
    }

    /** A port of which any would do keeps the number that an earlier manager chose. */
    private static PortReservation reserve(String owner, PublishedPort port, List<PublishedPort> former) {
        for (PublishedPort before : former) {
            if (port.hostPort() == 0 && before.equals(port.at(before.hostPort()))) {
                try {
                    return PortReservation.of(before);
                } catch (InvalidSpecException e) {
                    break;
                }
            }
        }
        if (former.contains(port)) {
            // Already published: rules forward its connections even if another program has bound it meanwhile.
            try {
                return PortReservation.of(port);
            } catch (InvalidSpecException e) {
                log.error("{}; connections to it still go to the containers of {}", e.getMessage(), owner);
                return PortReservation.missing(port.hostPort());
            }
        }
        return PortReservation.of(port);
    }

    /** Otherwise the error would name "another manager of Nucleus". */
    private void requireUnpublished(String owner, PublishedPort port) {
        states.forEach((endpoint, state) -> {
            if (endpoint.port() == port.hostPort()
                    && endpoint.protocol() == port.protocol()
                    && endpoint.address().getAddress().length == port.address().getAddress().length
                    && (endpoint.address().equals(port.address())
                            || endpoint.address().isAnyLocalAddress()
                            || port.everywhere())) {
                throw new InvalidSpecException("ports: " + port.hostSide() + "/" + port.protocol()
                        + " is already published by '" + state.owner + "'; publish another port"
                        + (state.owner.equals(owner) ? ", or write it once" : ""));
            }
        });
    }

    /** Frees the ports that only this container used; returns the change of rules for them. */
    List<NetworkChange> release(String id) {
        var changes = new ArrayList<NetworkChange>();
        states.forEach((endpoint, state) -> {
            if (state.users.remove(id) && state.users.isEmpty() && state.published) {
                changes.add(change(endpoint, state, false, List.of()));
            }
        });
        drop(id);
        return changes;
    }

    private void drop(String id) {
        states.values().removeIf(state -> {
            state.users.remove(id);
            if (state.users.isEmpty()) {
                state.close();
                endpoints.remove(new Declared(state.owner, state.declared));
                return true;
            }
            return false;
        });
    }

    /**
     * The changes after which each port is forwarded to these containers.
     *
     * @param addresses4 the IPv4 addresses of those of the containers that serve, by their IDs
     * @param addresses6 likewise
     */
    List<NetworkChange> update(
            Function<Set<String>, List<InetAddress>> addresses4, Function<Set<String>, List<InetAddress>> addresses6) {
        var changes = new ArrayList<NetworkChange>();
        states.forEach((endpoint, state) -> {
            Function<Set<String>, List<InetAddress>> addresses =
                    endpoint.address().getAddress().length == 4 ? addresses4 : addresses6;
            List<Backend> wanted = addresses.apply(state.users).stream()
                    .map(address -> new Backend(address, state.declared.containerPort()))
                    .toList();
            List<Backend> ordered = ordered(state.applied, wanted);
            if (!state.published || !ordered.equals(state.applied)) {
                changes.add(change(endpoint, state, true, ordered));
            }
        });
        return changes;
    }

    private static NetworkChange change(HostEndpoint endpoint, State state, boolean published, List<Backend> after) {
        var change = new NetworkChange.Port(
                endpoint.address(),
                endpoint.port(),
                endpoint.protocol(),
                state.published,
                published,
                state.applied,
                after);
        state.published = published;
        state.applied = after;
        return change;
    }

    /** The wanted backends, each where it was if possible: what does not move needs no change. */
    static List<Backend> ordered(List<Backend> before, List<Backend> wanted) {
        var added = new ArrayDeque<>(wanted);
        added.removeAll(before);
        var moved = new ArrayDeque<>(before.subList(Math.min(wanted.size(), before.size()), before.size()));
        moved.retainAll(wanted);
        var result = new ArrayList<Backend>();
        for (int i = 0; i < wanted.size(); i++) {
            boolean stays = i < before.size() && wanted.contains(before.get(i));
            result.add(stays ? before.get(i) : moved.isEmpty() ? added.remove() : moved.remove());
        }
        return result;
    }

    /** After the rules were lost: nothing is applied. */
    void forgetApplied() {
        states.values().forEach(state -> {
            state.applied = List.of();
            state.published = false;
        });
    }

    /** The published ports, with the backends that the kernel has. */
    List<PortPublication> list() {
        return states.entrySet().stream()
                .map(entry -> entry.getValue().publication(entry.getKey()))
                .toList();
    }

    void close() {
        states.values().forEach(State::close);
    }
}
