package dev.nucleus.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.fleet.FleetView;
import dev.nucleus.fleet.FleetViews;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.fleet.ServiceView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributors;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;

class FleetHealthTest {

    private final List<FleetView> living = new ArrayList<>();
    private final FleetViews view = new FleetViews() {
        @Override
        public List<FleetView> fleets() {
            return List.copyOf(living);
        }

        @Override
        public Optional<FleetView> fleet(String name) {
            return living.stream().filter(fleet -> fleet.name().equals(name)).findFirst();
        }

        @Override
        public Map<String, String> groups() {
            return Map.of();
        }
    };
    private final FleetsHealthContributor contributor = new FleetsHealthContributor(view);

    private static ReplicaView replica(ReplicaStatus status) {
        return replica(status, status.serves());
    }

    private static ReplicaView replica(ReplicaStatus status, boolean serving) {
        return new ReplicaView(
                "shop",
                "web",
                1,
                "shop/web-1",
                Optional.of("id"),
                status,
                serving,
                Instant.EPOCH,
                "because",
                2,
                false,
                List.of(),
                List.of());
    }

    private static FleetView fleet(boolean job, ReplicaStatus status) {
        return new FleetView("shop", List.of(new ServiceView("web", job, false, true, 1, List.of(replica(status)))));
    }

    private static List<String> names(CompositeHealthContributor composite) {
        return composite.stream().map(HealthContributors.Entry::name).toList();
    }

    private CompositeHealthContributor shop() {
        return (CompositeHealthContributor) Objects.requireNonNull(contributor.getContributor("shop"));
    }

    @ParameterizedTest
    @CsvSource({
        "WAITING, OUT_OF_SERVICE",
        "STARTING, OUT_OF_SERVICE",
        "RUNNING, UP",
        "READY, UP",
        "NOT_READY, OUT_OF_SERVICE",
        "UNHEALTHY, DOWN",
        "CRASHED, DOWN",
        "CRASH_LOOP, DOWN",
        "FAILED, DOWN",
        "COMPLETED, UNKNOWN",
        "STOPPED, UNKNOWN"
    })
    void eachReplicaStatusMapsToASpringHealthStatus(ReplicaStatus status, String health) {
        living.add(fleet(false, status));

        var service = (CompositeHealthContributor) Objects.requireNonNull(shop().getContributor("web"));
        var indicator = (HealthIndicator) Objects.requireNonNull(service.getContributor("web-1"));

        assertThat(Objects.requireNonNull(indicator.health()).getStatus()).isEqualTo(new Status(health));
        assertThat(Objects.requireNonNull(indicator.health()).getDetails()).containsEntry("cause", "because");
    }

    private Health healthOf(ReplicaView replica) {
        living.clear();
        living.add(new FleetView("shop", List.of(new ServiceView("web", false, true, true, 1, List.of(replica)))));
        var service = (CompositeHealthContributor) Objects.requireNonNull(shop().getContributor("web"));
        var indicator = (HealthIndicator) Objects.requireNonNull(service.getContributor("web-1"));
        return Objects.requireNonNull(indicator.health());
    }

    @Test
    void aReplicaWithoutProbesIsUpAndReportedAsUnchecked() {
        Health health = healthOf(replica(ReplicaStatus.RUNNING));

        assertThat(health.getStatus()).isEqualTo(Status.UP);
        assertThat(health.getDetails()).containsEntry("status", "running").containsEntry("checked", false);
        assertThat(new CriticalFleetsHealthIndicator(view).health().getStatus()).isEqualTo(Status.UP);
        assertThat(healthOf(replica(ReplicaStatus.READY)).getDetails()).doesNotContainKey("checked");
    }

    @Test
    void aCrashLoopingReplicaServesOnlyWhileItsReadinessSucceeds() {
        Health serving = healthOf(replica(ReplicaStatus.CRASH_LOOP, true));
        assertThat(serving.getStatus()).isEqualTo(Status.UP);
        assertThat(serving.getDetails()).containsEntry("status", "crash loop").containsEntry("serving", true);
        assertThat(new CriticalFleetsHealthIndicator(view).health().getStatus()).isEqualTo(Status.UP);

        Health not = healthOf(replica(ReplicaStatus.CRASH_LOOP, false));
        assertThat(not.getStatus()).isEqualTo(Status.DOWN);
        assertThat(not.getDetails()).containsEntry("serving", false);
        assertThat(new CriticalFleetsHealthIndicator(view).health().getStatus()).isEqualTo(Status.OUT_OF_SERVICE);
    }

