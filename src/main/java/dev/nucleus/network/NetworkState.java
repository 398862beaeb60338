package dev.nucleus.network;

import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.spawner.Spawner;
import dev.nucleus.spec.InvalidSpecException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.commons.codec.digest.DigestUtils;
import org.springframework.stereotype.Component;

/** The state of this manager's networks, and the lock that guards it. */
@Component
final class NetworkState {

    private static final int TAG_LENGTH = 3;

    /** Of the names of all interfaces of this manager. */
    final String prefix;

    final Path directory;
    final HostNetwork host;
    /** Used without the lock, by one thread, for what the kernel takes long for. */
    final HostNetwork cleaner;

    final NetworkPolicies policies = new NetworkPolicies();
    final PublishedPorts ports = new PublishedPorts();
    final AttachedContainers attached = new AttachedContainers();
    final ActiveNetworks networks;
    final NetworkRules rules;
    final HostNetworkProblems problems;
    final ReentrantLock lock = new ReentrantLock();

    NetworkState(NucleusProperties locations, NetworkProperties properties, Spawner spawner) {
        String instance = locations.state().toString();
        byte[] digest = DigestUtils.sha256(instance);
        this.prefix =
                "nu" + new BigInteger(1, digest).toString(Character.MAX_RADIX).substring(0, TAG_LENGTH);
        this.directory = locations.state().resolve("network");
        this.host = new HostNetwork(spawner, properties.table(), prefix, instance);
        this.cleaner = new HostNetwork(spawner, properties.table(), prefix, instance);
        this.networks = new ActiveNetworks(properties, policies, directory, prefix, digest);
        this.rules = new NetworkRules(properties, host, policies, networks, attached, ports);
        this.problems = new HostNetworkProblems(properties, host, prefix);
    }

    <T> T underLock(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    /** @throws InvalidSpecException when the container is on no network */
    AttachedContainer require(String id) {
        return attached.find(id)
                .orElseThrow(
                        () -> new InvalidSpecException("container " + id + " is on no network, so it reaches nothing"));
    }
}
