package dev.nucleus.integration;

import dev.nucleus.fleet.ReplicaChanged;
import dev.nucleus.lifecycle.LifecyclePhase;
import io.grpc.protobuf.services.HealthStatusManager;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.grpc.server.health.GrpcServerHealth;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Publishes transitions to clients that watch the gRPC health service as they happen. Spring Boot itself only polls;
 * its polling continues for indicators without events, such as disk space. One update covers all transitions before it.
 */
@Component
@ConditionalOnBooleanProperty("spring.grpc.server.enabled")
final class GrpcHealthPush implements SmartLifecycle {

    private final GrpcServerHealth health;
    private final HealthStatusManager statuses;
    private final ExecutorService executor = Executors.newSingleThreadExecutor(
            Thread.ofVirtual().name("grpc-health").factory());
    private final AtomicBoolean due = new AtomicBoolean();
    /** Guarded by {@code this}. */
    private Set<String> served = Set.of();

    private volatile boolean running;

    GrpcHealthPush(GrpcServerHealth health, HealthStatusManager statuses) {
        this.health = health;
        this.statuses = statuses;
    }

    @EventListener
    void on(ReplicaChanged event) {
        look();
    }

    @EventListener
    void on(AvailabilityChangeEvent<?> event) {
        look();
    }

    private void look() {
        if (running && due.compareAndSet(false, true)) {
            executor.execute(() -> {
                due.set(false);
                push();
            });
        }
    }

    private synchronized void push() {
        var now = new HashSet<String>();
        health.update((service, status) -> {
            statuses.setStatus(service, status);
            now.add(service);
        });
        served.stream().filter(service -> !now.contains(service)).forEach(statuses::clearStatus);
        served = now;
    }

    /** Publishes before the first request: without a status the service reports itself as SERVING. */
    @Override
    public void start() {
        push();
        running = true;
    }

    @Override
    public void stop() {
        running = false;
        executor.close();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Starts after the fleets and before the server. */
    @Override
    public int getPhase() {
        return LifecyclePhase.GRPC_HEALTH.phase();
    }
}
