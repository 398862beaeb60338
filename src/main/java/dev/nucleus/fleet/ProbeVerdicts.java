package dev.nucleus.fleet;

import dev.nucleus.probe.ProbeResult;
import dev.nucleus.spec.ProbeSpec;
import dev.nucleus.spec.ServiceSpec;
import java.util.Optional;

/**
 * The probe results of one container that crossed their thresholds, and the status that follows from them. Immutable.
 *
 * @param hasReadiness whether the service has a readiness probe
 * @param isHealthcheck whether it is Compose's healthcheck: one probe for readiness and liveness
 * @param isStartedUp whether the startup probe has succeeded, or there is none
 * @param isAlive false after the liveness probe has failed
 * @param isReady empty: the readiness probe has no result yet
 * @param checked the last result that says whether it can take work; empty: there is none
 * @param liveness the last result of the liveness probe
 */
record ProbeVerdicts(
        boolean hasReadiness,
        boolean isHealthcheck,
        boolean isStartedUp,
        boolean isAlive,
        Optional<Boolean> isReady,
        Optional<Cause> checked,
        Cause liveness) {

    /** The verdicts of a container that has just started. */
    static ProbeVerdicts none(ServiceSpec service) {
        return new ProbeVerdicts(
                service.readiness().isPresent(),
                service.readiness().flatMap(ProbeSpec::healthcheck).isPresent(),
                service.startup().isEmpty(),
                true,
                Optional.empty(),
                Optional.empty(),
                Cause.running(""));
    }

    /** Adds a result. A failed startup probe ends the container and is never added. */
    ProbeVerdicts with(ProbeResult result, boolean success) {
        Optional<Cause> cause = Optional.of(causeOf(result));
        return switch (result.role()) {
            case STARTUP -> new ProbeVerdicts(hasReadiness, isHealthcheck, true, isAlive, isReady, cause, liveness);
            case READINESS ->
                new ProbeVerdicts(
                        hasReadiness, isHealthcheck, isStartedUp, isAlive, Optional.of(success), cause, liveness);
            case LIVENESS ->
                new ProbeVerdicts(
                        hasReadiness,
                        isHealthcheck,
                        isStartedUp,
                        success,
                        isHealthcheck ? Optional.of(success) : isReady,
                        hasReadiness && !isHealthcheck ? checked : cause,
                        causeOf(result));
        };
    }

    static Cause causeOf(ProbeResult result) {
        return Cause.probe(result.role().word() + ": " + result.detail());
    }

    StatusWithCause status() {
        if (!isStartedUp) {
            return StatusWithCause.of(ReplicaStatus.STARTING, Cause.running("waiting for its startup probe"));
        }
        if (!isAlive) {
            return StatusWithCause.of(ReplicaStatus.UNHEALTHY, liveness);
        }
        if (!hasReadiness) {
            return checked.map(cause -> StatusWithCause.of(ReplicaStatus.READY, cause))
                    .orElse(StatusWithCause.of(
                            ReplicaStatus.RUNNING, Cause.running("running; not checked by a probe")));
        }
        return isReady.map(success -> StatusWithCause.of(
                        success ? ReplicaStatus.READY : ReplicaStatus.NOT_READY, checked.orElseThrow()))
                .orElse(StatusWithCause.of(ReplicaStatus.STARTING, Cause.running("waiting for its readiness probe")));
    }
}
