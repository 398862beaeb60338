package dev.nucleus.policy;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.Security;
import dev.nucleus.spec.Trust;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What each mode refuses, and how strictly it applies the rest. */
public final class ModePolicy {

    private ModePolicy() {}

    /**
     * The posture for a container.
     *
     * @throws PolicyViolationException naming every field that the mode refuses
     */
    public static Posture check(ContainerSpec spec) {
        List<String> refusals = refusals(spec);
        if (!refusals.isEmpty()) {
            throw new PolicyViolationException(refusals);
        }
        return Posture.of(spec.mode(), spec.security().allowDegraded());
    }

    /** Every refusal, as sentences; empty when the mode allows the container. */
    public static List<String> refusals(ContainerSpec spec) {
        var refusals = new ArrayList<String>();
        Mode mode = spec.mode();
        if (mode != Mode.AGENT && spec.security().allowDegraded()) {
            refusals.add("allow-degraded: " + mode + " mode never runs with a layer missing");
        }
        switch (mode) {
            case AGENT -> {
                if (spec.network() == Network.HOST && !spec.security().allowDegraded()) {
                    refusals.add("network: agent mode shares the host's network only with allow-degraded: true");
                }
            }
            case STRICT_AGENT -> refuseHostNetwork(spec, refusals);
            case PRODUCTION -> {
                refuseHostNetwork(spec, refusals);
                if (spec.resources().memory().isEmpty()) {
                    refusals.add("memory: production mode needs a limit, such as memory: 512M");
                }
                if (spec.resources().cpus().isEmpty()) {
                    refusals.add("cpus: production mode needs a limit, such as cpus: 1");
                }
                if (spec.filesystem().rootfs().isEmpty()) {
                    refusals.add(
                            "rootfs: production mode needs a root filesystem of its own, such as rootfs: rootfs/web");
                }
                if (spec.resources().pids() == 0) {
                    refusals.add("pids: production mode needs a limit above 0");
                }
            }
        }
        for (String capability : spec.security().capabilities()) {
            if (Capability.find(capability).isEmpty()) {
                refusals.add("capabilities: there is no capability '" + capability + "' (capabilities(7))");
            }
        }
        policies(spec.security(), refusals);
        if (spec.security().trust().equals(Optional.of(Trust.UNTRUSTED))
                && !(mode == Mode.AGENT && spec.security().allowDegraded())) {
            refusals.add("trust: untrusted code wants a kernel of its own (gVisor), which this version can't give; "
                    + (mode == Mode.AGENT
                            ? "allow-degraded: true runs it on the host's kernel, with every layer on"
                            : mode + " mode never runs it on the host's"));
        }
        if (spec.security().trace()) {
            switch (mode) {
                case AGENT -> {}
                case STRICT_AGENT, PRODUCTION ->
                    refusals.add("trace: " + mode + " mode never runs with its system calls only recorded");
            }
        }
        return refusals;
    }

    /** Reads what the spec's policies come from: a mistake in a file is told before anything starts. */
    private static void policies(Security security, List<String> refusals) {
        if (security.seccomp() instanceof PolicySource.Named(var name)
                && !SeccompProfiles.names().contains(name)) {
            refusals.add("seccomp: there is no profile '" + name + "'; there are "
                    + String.join(", ", SeccompProfiles.names()) + ", and files: write a path for one");
        } else {
            attempt(refusals, () -> SeccompProfiles.of(security.seccomp()));
        }
        security.landlock().ifPresent(file -> attempt(refusals, () -> LandlockPolicy.read(file)));
        security.capabilityPolicy().ifPresent(file -> attempt(refusals, () -> CapabilityPolicy.read(file)));
    }

    private static void attempt(List<String> refusals, Runnable reading) {
        try {
            reading.run();
        } catch (PolicyViolationException e) {
            refusals.addAll(e.refusals());
        }
    }

    private static void refuseHostNetwork(ContainerSpec spec, List<String> refusals) {
        if (spec.network() == Network.HOST) {
            refusals.add("network: " + spec.mode() + " mode never shares the host's network");
        }
    }
}
