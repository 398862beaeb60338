package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.LaunchPlan.Landlock.PathRule;
import dev.nucleus.policy.Posture;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import java.util.ArrayList;
import java.util.List;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Landlock: what may be done below which path, kept by the kernel whatever the mounts and modes say
 * (Documentation/userspace-api/landlock.rst).
 */
@Component
@Order(60)
final class LandlockLayer implements Layer {

    private static final long EXECUTE = 1;
    private static final long WRITE_FILE = 1 << 1;
    private static final long READ_FILE = 1 << 2;
    private static final long READ_DIR = 1 << 3;
    private static final long REMOVE_DIR = 1 << 4;
    private static final long REMOVE_FILE = 1 << 5;
    private static final long MAKE_DIR = 1 << 7;
    private static final long MAKE_REG = 1 << 8;
    private static final long MAKE_SOCK = 1 << 9;
    private static final long MAKE_FIFO = 1 << 10;
    private static final long MAKE_SYM = 1 << 12;
    private static final long REFER = 1 << 13;
    private static final long TRUNCATE = 1 << 14;
    private static final long IOCTL_DEV = 1 << 15;
    private static final long READ = READ_FILE | READ_DIR;
    private static final long CHANGE = WRITE_FILE
            | REMOVE_DIR
            | REMOVE_FILE
            | MAKE_DIR
            | MAKE_REG
            | MAKE_SOCK
            | MAKE_FIFO
            | MAKE_SYM
            | REFER
            | TRUNCATE;
    private static final long SCOPE_ABSTRACT_SOCKETS = 1;
    private static final long SCOPE_SIGNALS = 2;

    private final HostFeatures host;

    LandlockLayer(HostFeatures host) {
        this.host = host;
    }

    @Override
    public void contribute(LaunchRequest request, LaunchPlan.Builder plan) {
        Posture posture = request.posture();
        int abi = host.landlockAbi();
        if (abi < posture.landlockAbi()) {
            if (posture.landlockRequired()) {
                throw new UnsupportedLayerException("Landlock ABI " + posture.landlockAbi() + " is required in "
                        + posture.mode() + " mode, this kernel (" + host.release() + ") has ABI " + abi
                        + (posture.mode() == dev.nucleus.spec.Mode.AGENT
                                ? "; allow-degraded: true would run without it"
                                : ""));
            }
            plan.landlock(new LaunchPlan.Landlock(false, 0, 0, 0, List.of(), List.of()));
            plan.can(
                    "landlock",
                    "do with files whatever mounts and modes allow, without Landlock",
                    "allow-degraded: true, and this kernel has Landlock ABI " + abi);
            return;
        }
        long handled = handled(abi);
        // Abstract sockets live in the network namespace: scoping matters where that is the host's.
        long scoped = abi >= 6 ? SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS : 0;
        plan.landlock(new LaunchPlan.Landlock(true, handled, 0, scoped, rules(request, handled), List.of()));
        plan.cannot("landlock", "write anywhere but /tmp, /dev/shm, its home and its volumes", "Landlock ABI " + abi);
    }

    /** Rights by the ABI that brought them. */
    static long handled(int abi) {
        long first = (1L << 13) - 1;
        return first | (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0) | (abi >= 5 ? IOCTL_DEV : 0);
    }

    private static List<PathRule> rules(LaunchRequest request, long handled) {
        var rules = new ArrayList<PathRule>();
        rules.add(rule("/", READ_DIR, handled));
        for (String programs : List.of("/bin", "/sbin", "/usr", "/lib", "/lib64", "/lib32", "/opt", "/nix")) {
            rules.add(rule(programs, READ | EXECUTE, handled));
        }
        for (String readable : List.of("/etc", "/proc", "/run", "/var", "/srv")) {
            rules.add(rule(readable, READ, handled));
        }
        rules.add(rule("/dev", READ | WRITE_FILE, handled));
        for (String writable : List.of("/tmp", "/dev/shm", FilesystemLayer.HOME)) {
            rules.add(rule(writable, READ | CHANGE, handled));
        }
        for (VolumeMount volume : request.spec().volumes()) {
            rules.add(rule(volume.target(), volume.readOnly() ? READ : READ | CHANGE, handled));
        }
        for (TmpfsMount tmpfs : request.spec().tmpfs()) {
            rules.add(rule(tmpfs.target(), READ | CHANGE, handled));
        }
        return rules;
    }

    private static PathRule rule(String path, long access, long handled) {
        return new PathRule(path, access & handled, true);
    }
}
