package dev.nucleus.fleet;

import dev.nucleus.health.Cause;
import dev.nucleus.health.ProbeAnswer;
import dev.nucleus.health.ReplicaStatus;
import dev.nucleus.spec.ProbeSpec;
import dev.nucleus.spec.ServiceSpec;
import java.util.Optional;

/** What the probes of one container have said so far, and what that makes of it. Confined to the supervising thread. */
final class ProbeVerdicts {

    private final boolean hasReadiness;
    /** Compose's healthcheck is one probe for both. */
    private final boolean isOneCheck;

    private boolean startedUp;
    private boolean alive = true;
    private Optional<Boolean> ready = Optional.empty();
    /** What said last that it can take work, or can't; empty: nothing has checked it yet. */
    private Optional<Cause> checked = Optional.empty();
    /** What the liveness probe said last. */
    private Cause liveness = Cause.running("");

    ProbeVerdicts(ServiceSpec service) {
        this.hasReadiness = service.readiness().isPresent();
        this.isOneCheck = service.readiness().flatMap(ProbeSpec::healthcheck).isPresent();
        this.startedUp = service.startup().isEmpty();
    }

    /** Takes a verdict in; a startup probe's failure ends the container and is not for this. */
    void add(ProbeAnswer answer, boolean success) {
        Cause said = Cause.probe(answer.role().word() + ": " + answer.detail());
        switch (answer.role()) {
            case STARTUP -> {
                startedUp = true;
                checked = Optional.of(said);
            }
            case READINESS -> {
                ready = Optional.of(success);
                checked = Optional.of(said);
            }
            case LIVENESS -> {
                alive = success;
                liveness = said;
                if (isOneCheck) {
                    ready = Optional.of(success);
                }
                if (!hasReadiness || isOneCheck) {
                    checked = Optional.of(said);
                }
            }
        }
    }

    Standing standing() {
        if (!startedUp) {
            return Standing.of(ReplicaStatus.STARTING, Cause.running("waits for its startup probe"));
        }
        if (!alive) {
            return Standing.of(ReplicaStatus.UNHEALTHY, liveness);
        }
        if (!hasReadiness) {
            return checked.map(said -> Standing.of(ReplicaStatus.READY, said))
                    .orElse(Standing.of(ReplicaStatus.RUNNING, Cause.running("runs; no probe has checked it")));
        }
        return ready.map(success ->
                        Standing.of(success ? ReplicaStatus.READY : ReplicaStatus.NOT_READY, checked.orElseThrow()))
                .orElse(Standing.of(ReplicaStatus.STARTING, Cause.running("waits for its readiness")));
    }
}
