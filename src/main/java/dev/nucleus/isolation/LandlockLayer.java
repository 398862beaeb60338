package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.LaunchPlan.Landlock.PathRule;
import dev.nucleus.policy.LandlockPolicy;
import dev.nucleus.policy.Posture;
import dev.nucleus.preparation.ContainerRoot;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.UnsupportedLayerException;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Landlock: the access that is allowed below each path, enforced by the kernel in addition to mounts and file modes
 * (Documentation/userspace-api/landlock.rst).
 */
@Component
@Order(60)
final class LandlockLayer implements Layer {

    private static final LaunchPlan.Landlock NONE = new LaunchPlan.Landlock(false, 0, 0, 0, 0, List.of(), List.of());

    /**
     * Terminals, and devices whose ioctls do nothing for a program without privileges: isatty(3) asks each open file, and
     * would count as a denial.
     */
    private static final List<String> WITH_IOCTL =
            List.of("/dev/pts", "/dev/tty", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom");

    private final HostFeatures host;

    LandlockLayer(HostFeatures host) {
        this.host = host;
    }

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        if (launch.usesGvisor()) {
            plan.landlock(NONE);
            plan.cannot(
                    "landlock",
                    "open a file that isn't mounted for it",
                    "gVisor shows it only mounted files; Landlock does not apply");
            return;
        }
        Posture posture = launch.posture();
        Optional<LandlockPolicy> policy = launch.policies().landlock();
        if (launch.spec().security().trace()) {
            plan.landlock(NONE);
            plan.can("landlock", "access files as far as mounts and file modes allow, without Landlock", "trace: true");
            return;
        }
        int abi = host.landlockAbi();
        int wanted = Math.max(
                posture.landlockAbi(), policy.map(LandlockPolicy::minAbi).orElse(0));
        if (abi < wanted) {
            degradeOrRefuse(launch, wanted, plan);
            return;
        }
        long scoped = LandlockRights.scoped(abi, launch.spec().network());
        long handled = LandlockRights.handled(abi);
        int flags = LandlockRights.flags(abi);
        plan.landlock(policy.map(rules -> LandlockRights.of(rules, handled, scoped, flags))
                .orElseGet(() ->
                        new LaunchPlan.Landlock(true, handled, 0, scoped, flags, rules(launch, handled), List.of())));
        policy.ifPresentOrElse(
                rules -> explain(rules, file(launch), plan),
                () -> plan.cannot("landlock", writable(launch), "Landlock ABI " + abi));
    }

    /**
     * Plans without Landlock.
     *
     * @throws UnsupportedLayerException if the mode requires it
     */
    private void degradeOrRefuse(PreparedLaunch launch, int wanted, LaunchPlan.Builder plan) {
        Posture posture = launch.posture();
        int abi = host.landlockAbi();
        if (posture.landlockRequired()) {
            throw new UnsupportedLayerException("Landlock ABI " + wanted + " is required"
                    + (wanted > posture.landlockAbi() ? " by " + file(launch) : " in " + posture.mode() + " mode")
                    + ", but this kernel (" + host.release() + ") has ABI " + abi
                    + (posture.mode() == Mode.AGENT ? "; allow-degraded: true runs the container without it" : ""));
        }
        plan.landlock(NONE);
        plan.can(
                "landlock",
                "access files as far as mounts and file modes allow, without Landlock",
                "allow-degraded: true, and this kernel has Landlock ABI " + abi);
    }

    private static String writable(PreparedLaunch launch) {
        return "write anywhere but /tmp, /dev/shm, its home"
                + (launch.spec().filesystem().workspace().isPresent() ? ", its workspace" : "")
                + (launch.spec().filesystem().overlay().isPresent() ? ", its overlay" : "") + " and its volumes";
    }

    private static String file(PreparedLaunch launch) {
        return "policy "
                + launch.spec()
                        .security()
                        .landlock()
                        .map(PolicySource.File::toString)
                        .orElse("");
    }

    private static void explain(LandlockPolicy policy, String file, LaunchPlan.Builder plan) {
        plan.cannot(
                "landlock", "use files other than those below " + policy.rules().size() + " paths", file);
        policy.bind().ifPresent(ports -> plan.cannot("landlock", "listen on any TCP port but " + ports, file));
        policy.connect().ifPresent(ports -> plan.cannot("landlock", "connect to any TCP port but " + ports, file));
    }

    private static PathRule workspace(WorkspaceMount workspace, long handled) {
        long access = LandlockRights.READ
                | (workspace.access() == WorkspaceMount.Access.BIND_RO ? 0 : LandlockRights.CHANGE)
                | executed(workspace.execute());
        return LandlockRights.rule(WorkspaceMount.TARGET, access, handled);
    }

    private static List<PathRule> rules(PreparedLaunch launch, long handled) {
        var rules = new ArrayList<PathRule>();
        rules.add(LandlockRights.rule("/", LandlockRights.READ_DIR, handled));
        Filesystem filesystem = launch.spec().filesystem();
        for (ContainerRoot.ProgramTree tree : launch.root().programs()) {
            rules.add(LandlockRights.rule(
                    tree.path().toString(), LandlockRights.READ | executed(tree.executable()), handled));
        }
        for (String readable : List.of("/etc", "/proc", "/run", "/var", "/srv")) {
            rules.add(LandlockRights.rule(readable, LandlockRights.READ, handled));
        }
        rules.add(LandlockRights.rule("/dev", LandlockRights.READ | LandlockRights.WRITE_FILE, handled));
        for (String device : WITH_IOCTL) {
            rules.add(LandlockRights.rule(
                    device, LandlockRights.READ | LandlockRights.WRITE_FILE | LandlockRights.IOCTL_DEV, handled));
        }
        for (MemoryMount mount : MemoryMount.of(filesystem)) {
            rules.add(LandlockRights.rule(
                    mount.target(), LandlockRights.READ | LandlockRights.CHANGE | executed(mount.execute()), handled));
        }
        if (filesystem.context().isPresent()) {
            rules.add(LandlockRights.rule(ContextMount.TARGET, LandlockRights.READ, handled));
        }
        filesystem.workspace().ifPresent(workspace -> rules.add(workspace(workspace, handled)));
        if (filesystem.overlay().isPresent()) {
            rules.add(LandlockRights.rule("/", LandlockRights.READ | LandlockRights.CHANGE, handled));
        }
        for (VolumeMount volume : filesystem.volumes()) {
            rules.add(LandlockRights.rule(
                    volume.target(),
                    LandlockRights.READ | (volume.readOnly() ? 0 : LandlockRights.CHANGE) | executed(volume.execute()),
                    handled));
        }
        return rules;
    }

    private static long executed(boolean execute) {
        return execute ? LandlockRights.EXECUTE : 0;
    }
}
