package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.Capability;
import dev.nucleus.policy.CapabilityPolicy;
import dev.nucleus.preparation.Gvisor;
import dev.nucleus.preparation.PreparedLaunch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * A separate kernel for the container. The workload, as planned by the earlier layers, becomes an OCI bundle; gVisor is
 * launched in its place, in the same namespaces and control groups.
 */
@Component
@Order(80)
final class GvisorLayer implements Layer {

    private static final String LAYER = "gVisor";

    /** Capabilities that runsc needs to create its sandbox and to serve files; the sandbox itself drops them all. */
    private static final Set<Capability> NEEDED = EnumSet.of(
            Capability.CHOWN,
            Capability.DAC_OVERRIDE,
            Capability.DAC_READ_SEARCH,
            Capability.FOWNER,
            Capability.FSETID,
            Capability.SETGID,
            Capability.SETUID,
            Capability.SETPCAP,
            Capability.SETFCAP,
            Capability.SYS_CHROOT,
            Capability.SYS_PTRACE,
            Capability.SYS_ADMIN);

    private static final LaunchPlan.Identity ROOT = new LaunchPlan.Identity(0, 0, List.of());
    private static final List<String> ENVIRONMENT = List.of("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    private static final LaunchPlan.Seccomp NO_FILTER =
            new LaunchPlan.Seccomp("gVisor's own", new byte[0], LaunchPlan.Seccomp.Denied.REFUSED, 1);

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        launch.gvisor().ifPresent(gvisor -> contribute(launch, gvisor, plan));
    }

    private static void contribute(PreparedLaunch launch, Gvisor gvisor, LaunchPlan.Builder plan) {
        LaunchPlan.Identity workload = plan.identity();
        var bundle = new OciBundle(
                launch,
                plan,
                plan.rootfs().steps(),
                SeccompLayer.adapted(launch.policies().seccomp().orElseThrow(), launch.spec(), true));
        Path directory = OciBundle.DIRECTORY;
        List<String> run = new ArrayList<>(gvisor.call(directory, launch.spec(), "run"));
        run.addAll(List.of("--bundle=" + directory, launch.id()));
        long capabilities = CapabilityPolicy.bits(NEEDED);
        plan.gvisor(new LaunchPlan.Gvisor(
                        bundle.config(),
                        plan.command().arguments(),
                        workload,
                        bundle.processStart(),
                        plan.command().environment(),
                        bundle.served(),
                        gvisor.call(directory, launch.spec(), "exec"),
                        gvisor.call(directory, launch.spec(), "kill")))
                .identity(ROOT)
                .init(false)
                .capabilities(new LaunchPlan.Capabilities(capabilities, capabilities, 0, 0))
                .rlimits(new LaunchPlan.Rlimits(false, List.of(CapabilitiesLayer.NO_CORE_HANDLER)))
                .seccomp(NO_FILTER)
                .command(new LaunchPlan.Command("/", run, ENVIRONMENT))
                .cannot(
                        LAYER,
                        "make any system call to the host's kernel",
                        gvisor.program() + " handles them" + platform(gvisor))
                .can(LAYER, "use about 20 MiB of its memory limit for that kernel", "runtime: gvisor");
    }

    private static String platform(Gvisor gvisor) {
        return gvisor.platform().map(platform -> ", platform " + platform).orElse("");
    }
}
