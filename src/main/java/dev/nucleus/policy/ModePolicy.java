package dev.nucleus.policy;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.Security;
import dev.nucleus.spec.Trust;
import dev.nucleus.spec.UserNamespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Decides what each mode refuses, and how strictly it applies the rest. */
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
        networkCapabilities(spec, refusals);
        hostRoot(spec, refusals);
        policies(spec.security(), refusals);
        runtime(spec, refusals);
        if (spec.security().trace()) {
            switch (mode) {
                case AGENT -> {}
                case STRICT_AGENT, PRODUCTION ->
                    refusals.add("trace: " + mode + " mode never runs containers whose system calls are only recorded");
            }
        }
        return refusals;
    }

    /**
     * A link between two network namespaces makes each known to the other (rtnetlink(7), IFLA_TARGET_NETNSID): these
     * capabilities, if they are of the initial user namespace, then apply to the host's interfaces too.
     */
    private static void networkCapabilities(ContainerSpec spec, List<String> refusals) {
        if (spec.network() != Network.BRIDGE
                || spec.mode() == Mode.STRICT_AGENT
                || !(spec.userNamespace() instanceof UserNamespace.None)) {
            return;
        }
        spec.security().capabilities().stream()
                .filter(name -> Set.of("NET_ADMIN", "SYS_ADMIN").contains(name.replaceFirst("^CAP_", "")))
                .forEach(name -> refusals.add("capabilities: with " + name
                        + ", a container on a network could change the host's interfaces; write user-namespace: auto"));
    }

    /**
     * A user or group of the container that maps to the host's root owns all of root's that it reaches, despite the
     * namespace.
     */
    private static void hostRoot(ContainerSpec spec, List<String> refusals) {
        if (!(spec.userNamespace() instanceof UserNamespace.Explicit(var uids, var gids))
                || spec.mode() == Mode.AGENT && spec.security().allowDegraded()) {
            return;
        }
        String where = spec.mode() == Mode.AGENT ? " mode only with allow-degraded: true" : " mode never";
        uids.stream()
                .filter(UserNamespace.IdRange::includesHostRoot)
                .forEach(range -> refusals.add("user-namespace: uids " + range + ": " + spec.mode() + where
                        + " maps onto the host's user 0, root"));
        gids.stream()
                .filter(UserNamespace.IdRange::includesHostRoot)
                .forEach(range -> refusals.add("user-namespace: gids " + range + ": " + spec.mode() + where
                        + " maps onto the host's group 0, root"));
    }

    private static void runtime(ContainerSpec spec, List<String> refusals) {
        Security security = spec.security();
        if (security.requestedRuntime() == Runtime.NATIVE) {
            if (security.trust().equals(Optional.of(Trust.UNTRUSTED))
                    && !(spec.mode() == Mode.AGENT && security.allowDegraded())) {
                refusals.add("runtime: untrusted code needs a kernel of its own (gvisor), not the host's (native)");
            }
            security.gvisorPlatform()
                    .ifPresent(platform -> refusals.add("gvisor-platform: " + platform + " needs runtime: gvisor"));
            return;
        }
        if (security.trace()) {
            refusals.add("trace: gVisor makes system calls of its own, so the container's can't be recorded");
        }
        if (security.landlock().isPresent()) {
            refusals.add("landlock: gVisor doesn't support it; its container sees only what is mounted for it");
        }
        if (!(spec.userNamespace() instanceof UserNamespace.None)) {
            refusals.add("user-namespace: gVisor's users are never users of the host; leave it out");
        }
        if (security.timeNamespace()) {
            refusals.add("time-namespace: gVisor has clocks of its own anyway; leave it out");
        }
    }

    /** Reads the spec's policy files, so that a mistake in one is reported before anything starts. */
    private static void policies(Security security, List<String> refusals) {
        if (security.seccomp() instanceof PolicySource.Named(var name)
                && !SeccompProfiles.names().contains(name)) {
            refusals.add("seccomp: there is no profile '" + name + "'; use "
                    + String.join(", ", SeccompProfiles.names()) + ", or the path of a file");
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
