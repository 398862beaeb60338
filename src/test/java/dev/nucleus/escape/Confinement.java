package dev.nucleus.escape;

import dev.nucleus.support.Requires;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A confinement that exploits try to escape: a mode, a kernel, a user mapping, and the manager's user. */
enum Confinement {
    AGENT("--mode", "agent"),
    STRICT_AGENT("--mode", "strict-agent"),
    PRODUCTION("--mode", "production", "--memory", "128M", "--cpus", "1"),
    USER_NAMESPACE("--mode", "agent", "--user-namespace", "auto"),
    GVISOR_AGENT("--mode", "agent", "--runtime", "gvisor"),
    GVISOR_STRICT_AGENT("--mode", "strict-agent", "--runtime", "gvisor"),
    GVISOR_PRODUCTION("--mode", "production", "--runtime", "gvisor", "--memory", "256M", "--cpus", "2"),
    /** With an ordinary user's manager. */
    ROOTLESS("--mode", "agent");

    @SuppressWarnings("ImmutableEnumChecker") // List.of is immutable.
    private final List<String> options;

    Confinement(String... options) {
        this.options = List.of(options);
    }

    /** Options of {@code run} and {@code create}. */
    List<String> options(Path rootfs) {
        var all = new ArrayList<>(options);
        all.addAll(List.of("--rootfs", rootfs.toString()));
        return all;
    }

    boolean isGvisor() {
        return options.contains("gvisor");
    }

    boolean isRootless() {
        return this == ROOTLESS;
    }

    /** Whether user 0 inside is another user on the host. */
    boolean mapsRoot() {
        return this == STRICT_AGENT || this == USER_NAMESPACE;
    }

    /** Users of the container as which exploits are tried; the empty string is the default user. */
    List<String> users() {
        return isRootless() ? List.of("") : List.of("", "0:0");
    }

    static List<Confinement> ofNativeRuntime() {
        return Arrays.stream(values()).filter(each -> !each.isGvisor()).toList();
    }

    static List<Confinement> ofGvisor() {
        return Arrays.stream(values()).filter(Confinement::isGvisor).toList();
    }

    /** Those whose manager runs in the test's own process. */
    static List<Confinement> ofRoot() {
        return Arrays.stream(values()).filter(each -> !each.isRootless()).toList();
    }

    /** Skips the test if this host lacks the runtime. */
    void require() {
        if (isGvisor()) {
            Requires.program("/usr/bin/runsc", "runsc");
        }
    }
}
