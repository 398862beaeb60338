package dev.nucleus.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.spec.Signal;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/** The standard gRPC health service, queried by gRPC's own client. Spring Boot's polling every 5 s is switched off. */
@Tag("isolation")
class GrpcHealthTest {

    private static final String FLEET = """
            name: shop
            services:
              web:
                command: [/bin/sleep, "1000"]
                restart: {policy: always, backoff: {from: 50ms}}
              cache: {command: [/bin/sleep, "1000"]}
            health: {traffic: [web]}
            """;
    private static final List<String> SETTINGS = List.of(
            "--spring.grpc.server.enabled=true",
            "--spring.grpc.server.port=0",
            "--spring.grpc.server.health.schedule.enabled=false");

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static ManagedChannel channel(TestManager manager) {
        return ManagedChannelBuilder.forTarget(
                        "127.0.0.1:" + manager.bean(GrpcServerLifecycle.class).getPort())
                .usePlaintext()
                .build();
    }

    private static HealthCheckRequest of(String service) {
        return HealthCheckRequest.newBuilder().setService(service).build();
    }

    private static ServingStatus check(ManagedChannel channel, String service) {
        return HealthGrpc.newBlockingStub(channel)
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .check(of(service))
                .getStatus();
    }

    private static BlockingQueue<ServingStatus> watch(ManagedChannel channel, String service) {
        var told = new LinkedBlockingQueue<ServingStatus>();
        HealthGrpc.newStub(channel).watch(of(service), new StreamObserver<>() {
            @Override
            public void onNext(HealthCheckResponse response) {
                told.add(response.getStatus());
            }

            @Override
            public void onError(Throwable ended) {}

            @Override
            public void onCompleted() {}
        });
        return told;
    }

    @Test
    void aFleetIsAServiceAndItsTransitionsArePushed() throws Exception {
        try (TestManager manager = TestManager.start(FLEET, SETTINGS)) {
            ManagedChannel channel = channel(manager);
            try {
                manager.await("shop/web-1", ReplicaStatus.RUNNING);
                manager.await("shop/cache-1", ReplicaStatus.RUNNING);
                BlockingQueue<ServingStatus> shop = watch(channel, "shop");
                Awaitility.await().until(() -> check(channel, "shop") == ServingStatus.SERVING);
                for (String service : List.of("", "shop-web", "liveness", "readiness")) {
                    Awaitility.await(service).until(() -> check(channel, service) == ServingStatus.SERVING);
                }
                shop.clear();

                long killed = System.nanoTime();
                manager.containerOf("shop/web-1").shim().signal(Signal.KILL);

                assertThat(shop.poll(5, TimeUnit.SECONDS)).isEqualTo(ServingStatus.NOT_SERVING);
                assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(2));
                assertThat(shop.poll(5, TimeUnit.SECONDS)).isEqualTo(ServingStatus.SERVING);
            } finally {
                channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
            }
        }
    }

    /** As with HTTP: a load balancer sends nothing to a stopped service, while the manager itself keeps serving. */
    @Test
    void aStoppedServiceDoesNotServe() throws Exception {
        try (TestManager manager = TestManager.start(FLEET, SETTINGS)) {
            ManagedChannel channel = channel(manager);
            try {
                manager.await("shop/web-1", ReplicaStatus.RUNNING);
                manager.await("shop/cache-1", ReplicaStatus.RUNNING);
                Awaitility.await().until(() -> check(channel, "shop-web") == ServingStatus.SERVING);
                manager.fleets().stopReplica("shop/web-1");
                Awaitility.await().until(() -> check(channel, "shop-web") == ServingStatus.NOT_SERVING);

                assertThat(manager.get("/actuator/health/shop-web").statusCode())
                        .isEqualTo(503);
                assertThat(check(channel, "liveness")).isEqualTo(ServingStatus.SERVING);
                assertThatThrownBy(() -> check(channel, "nowhere"))
                        .isInstanceOfSatisfying(
                                StatusRuntimeException.class,
                                e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
                assertThat(watch(channel, "nowhere").poll(5, TimeUnit.SECONDS))
                        .isEqualTo(ServingStatus.SERVICE_UNKNOWN);
            } finally {
                channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void noServerListensUnlessEnabled() {
        try (TestManager manager = TestManager.start(FLEET)) {
            assertThat(manager.has(BindableService.class)).isFalse();
            assertThat(manager.has(GrpcServerLifecycle.class)).isFalse();
        }
    }
}