    @Test
    void onlyProbedReplicasAreCountedAsReady() {
        var probed = new ServiceView(
                "db",
                false,
                false,
                true,
                3,
                List.of(
                        replica(ReplicaStatus.READY),
                        replica(ReplicaStatus.NOT_READY),
                        replica(ReplicaStatus.CRASH_LOOP, true)));
        var unprobed = new ServiceView(
                "web",
                false,
                false,
                false,
                2,
                List.of(replica(ReplicaStatus.RUNNING), replica(ReplicaStatus.CRASH_LOOP, false)));
        var job = new ServiceView("init", true, false, false, 1, List.of(replica(ReplicaStatus.COMPLETED)));

        assertThat(new FleetView("shop", List.of(probed, unprobed, job))
                        .counts()
                        .words())
                .isEqualTo("1 of 3 ready, 1 of 2 running, 2 in crash loop");
        assertThat(new FleetView("shop", List.of(unprobed)).counts().words())
                .isEqualTo("1 of 2 running, 1 in crash loop");
        assertThat(new FleetView("shop", List.of(job)).counts().words()).isEqualTo("0 of 0 ready");
    }

    @Test
    void fleetsComeAndGoWithoutBeingRegistered() {
        assertThat(contributor.getContributor("shop")).isNull();

        living.add(fleet(false, ReplicaStatus.READY));
        assertThat(names(contributor)).containsExactly("shop");
        assertThat(names(shop())).containsExactly("desired", "web");

        living.clear();
        assertThat(contributor.stream()).isEmpty();
    }

    @Test
    void aFleetOfFinishedJobsIsNeverEmptyBecauseThatWouldAnswer404() {
        living.add(fleet(true, ReplicaStatus.COMPLETED));

        assertThat(names(shop())).containsExactly("desired");
    }

    @Test
    void aFleetWithTooFewReplicasIsOutOfService() {
        living.add(new FleetView(
                "shop", List.of(new ServiceView("web", false, false, true, 2, List.of(replica(ReplicaStatus.READY))))));

        var desired = (HealthIndicator) Objects.requireNonNull(shop().getContributor("desired"));

        assertThat(Objects.requireNonNull(desired.health()).getStatus()).isEqualTo(Status.OUT_OF_SERVICE);
    }

    @Test
    void aServiceWithoutReplicasIsUnknownNotMissing() {
        living.add(new FleetView("shop", List.of(new ServiceView("web", false, false, true, 0, List.of()))));

        var web = (CompositeHealthContributor) Objects.requireNonNull(shop().getContributor("web"));
        var desired = (HealthIndicator) Objects.requireNonNull(web.getContributor("desired"));

        assertThat(Objects.requireNonNull(desired.health()).getStatus()).isEqualTo(Status.UNKNOWN);
    }

    @Test
    void oneReadyReplicaOfEachCriticalServiceIsEnough() {
        var critical = new CriticalFleetsHealthIndicator(view);
        assertThat(critical.health().getStatus())
                .as("without critical services")
                .isEqualTo(Status.UP);

        living.add(new FleetView(
                "shop",
                List.of(
                        new ServiceView(
                                "web",
                                false,
                                true,
                                true,
                                2,
                                List.of(replica(ReplicaStatus.CRASHED), replica(ReplicaStatus.READY))),
                        new ServiceView("extra", false, false, true, 1, List.of(replica(ReplicaStatus.FAILED))))));
        assertThat(critical.health().getStatus()).isEqualTo(Status.UP);

        living.add(new FleetView(
                "bank",
                List.of(new ServiceView("db", false, true, true, 1, List.of(replica(ReplicaStatus.NOT_READY))))));
        assertThat(critical.health().getStatus()).isEqualTo(Status.OUT_OF_SERVICE);
        assertThat(critical.health().getDetails()).containsEntry("notReady", List.of("bank/db"));
    }

    @Test
    void aServiceReportsTheHealthOfAThousandReplicas() {
        var replicas = new ArrayList<ReplicaView>();
        for (int i = 0; i < 1000; i++) {
            replicas.add(replica(ReplicaStatus.READY));
        }
        living.add(new FleetView("shop", List.of(new ServiceView("web", false, false, true, 1000, replicas))));

        var service = (CompositeHealthContributor) Objects.requireNonNull(shop().getContributor("web"));

        assertThat(service.stream().map(entry -> ((HealthIndicator) entry.contributor()).health()))
                .hasSize(1000)
                .allMatch(health -> health != null && health.getStatus().equals(Status.UP));
    }
}
