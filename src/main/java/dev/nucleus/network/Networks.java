package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.LaunchRequest;
import dev.nucleus.shim.ShimException;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Egress;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.NetworkSpec;
import dev.nucleus.spec.Networking;
import dev.nucleus.spec.PublishedPort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
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
    /** Containers whose connections are compared with their policies while the lock is held. */
    private static final int AT_ONCE = 16;

    /** Top-level domain of the search domains of fleets; reserved for private use (ICANN, 2024). */
    public static final String DOMAIN = "internal";

    private final NetworkState state;
    private final ServingMarkers markers;
    private final EgressChanges egressChanges;
    private final EndedContainers ended;
    private final DisallowedConnections disallowed;
    private final List<NetworkListener> listeners = new CopyOnWriteArrayList<>();
    private boolean closed;
    /** Whether the last attempt to restore the rules failed, which was reported then. */
    private boolean rulesFailed;

    /** Likewise for ending connections. */
    private boolean endingFailed;

    Networks(NetworkState state) {
        this.state = state;
        this.markers = new ServingMarkers(state.directory.resolve("serving"));
        this.egressChanges = new EgressChanges(state.directory.resolve("egress"));
        this.disallowed = new DisallowedConnections(state);
        this.ended = new EndedContainers(state, this::notifyListeners);
    }

    /** Adds a listener; see {@link NetworkListener}. */
    public void addListener(NetworkListener listener) {
        listeners.add(listener);
    }

    /** Takes the networks of the fleets as they are declared, before any container is launched or taken over. */
    public void declare(List<FleetSpec> fleets) {
        state.policies.declare(fleets);
    }

    /**
     * Takes over the containers that run, and rebuilds the rules if there are networks. What an earlier manager left
     * and nothing uses is removed.
     */
    public void synchronize(List<RunningMember> running) {
        state.lock.lock();
        try {
            List<String> ids =
                    running.stream().map(member -> member.member().id()).toList();
            markers.keepOnly(ids);
            egressChanges.keepOnly(ids);
            if (state.policies.networks().isEmpty() && running.isEmpty() && !hasInterfaces()) {
                return;
            }
            state.policies.networks().forEach(this::activate);
            running.forEach(this::adopt);
            if (state.networks.isEmpty()) {
                state.rules.removeAll();
            } else {
                state.rules.rebuild();
                disallowed.addAll();
                state.problems.find().forEach(problem -> log.warn("{}", problem));
            }
        } catch (IOException e) {
            state.rules.invalidate();
            log.error("can't set up the networks; containers that need them are not launched: {}", explain(e));
        } finally {
            state.lock.unlock();
        }
        notifyListeners();
    }

    /** A network that can't be set up fails its services only, when they are launched. */
    private void activate(String name, NetworkSpec spec) {
        try {
            state.networks.activate(name, spec);
        } catch (InvalidSpecException | UncheckedIOException e) {
            log.error("{}", e.getMessage());
        }
    }

    /** Whether a container serves only because it did so when an earlier manager ended. */
    public boolean isCarriedOver(String id) {
        state.lock.lock();
        try {
            return state.attached
                    .find(id)
                    .filter(AttachedContainer::isCarriedOver)
                    .isPresent();
        } finally {
            state.lock.unlock();
        }
    }

    /** Whether the networks that a container was launched with are still as they are declared. */
    public boolean areUnchanged(NetworkRecord record) {
        state.lock.lock();
        try {
            for (int i = 0; i < record.links().size(); i++) {
                LaunchPlan.Link link = record.links().get(i);
                Optional<ActiveNetwork> network =
                        state.networks.find(record.networks().get(i));
                if (network.isEmpty()
                        || !network.get().gateways().equals(link.gateways())
                        || network.get().spec().mtu() != link.mtu()) {
                    return false;
                }
            }
            return true;
        } finally {
            state.lock.unlock();
        }
    }

    private boolean hasInterfaces() {
        try {
            return InterfaceCounters.parse(Files.readAllLines(Path.of("/proc/net/dev"))).keySet().stream()
                    .anyMatch(link -> link.startsWith(state.prefix));
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
            state.networks
                    .find(name)
                    .orElseGet(() -> state.networks.restore(name, link))
                    .leases()
                    .adopt(link.ipv4());
        }
        state.attached.add(container);
        try {
            state.ports.claim(
                    member.id(),
                    member.owner(),
                    ports(member, record.networking()),
                    record.networking().ports());
        } catch (InvalidSpecException e) {
            log.error("can't publish the ports of '{}', which keeps running: {}", member.name(), e.getMessage());
        }
    }

    private List<PublishedPort> ports(NetworkMember member, Networking launched) {
        return state.policies.current(member, launched).ports();
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
        state.lock.lock();
        try {
            if (spec.networking().attachments().stream()
                    .anyMatch(attachment -> attachment.address().isPresent())) {
                // Its last owner may still have it.
                ended.remove();
            }
            int before = state.networks.count();
            List<ActiveNetwork> joined = state.networks.resolve(member, spec.networking());
            if (state.networks.count() > before) {
                // The rules of a new network come first.
                state.rules.invalidate();
            }
            List<PublishedPort> claimed = state.ports.claim(
                    member.id(), member.owner(), spec.networking().ports(), List.of());
            var container = new AttachedContainer(member, record(member, spec, joined, claimed));
            state.attached.add(container);
            ended.clean(container.record().links().stream()
                    .flatMap(link -> link.addresses().all())
                    .toList());
            try {
                var changes = new ArrayList<>(state.rules.added(container));
                changes.addAll(state.rules.publish());
                state.rules.apply(changes);
            } catch (IOException | RuntimeException e) {
                detach(container);
                state.rules.invalidate();
                throw e;
            }
            ActiveNetwork first = joined.getFirst();
            return new AssignedNetworks(
                    new LaunchRequest.NetworkAccess(
                            container.record().links(),
                            ActiveNetworks.resolver(first),
                            Optional.of(state.networks.resolverFile(first))),
                    Optional.of(container.record()));
        } catch (IOException e) {
            throw new UncheckedIOException("can't attach '" + member.name() + "' to its networks: " + explain(e), e);
        } finally {
            state.lock.unlock();
        }
    }

    private static String explain(IOException e) {
        String message = String.valueOf(e.getMessage());
        return e instanceof ShimException && message.contains("not permitted")
                ? message + "; networks need a manager that runs as root, with CAP_NET_ADMIN"
                : message;
    }

    private NetworkRecord record(
            NetworkMember member, ContainerSpec spec, List<ActiveNetwork> joined, List<PublishedPort> claimed) {
        Networking networking = spec.networking();
        List<LaunchPlan.Link> links;
        try {
            links = state.networks.lease(member, networking.attachments(), joined);
        } catch (RuntimeException e) {
            state.ports.release(member.id());
            throw e;
        }
        return new NetworkRecord(
                spec.mode(),
                new Networking(networking.attachments(), claimed, networking.egress(), networking.acceptFrom()),
                joined.stream().map(ActiveNetwork::name).toList(),
                links);
    }

    /**
     * Frees what a container had; called when it has ended or its launch failed. Its published ports are free when this
     * returns; rules, addresses and interfaces are removed in the background, because the kernel takes long for the
     * latter. Without effect the second time.
     */
    public void release(String id) {
        state.lock.lock();
        try {
            Optional<AttachedContainer> found = state.attached.find(id);
            if (found.isEmpty()) {
                return;
            }
            AttachedContainer container = found.get();
            detach(container);
            markers.set(id, false);
            egressChanges.remove(id);
        } finally {
            state.lock.unlock();
        }
        notifyListeners();
    }

    /** Removes the container from all backends, and frees its ports. */
    private void detach(AttachedContainer container) {
        container.setServing(false);
        var changes = new ArrayList<>(state.rules.publish());
        changes.addAll(state.ports.release(container.member().id()));
        state.attached.remove(container);
        ended.add(container);
        if (changes.isEmpty() || !state.rules.areInstalled()) {
            return;
        }
        try {
            state.rules.apply(changes);
        } catch (IOException e) {
            state.rules.invalidate();
            log.error(
                    "can't remove the published ports of '{}': {}",
                    container.member().name(),
                    e.getMessage());
        }
    }

    /**
     * Adds a container to, or removes it from, the backends of published ports and the answers to its names. Returns
     * once new connections follow; established ones continue.
     */
    public void setServing(String id, boolean serving) {
        update(id, container -> container.setServing(serving));
    }

    /** As {@link #setServing} with false, permanently: before a container is stopped. */
    public void withdraw(String id) {
        update(id, AttachedContainer::withdraw);
    }

    private void update(String id, Consumer<AttachedContainer> update) {
        state.lock.lock();
        try {
            Optional<AttachedContainer> found = state.attached.find(id);
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
            List<NetworkChange> changes = state.rules.publish();
            if (!changes.isEmpty()) {
                state.rules.apply(changes);
            }
        } catch (IOException e) {
            state.rules.invalidate();
            log.error("can't update the published ports of container {}: {}", id, e.getMessage());
        } finally {
            state.lock.unlock();
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
        state.lock.lock();
        try {
            AttachedContainer container = state.require(id);
            container.member().service().ifPresent(service -> {
                throw new InvalidSpecException("container " + id + " has the egress policy of the service '" + service
                        + "': change egress in the fleet file, and restart the manager");
            });
            // A manager that dies here leaves rules that the next one replaces.
            egressChanges.set(id, egress);
            var changes = new ArrayList<>(state.rules.removed(container));
            container.setEgress(egress);
            changes.addAll(state.rules.added(container));
            state.rules.apply(changes);
        } catch (IOException e) {
            state.rules.invalidate();
            throw new UncheckedIOException(
                    "the egress policy is recorded, but not in effect yet; it is tried again every 2 s: " + explain(e),
                    e);
        } finally {
            state.lock.unlock();
        }
        endDisallowed(() -> disallowed.endNow(id));
        // It may resolve other names now.
        notifyListeners();
    }

    private void notifyListeners() {
        listeners.forEach(NetworkListener::onChange);
    }

    /** Restores the rules if another program has removed them: without them, containers would reach everything. */
    @Scheduled(fixedDelayString = "2s")
    void checkRules() {
        state.lock.lock();
        try {
            if (closed || state.networks.isEmpty()) {
                return;
            }
            if (!state.rules.areInstalled() || !state.rules.areIntact()) {
                restoreRules();
            }
            rulesFailed = false;
        } catch (IOException e) {
            state.rules.invalidate();
            if (!rulesFailed) {
                log.error("can't restore the rules of the networks: {}", explain(e));
            }
            rulesFailed = true;
        } finally {
            state.lock.unlock();
        }
        endDisallowed(() -> disallowed.end(AT_ONCE));
    }

    private interface Ending {
        void run() throws IOException;
    }

    /** The rules are in effect without it, so a failure does not rebuild them. */
    private void endDisallowed(Ending ending) {
        state.lock.lock();
        try {
            if (!closed && state.rules.areInstalled()) {
                ending.run();
            }
            endingFailed = false;
        } catch (IOException | RuntimeException e) {
            if (!endingFailed) {
                log.warn(
                        "can't end connections that policies no longer allow; trying again every 2 s: {}",
                        e.getMessage());
            }
            endingFailed = true;
        } finally {
            state.lock.unlock();
        }
    }

    private void restoreRules() throws IOException {
        if (state.rules.areInstalled()) {
            log.error("another program has removed the rules of all networks (nft flush ruleset?); restoring them");
        }
        state.rules.rebuild();
        disallowed.addAll();
    }

    /** At shutdown the rules stay: the containers keep running. */
    @Override
    public void destroy() {
        state.underLock(() -> closed = true);
        ended.close();
        state.lock.lock();
        try {
            state.cleaner.close();
            state.ports.close();
            state.host.close();
        } finally {
            state.lock.unlock();
        }
    }
}
