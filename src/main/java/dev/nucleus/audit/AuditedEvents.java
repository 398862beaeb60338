package dev.nucleus.audit;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerEvent;
import dev.nucleus.fleet.ReplicaChanged;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.fleet.Transition;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.LaunchStep;
import dev.nucleus.plan.RootfsStep;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Turns events within the manager into records of the trail. */
@Component
final class AuditedEvents {

    private final AuditTrail trail;
    /** The mode of each container that this manager launched. */
    private final Map<String, String> postures = new ConcurrentHashMap<>();

    AuditedEvents(AuditTrail trail) {
        this.trail = trail;
    }

    private void add(AuditKind kind, Container container, String detail, boolean error) {
        trail.add(AuditRecord.about(
                kind, container.id(), container.name(), detail, error, postures.getOrDefault(container.id(), "")));
    }

    @EventListener
    void on(CommandReceived event) {
        trail.add(AuditRecord.of(
                AuditKind.COMMAND,
                event.principal(),
                "nucleus " + String.join(" ", event.arguments()) + ": exit code " + event.exitCode(),
                event.exitCode() != 0));
    }

    @EventListener
    void on(ContainerEvent event) {
        Container container = event.container();
        switch (event) {
            case ContainerEvent.Confined(var _, var plan) -> {
                postures.put(container.id(), plan.mode().toString());
                recordConfinement(container, plan);
            }
            case ContainerEvent.Failed(var _, var plan, var why) -> {
                postures.put(container.id(), plan.mode().toString());
                boolean audit = plan.rootfs().audited()
                        && why.step() == LaunchStep.PIVOT
                        && String.valueOf(why.getMessage()).contains("mount audit");
                add(
                        audit ? AuditKind.MOUNT_AUDIT_FAILED : AuditKind.LAUNCH_FAILED,
                        container,
                        String.valueOf(why.getMessage()),
                        true);
                postures.remove(container.id());
            }
            case ContainerEvent.Started(var _, var state) ->
                add(AuditKind.CONTAINER_START, container, program(container) + ", process " + state.pid(), false);
            case ContainerEvent.Stopped(var _, var state) ->
                add(
                        AuditKind.CONTAINER_STOP,
                        container,
                        state.toString(),
                        state.status().map(status -> status.code() != 0).orElse(true));
            case ContainerEvent.Executed(var _, var command) ->
                add(AuditKind.CONTAINER_EXEC, container, command.getFirst(), false);
            case ContainerEvent.InitActed(var _, var reaped, var forwarded) -> {
                if (reaped > 0) {
                    add(
                            AuditKind.ZOMBIE_REAPED,
                            container,
                            reaped + (reaped == 1 ? " process that" : " processes that")
                                    + " had outlived their parents",
                            false);
                }
                forwarded.forEach(
                        signal -> add(AuditKind.SIGNAL_FORWARDED, container, signal + " to the workload", false));
            }
            case ContainerEvent.Adopted _ ->
                add(AuditKind.CONTAINER_START, container, "was already running when this manager started", false);
            case ContainerEvent.Removed _ -> postures.remove(container.id());
        }
    }

    /** Arguments may contain secrets, and the trail is kept for a long time. */
    private static String program(Container container) {
        return container.command().isEmpty() ? "" : container.command().getFirst();
    }

    private void recordConfinement(Container container, LaunchPlan plan) {
        add(
                AuditKind.NAMESPACES_CREATED,
                container,
                Namespaces.words(plan.namespaces().flags())
                        + (plan.namespaces().users().uids().isEmpty() ? "" : ", users mapped"),
                false);
        if (!plan.cgroup().directories().isEmpty()) {
            add(
                    AuditKind.CGROUP_CREATED,
                    container,
                    String.join(", ", plan.cgroup().directories()),
                    false);
        }
        recordMounts(container, plan);
        recordRestrictions(container, plan);
        if (plan.execution().init()) {
            add(AuditKind.INIT_STARTED, container, "as PID 1", false);
        }
        if (plan.gvisor().config().length > 0) {
            add(AuditKind.GVISOR_STARTED, container, "a kernel of its own", false);
        }
    }

    private void recordMounts(Container container, LaunchPlan plan) {
        add(
                AuditKind.FILESYSTEM_MOUNTED,
                container,
                plan.rootfs().steps().size() + " steps, "
                        + plan.rootfs().writable().size() + " writable mounts",
                false);
        long secrets = plan.rootfs().steps().stream()
                .filter(RootfsStep.Secret.class::isInstance)
                .count();
        if (secrets > 0) {
            add(AuditKind.SECRETS_MOUNTED, container, secrets + " secrets, in memory", false);
        }
        add(AuditKind.ROOT_SWITCHED, container, "pivot_root", false);
        if (plan.rootfs().audited()) {
            add(AuditKind.MOUNT_AUDIT_PASSED, container, "every mount was checked from inside", false);
        }
    }

    private void recordRestrictions(Container container, LaunchPlan plan) {
        add(AuditKind.NO_NEW_PRIVILEGES, container, "PR_SET_NO_NEW_PRIVS", false);
        add(
                AuditKind.CAPABILITIES_DROPPED,
                container,
                Long.bitCount(plan.confinement().capabilities().bounding()) + " are left",
                false);
        if (plan.confinement().landlock().handledFiles() != 0) {
            add(
                    AuditKind.LANDLOCK_APPLIED,
                    container,
                    plan.confinement().landlock().paths().size() + " file rules, "
                            + plan.confinement().landlock().ports().size() + " port rules",
                    false);
        }
        if (plan.confinement().seccomp().program().length > 0) {
            add(
                    AuditKind.SECCOMP_PROFILE_LOADED,
                    container,
                    plan.confinement().seccomp().program().length / 8 + " instructions",
                    false);
            add(
                    AuditKind.SECCOMP_APPLIED,
                    container,
                    "denied calls: " + plan.confinement().seccomp().denied(),
                    false);
        }
    }

    @EventListener
    void on(ReplicaChanged event) {
        ReplicaView replica = event.replica();
        Transition last = replica.history().getLast();
        kind(last).ifPresent(kind -> {
            String id = replica.containerId().orElse("");
            boolean error = kind != AuditKind.READINESS_READY && kind != AuditKind.HEALTH_PASSED;
            trail.add(AuditRecord.about(kind, id, replica.name(), last.cause(), error, postures.getOrDefault(id, "")));
        });
    }

    private static Optional<AuditKind> kind(Transition transition) {
        return switch (transition.to()) {
            case READY ->
                Optional.of(
                        transition.from() == ReplicaStatus.UNHEALTHY
                                ? AuditKind.HEALTH_PASSED
                                : AuditKind.READINESS_READY);
            case NOT_READY -> Optional.of(AuditKind.READINESS_FAILED);
            case UNHEALTHY -> Optional.of(AuditKind.UNHEALTHY);
            case CRASH_LOOP -> {
                if (transition.serving()) {
                    yield Optional.of(AuditKind.READINESS_READY);
                }
                yield Optional.of(
                        transition.isReadinessInCrashLoop() ? AuditKind.READINESS_FAILED : AuditKind.HEALTH_FAILED);
            }
            case CRASHED, FAILED -> Optional.of(AuditKind.HEALTH_FAILED);
            // RUNNING: no probe has checked it.
            case WAITING, STARTING, RUNNING, COMPLETED, STOPPED -> Optional.empty();
        };
    }
}
