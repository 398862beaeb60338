package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.NetworkSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The subnets of this manager's networks, by {@code fleet/network}. A network keeps its subnet as long as it is
 * declared, also across restarts. Not thread-safe.
 */
final class Subnets {

    private static final Logger log = LoggerFactory.getLogger(Subnets.class);
    private static final JsonMapper JSON = new JsonMapper();
    private static final int BITS = 24;

    private final Path file;
    private final Cidr pool;
    private final Map<String, Cidr> taken = new TreeMap<>();

    Subnets(Path file, Cidr pool) {
        this.file = file;
        this.pool = pool;
        read();
    }

    private void read() {
        if (!Files.exists(file)) {
            return;
        }
        try {
            for (Map.Entry<String, JsonNode> entry :
                    JSON.readTree(file.toFile()).path("subnets").properties()) {
                taken.put(entry.getKey(), Cidr.parse(entry.getValue().asString()));
            }
        } catch (JacksonException | InvalidSpecException e) {
            log.warn("{} can't be read; networks get new subnets: {}", file, e.getMessage());
        }
    }

    private void write() {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode subnets = root.putObject("subnets");
        taken.forEach((name, subnet) -> subnets.put(name, subnet.toString()));
        try {
            AtomicFile.write(file, JSON.writeValueAsBytes(root));
        } catch (IOException e) {
            throw new UncheckedIOException("can't record the subnet of a network in " + file, e);
        }
    }

    /**
     * The subnet of a network: the one that it declares or had before, or a free one of the pool.
     *
     * @param routes the host's, which it must not overlap
     * @throws InvalidSpecException when it overlaps something, or the pool is exhausted
     */
    Cidr assign(String name, NetworkSpec spec, List<HostRoutes.Route> routes) {
        Optional<Cidr> former = Optional.ofNullable(taken.get(name));
        Optional<Cidr> declared = spec.subnet();
        if (former.isPresent()
                && (declared.isEmpty() || declared.equals(former))
                && HostRoutes.overlapping(former.get(), routes).isEmpty()) {
            return former.get();
        }
        Cidr subnet = declared.map(wanted -> check(name, wanted, routes)).orElseGet(() -> free(name, routes));
        taken.put(name, subnet);
        write();
        return subnet;
    }

    private Cidr check(String name, Cidr wanted, List<HostRoutes.Route> routes) {
        HostRoutes.overlapping(wanted, routes).ifPresent(route -> {
            throw new InvalidSpecException("network " + name + ": its subnet " + wanted + " overlaps "
                    + route.destination()
                    + (route.link().equals(HostRoutes.UNREACHABLE)
                            ? ", which is unreachable from this host: perhaps another manager's network"
                            : ", which the host routes through " + route.link())
                    + "; choose another, or leave it out");
        });
        taken.forEach((other, subnet) -> {
            if (!other.equals(name) && subnet.overlaps(wanted)) {
                throw new InvalidSpecException("network " + name + ": its subnet " + wanted + " overlaps " + subnet
                        + " of the network " + other + "; choose another, or leave it out");
            }
        });
        return wanted;
    }

    private Cidr free(String name, List<HostRoutes.Route> routes) {
        int length = Math.max(BITS, pool.prefix());
        long blocks = 1L << (length - pool.prefix());
        for (long number = 0; number < blocks; number++) {
            Cidr block = pool.block(number, length);
            if (HostRoutes.overlapping(block, routes).isEmpty()
                    && taken.entrySet().stream()
                            .noneMatch(entry -> !entry.getKey().equals(name)
                                    && entry.getValue().overlaps(block))) {
                return block;
            }
        }
        throw new InvalidSpecException("network " + name + ": no subnet is free in the pool " + pool + " ("
                + taken.size() + " networks have one); set nucleus.network.pool to a larger block");
    }

    /** The subnets that networks have or had. */
    Map<String, Cidr> all() {
        return Map.copyOf(taken);
    }

    /** Frees the subnets of networks that are not among these. */
    void keepOnly(Set<String> names) {
        if (taken.keySet().retainAll(names)) {
            write();
        }
    }
}
