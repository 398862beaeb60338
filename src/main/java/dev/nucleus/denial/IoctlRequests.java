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
 * Requests of ioctl(2) by name, and what their denial prevents. Drivers choose their numbers freely, so a number that
 * is not listed belongs to a driver that no profile knows.
 */
final class IoctlRequests {

    private static final long UNSIGNED = 0xffffffffL;
    private static final Map<Long, String> NAMES = read();

    /** Requests that read network interfaces, allowed to containers with a network (docs/decisions/0020). */
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

    private static final String OTHER_TERMINAL = "the profile allows only the terminal requests that programs need";
    private static final String CONSOLE = "it controls the host's console";

    /** By name prefix; the first that matches applies. */
    private static final Map<String, String> REASONS = reasons();

    private IoctlRequests() {}

    private static Map<String, String> reasons() {
        var reasons = new LinkedHashMap<String, String>();
        reasons.put("TIOCSTI", "it injects input into a terminal as if its user had typed it (CVE-2017-5226)");
        reasons.put("TIOCLINUX", "it injects input into a console as if its user had typed it (CVE-2023-1523)");
        reasons.put("TIOCCONS", "it redirects console output");
        reasons.put("TIOCSETD", "it loads a line discipline, which is rarely used kernel code");
        reasons.put("TIOC", OTHER_TERMINAL);
        reasons.put("TC", OTHER_TERMINAL);
        reasons.put("SIOCG", "it requests more than addresses from a network driver");
        reasons.put("SIOCOUTQ", "it requests more about a socket than the profile allows");
        reasons.put("SIOCETHTOOL", "it controls a network driver");
        reasons.put("SIOC", "it changes network interfaces, routes or neighbours");
        reasons.put("TUN", "it creates and changes network interfaces");
        reasons.put("BLK", "it reads or changes a whole disk");
        reasons.put("LOOP_", "it turns files into block devices");
        reasons.put("FS_IOC_", "it reads or changes attributes that only the file system's driver handles");
        reasons.put("FICLONE", "it shares blocks between files, in the file system's driver");
        reasons.put("FIDEDUPE", "it shares blocks between files, in the file system's driver");
        reasons.put("FIFREEZE", "it freezes a whole file system");
        reasons.put("FITHAW", "it thaws a whole file system");
        reasons.put("FITRIM", "it discards blocks of a whole file system");
        reasons.put("FI", "the profile allows only the file requests that programs need");
        reasons.put("KD", CONSOLE);
        reasons.put("KIOC", CONSOLE);
        reasons.put("GIO_", CONSOLE);
        reasons.put("PIO_", CONSOLE);
        reasons.put("VT_", CONSOLE);
        reasons.put("NS_", "it gives access to other namespaces");
        reasons.put("PERF_", "it watches the kernel and other processes");
        reasons.put("UFFDIO_", "it makes races in the kernel easy to win");
        reasons.put("USERFAULTFD_", "it makes races in the kernel easy to win");
        reasons.put("RND", "it changes the kernel's source of random numbers");
        reasons.put("SECCOMP_", "it answers notifications of other processes' filters");
        reasons.put("KVM_", "it creates virtual machines, which exposes much of the kernel's code");
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
     * The request's name in the kernel's headers; empty if they have none, or it is not listed here.
     *
     * @param argument the second argument of the call
     */
    static Optional<String> name(long argument) {
        return Optional.ofNullable(NAMES.get(argument & UNSIGNED));
    }

    /** The harm that a denial prevents, as a clause. */
    static String reason(long argument) {
        return name(argument)
                .map(IoctlRequests::reason)
                .orElse("the profile lists the requests that it allows, and this is not one of them");
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

    /** All known names, by number. */
    static Map<Long, String> names() {
        return NAMES;
    }
}
