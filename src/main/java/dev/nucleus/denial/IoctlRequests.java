package dev.nucleus.denial;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Requests of ioctl(2) by name, and what their denial prevents. Drivers choose their numbers freely, so a number that is
 * not listed belongs to a driver that no profile knows.
 */
final class IoctlRequests {

    private static final long UNSIGNED = 0xffffffffL;
    private static final Map<Long, String> NAMES = read();

    /** Those by which programs read their interfaces, allowed to containers with a network (docs/decisions/0020). */
    private static final Set<String> OF_A_NETWORK = Set.of(
            "SIOCGIFNAME",
            "SIOCGIFCONF",
            "SIOCGIFFLAGS",
            "SIOCGIFADDR",
            "SIOCGIFDSTADDR",
            "SIOCGIFBRDADDR",
            "SIOCGIFNETMASK",
            "SIOCGIFMTU",
            "SIOCGIFHWADDR",
            "SIOCGIFINDEX");

    private static final String OTHER_TERMINAL = "of a terminal the profile allows what programs need, and not this";
    private static final String CONSOLE = "it commands the host's console";

    /** By the beginning of a name; the first that fits. */
    private static final Map<String, String> REASONS = reasons();

    private IoctlRequests() {}

    private static Map<String, String> reasons() {
        var reasons = new LinkedHashMap<String, String>();
        reasons.put("TIOCSTI", "it types into a terminal as if its user had (CVE-2017-5226)");
        reasons.put("TIOCLINUX", "it types into a console as if its user had (CVE-2023-1523)");
        reasons.put("TIOCCONS", "it diverts what is written to the console");
        reasons.put("TIOCSETD", "it loads a line discipline, rarely used code of the kernel");
        reasons.put("TIOC", OTHER_TERMINAL);
        reasons.put("TC", OTHER_TERMINAL);
        reasons.put("SIOCG", "it requests more than addresses from a network driver");
        reasons.put("SIOCOUTQ", "it requests more about a socket than the profile allows");
        reasons.put("SIOCETHTOOL", "it commands a network driver");
        reasons.put("SIOC", "it changes network interfaces, routes or neighbours");
        reasons.put("TUN", "it makes and changes network interfaces");
        reasons.put("BLK", "it reads or changes a whole disk");
        reasons.put("LOOP_", "it makes block devices of files");
        reasons.put("FS_IOC_", "it changes or reads attributes that only the file system's driver looks after");
        reasons.put("FICLONE", "it shares blocks between files, in code of the file system's driver");
        reasons.put("FIDEDUPE", "it shares blocks between files, in code of the file system's driver");
        reasons.put("FIFREEZE", "it stops a whole file system");
        reasons.put("FITHAW", "it resumes a whole file system");
        reasons.put("FITRIM", "it discards blocks of a whole file system");
        reasons.put("FI", "of a file the profile allows what programs need, and not this");
        reasons.put("KD", CONSOLE);
        reasons.put("KIOC", CONSOLE);
        reasons.put("GIO_", CONSOLE);
        reasons.put("PIO_", CONSOLE);
        reasons.put("VT_", CONSOLE);
        reasons.put("NS_", "it leads to other namespaces");
        reasons.put("PERF_", "it watches the kernel and other processes");
        reasons.put("UFFDIO_", "it makes races in the kernel easy to win");
        reasons.put("USERFAULTFD_", "it makes races in the kernel easy to win");
        reasons.put("RND", "it changes the kernel's source of random numbers");
        reasons.put("SECCOMP_", "it answers for the filters of others");
        reasons.put("KVM_", "it makes virtual machines, in much of the kernel's code");
        reasons.put("FUSE_", "it serves file systems to the kernel");
        return reasons;
    }

    private static Map<Long, String> read() {
        try (InputStream in = Objects.requireNonNull(IoctlRequests.class.getResourceAsStream("ioctl-requests.txt"));
                var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
            return lines.lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(" ", 2))
                    .collect(Collectors.toMap(words -> Long.decode(words[0]), words -> words[1]));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * As the kernel's headers have it; empty: they have none, or it is not known here.
     *
     * @param argument the call's second
     */
    static Optional<String> name(long argument) {
        return Optional.ofNullable(NAMES.get(argument & UNSIGNED));
    }

    /** What the refusal keeps away, as a clause. */
    static String reason(long argument) {
        return name(argument)
                .map(IoctlRequests::reason)
                .orElse("the profile names the requests that it allows, and this is none of them");
    }

    private static String reason(String name) {
        if (OF_A_NETWORK.contains(name)) {
            return "names and addresses of network interfaces are for containers with a network";
        }
        return REASONS.entrySet().stream()
                .filter(entry -> name.startsWith(entry.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no reason for " + name));
    }

    /** All that are known. */
    static Map<Long, String> names() {
        return NAMES;
    }
}
