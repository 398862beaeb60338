package dev.nucleus.policy;

import dev.nucleus.spec.ContainerPath;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.Port;
import dev.nucleus.spec.fleetfile.YamlMapping;
import dev.nucleus.spec.fleetfile.YamlValue;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A user's Landlock rules, in place of the standard ones: the access that a container has to files and TCP ports.
 * Everything that no rule names is refused.
 *
 * @param minAbi the minimum Landlock ABI; with ports at least 4, the first that restricts them
 * @param bind ports it may listen on; empty: not restricted
 * @param connect ports it may connect to; empty: not restricted
 * @see <a href="https://docs.kernel.org/userspace-api/landlock.html">Landlock</a>
 */
public record LandlockPolicy(int minAbi, List<Rule> rules, Optional<List<Port>> bind, Optional<List<Port>> connect) {

    private static final int DEFAULT_ABI = 3;
    private static final int NETWORK_ABI = 4;
    private static final int NEWEST_ABI = 7;

    public LandlockPolicy {
        rules = List.copyOf(rules);
        bind = bind.map(List::copyOf);
        connect = connect.map(List::copyOf);
        checkAbi(minAbi);
        if (bind.isPresent() || connect.isPresent()) {
            minAbi = Math.max(minAbi, NETWORK_ABI);
        }
    }

    private static int checkAbi(int abi) {
        if (abi < 1 || abi > NEWEST_ABI) {
            throw new InvalidSpecException("min-abi must be 1 to " + NEWEST_ABI + ", was " + abi);
        }
        return abi;
    }

    /** @param path a path inside the container; everything below it has the same access */
    public record Rule(String path, Set<Access> access) {
        public Rule {
            path = path.equals("/") ? path : ContainerPath.check(path);
            access = Set.copyOf(access);
        }
    }

    /** The kinds of access to files. */
    public enum Access {
        READ,
        WRITE,
        EXECUTE,
        CREATE,
        REMOVE,
        READDIR,
        /** Control devices (ABI 5). */
        IOCTL;

        static Access parse(String text) {
            return Arrays.stream(values())
                    .filter(access -> access.toString().equals(text))
                    .findFirst()
                    .orElseThrow(() -> new InvalidSpecException("'" + text
                            + "' is not an access right; use read, write, execute, create, remove, readdir or ioctl"));
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Reads a file of the form {@code {min-abi: 3, rules: [{path: /usr, access: [read, execute, readdir]}], tcp-bind:
     * [8080], tcp-connect: [5432]}}.
     *
     * @throws PolicyViolationException when it doesn't match its pin, or its content is invalid
     */
    public static LandlockPolicy read(PolicySource.File source) {
        return PolicyFile.read("landlock", source).yaml(LandlockPolicy::read);
    }

    private static Optional<LandlockPolicy> read(YamlMapping fields) {
        int minAbi = fields.take("min-abi")
                .flatMap(value -> value.integer(LandlockPolicy::checkAbi))
                .orElse(DEFAULT_ABI);
        List<Rule> rules = fields.require("rules", "[{path: /usr, access: [read, execute, readdir]}]").stream()
                .flatMap(value -> value.items().stream())
                .flatMap(item -> rule(item).stream())
                .toList();
        Optional<List<Port>> bind = fields.take("tcp-bind").map(value -> value.list(Port::parse));
        Optional<List<Port>> connect = fields.take("tcp-connect").map(value -> value.list(Port::parse));
        return fields.place().attempt(() -> new LandlockPolicy(minAbi, rules, bind, connect));
    }

    private static Optional<Rule> rule(YamlValue item) {
        return item.mapping().flatMap(fields -> {
            Optional<String> path = fields.require("path", "/usr").flatMap(value -> value.parse(Function.identity()));
            List<Access> access = fields.require("access", "[read]").stream()
                    .flatMap(value -> value.list(Access::parse).stream())
                    .toList();
            fields.finish();
            return path.flatMap(text -> item.attempt(() -> new Rule(text, Set.copyOf(access))));
        });
    }
}
