package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.LaunchRequest;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.UnsupportedLayerException;
import dev.nucleus.spec.Lockdown;
import java.util.Arrays;
import java.util.Optional;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** Requirements on the host's kernel itself. */
@Component
@Order(5)
final class KernelLayer implements Layer {

    private final HostFeatures host;

    KernelLayer(HostFeatures host) {
        this.host = host;
    }

    @Override
    public void check(LaunchRequest request) {
        request.spec().security().lockdown().ifPresent(this::present);
    }

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        if (!launch.usesGvisor()) {
            String trust = launch.spec()
                    .security()
                    .trust()
                    .map(level -> "trust: " + level)
                    .orElse("no gVisor");
            plan.can("kernel", "make system calls to the host's own kernel, as far as seccomp allows", trust);
        }
        launch.spec()
                .security()
                .lockdown()
                .ifPresent(required -> plan.cannot(
                        "kernel", "change the running kernel even as root", "lockdown: " + present(required)));
    }

    private Lockdown present(Lockdown required) {
        Optional<Lockdown> present = Arrays.stream(Lockdown.values())
                .filter(lockdown -> lockdown.toString().equals(host.lockdown()))
                .findFirst();
        if (present.isEmpty() || present.get().compareTo(required) < 0) {
            throw new UnsupportedLayerException("lockdown: " + required + " is required, but this kernel ("
                    + host.release() + ") is locked down to '" + host.lockdown()
                    + "' (/sys/kernel/security/lockdown); boot it with lockdown=" + required);
        }
        return present.get();
    }
}
