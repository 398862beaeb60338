package dev.nucleus.preparation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.Security;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/** Chooses the kernel of a container: the host's, or gVisor. */
@Component
final class KernelChoice {

    private final HostFeatures host;
    private final Supplier<Optional<Path>> runsc;

    @Autowired
    KernelChoice(HostFeatures host) {
        this(host, Gvisor::find);
    }

    /** @param runsc looks up runsc at each launch: its package may be installed or removed meanwhile */
    KernelChoice(HostFeatures host, Supplier<Optional<Path>> runsc) {
        this.host = host;
        this.runsc = runsc;
    }

    /**
     * gVisor for the container; empty: the host's kernel.
     *
     * @throws UnsupportedLayerException when gVisor is required, and this host can't provide it
     */
    Optional<Gvisor> choose(LaunchRequest request) {
        Security security = request.spec().security();
        if (security.requestedRuntime() == Runtime.NATIVE) {
            return Optional.empty();
        }
        Optional<Gvisor> gvisor = host.identity().root()
                ? runsc.get().map(program -> new Gvisor(program, security.gvisorPlatform()))
                : Optional.empty();
        boolean mayDegrade =
                security.runtime().isEmpty() && request.spec().mode() == Mode.AGENT && security.allowDegraded();
        if (gvisor.isEmpty() && !mayDegrade) {
            throw new UnsupportedLayerException(missing(security));
        }
        return gvisor;
    }

    private String missing(Security security) {
        String wanted = security.runtime().isPresent() ? "runtime: gvisor" : "trust: untrusted code";
        if (!host.identity().root()) {
            return wanted + " needs a manager that runs as root";
        }
        return wanted + " needs gVisor, but there is no runsc that only root could have put at "
                + Gvisor.PLACES.stream().map(Path::toString).collect(Collectors.joining(" or "))
                + "; on Debian: apt-get install runsc";
    }
}
