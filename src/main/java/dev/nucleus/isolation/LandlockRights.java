package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.LaunchPlan.Landlock.PathRule;
import dev.nucleus.plan.LaunchPlan.Landlock.PortRule;
import dev.nucleus.policy.LandlockPolicy;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.Port;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** LANDLOCK_ACCESS_* and LANDLOCK_SCOPE_* of linux/landlock.h, and their names in a policy. */
final class LandlockRights {

    static final long EXECUTE = 1;
    static final long WRITE_FILE = 1 << 1;
    static final long READ_FILE = 1 << 2;
    static final long READ_DIR = 1 << 3;
    static final long REMOVE_DIR = 1 << 4;
    static final long REMOVE_FILE = 1 << 5;
    static final long MAKE_DIR = 1 << 7;
    static final long MAKE_REG = 1 << 8;
    static final long MAKE_SOCK = 1 << 9;
    static final long MAKE_FIFO = 1 << 10;
    static final long MAKE_SYM = 1 << 12;
    static final long REFER = 1 << 13;
    static final long TRUNCATE = 1 << 14;
    static final long IOCTL_DEV = 1 << 15;

    static final long READ = READ_FILE | READ_DIR;
    private static final long WRITE = WRITE_FILE | TRUNCATE;
    private static final long CREATE = MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_SYM | REFER;
    private static final long REMOVE = REMOVE_DIR | REMOVE_FILE | REFER;
    static final long CHANGE = WRITE | CREATE | REMOVE;

    private static final long SCOPE_ABSTRACT_SOCKETS = 1;

    private static final long BIND_TCP = 1;
    private static final long CONNECT_TCP = 1 << 1;

    private LandlockRights() {}

    /** The file access rights that a kernel of this ABI can restrict. */
    static long handled(int abi) {
        long first = (1L << 13) - 1;
        return first | (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0) | (abi >= 5 ? IOCTL_DEV : 0);
    }

    /**
     * The scopes that confine a process to its own Landlock domain. A command executed later in the container is in
     * another domain than the workload, so a scope also separates these two. Scopes are therefore used only where no
     * namespace isolates: for abstract sockets on the host's network. Signals never leave the PID namespace
     * (decision 25).
     */
    static long scoped(int abi, Network network) {
        return switch (network) {
            case NONE, BRIDGE -> 0;
            case HOST -> abi >= 6 ? SCOPE_ABSTRACT_SOCKETS : 0;
        };
    }

    /** Logs denials after execve(2) to the audit log, where supported (LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON). */
    static int flags(int abi) {
        return abi >= 7 ? 1 << 1 : 0;
    }

    static PathRule rule(String path, long access, long handled) {
        return new PathRule(path, access & handled, true);
    }

    /** The rules of a policy file, translated to the kernel's rights. */
    static LaunchPlan.Landlock of(LandlockPolicy policy, long handled, long scoped, int flags) {
        var ports = new TreeMap<Integer, Long>();
        policy.bind().ifPresent(list -> add(ports, list, BIND_TCP));
        policy.connect().ifPresent(list -> add(ports, list, CONNECT_TCP));
        long network =
                (policy.bind().isPresent() ? BIND_TCP : 0) | (policy.connect().isPresent() ? CONNECT_TCP : 0);
        return new LaunchPlan.Landlock(
                true,
                handled,
                network,
                scoped,
                flags,
                policy.rules().stream()
                        .map(rule -> rule(rule.path(), access(rule), handled))
                        .toList(),
                ports.entrySet().stream()
                        .map(port -> new PortRule(port.getKey(), port.getValue()))
                        .toList());
    }

    private static void add(Map<Integer, Long> ports, List<Port> added, long access) {
        added.forEach(port -> ports.merge(port.number(), access, (one, other) -> one | other));
    }

    private static long access(LandlockPolicy.Rule rule) {
        return rule.access().stream()
                .mapToLong(access -> switch (access) {
                    case READ -> READ_FILE;
                    case WRITE -> WRITE;
                    case EXECUTE -> EXECUTE;
                    case CREATE -> CREATE;
                    case REMOVE -> REMOVE;
                    case READDIR -> READ_DIR;
                    case IOCTL -> IOCTL_DEV;
                })
                .reduce(0, (left, right) -> left | right);
    }
}
