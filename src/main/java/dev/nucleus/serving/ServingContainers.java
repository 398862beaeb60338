package dev.nucleus.serving;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerEvent;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.fleet.ProbeCompleted;
import dev.nucleus.fleet.ReplicaChanged;
import dev.nucleus.network.Networks;
import dev.nucleus.probe.ProbeResult;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Updates which containers receive traffic: replicas by their status, standalone containers from their start. One that
 * ends needs no update: it is detached from its networks.
 */
@Component
final class ServingContainers {

    private final Networks networks;
    private final Containers containers;
    private final Fleets fleets;

    ServingContainers(Networks networks, Containers containers, Fleets fleets) {
        this.networks = networks;
        this.containers = containers;
        this.fleets = fleets;
    }

    /** Runs in the replica's supervision thread, so that a replica gets no new connections before it is stopped. */
    @EventListener
    void on(ReplicaChanged event) {
        event.replica()
                .containerId()
                .filter(id -> containers
                        .byId(id)
                        .filter(container -> !container.isStopped())
                        .isPresent())
                .filter(id -> event.replica().serving()
                        || !networks.isCarriedOver(id)
                        || !event.replica().probeResults().isEmpty())
                .ifPresent(id -> networks.setServing(id, event.replica().serving()));
    }

    /** A container taken over as serving stays so until a readiness probe fails. */
    @EventListener
    void on(ProbeCompleted event) {
        if (event.result().success() || event.result().role() != ProbeResult.Role.READINESS) {
            return;
        }
        fleets.replicas().stream()
                .filter(replica -> replica.fleet().equals(event.fleet())
                        && replica.service().equals(event.service())
                        && !replica.serving())
                .filter(replica -> replica.probeResults().stream()
                        .filter(result -> result.role() == ProbeResult.Role.READINESS)
                        .reduce((_, last) -> last)
                        .filter(last -> !last.success())
                        .isPresent())
                .flatMap(replica -> replica.containerId().stream())
                .filter(networks::isCarriedOver)
                .forEach(id -> networks.setServing(id, false));
    }

    @EventListener
    void on(ContainerEvent.Started event) {
        Container container = event.container();
        if (container.record().replica() == null) {
            networks.setServing(container.id(), true);
        }
    }
}
