package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.probe.ProbeResult;
import dev.nucleus.probe.ProbeResult.Role;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.support.GeneratedDocument;
import dev.nucleus.support.Seeds;
import dev.nucleus.support.TestService;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReplicaMachineTest {

    private static final Path DOCUMENT = Path.of("docs/health.md");
    private static final String DIAGRAM_BEGIN = "```mermaid\nstateDiagram-v2\n";
    private static final String DIAGRAM_END = "```\n";

    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Cause EXIT = new Cause(Cause.Kind.EXIT, "exit code 3");
    /** The clock wraps around in most of the tests, as {@link System#nanoTime()} may. */
    private static final long BEGIN = Long.MAX_VALUE - Duration.ofMinutes(1).toNanos();

    private static ServiceSpec service(String fields) {
        return TestService.of("command: [/w]" + (fields.isEmpty() ? "" : ", " + fields));
    }

    /** A replica and the events it handles. */
    private static final class Subject {

        private final ServiceSpec service;
        private final ReplicaMachine machine;
        private ReplicaState state;
        private List<ReplicaAction> actions = List.of();
        private long now = BEGIN;

        Subject(String fields) {
            this.service = service(fields);
            this.machine = new ReplicaMachine(service);
            this.state = machine.initial(0, Cause.operator("before"), 0);
        }

        Subject on(ReplicaEvent... events) {
            for (ReplicaEvent event : events) {
                ReplicaMachine.Step step = machine.on(state, event, now);
                state = step.state();
                actions = step.actions();
            }
            return this;
        }

        /** Launches it as the container {@code id}, which runs. */
        Subject running(String id) {
            if (state.hasEnded()) {
                on(new ReplicaEvent.Supervised(Optional.empty()));
            }
            return on(
                    new ReplicaEvent.DependenciesChecked(List.of()),
                    new ReplicaEvent.Launched(id),
                    new ReplicaEvent.Started(id, Duration.ZERO));
        }

        /** Ends {@code id} with code 3 after a second, waits for the backoff and runs as {@code next}. */
        Subject crash(String id, String next) {
            now += SECOND.toNanos();
            on(ended(id, 3));
            now += state.untilTimer(now).orElseThrow();
            return on(new ReplicaEvent.TimerElapsed()).running(next);
        }

        StatusWithCause status() {
            return actions.stream()
                    .filter(ReplicaAction.SetStatus.class::isInstance)
                    .map(action -> ((ReplicaAction.SetStatus) action).status())
                    .reduce((_, last) -> last)
                    .orElseThrow();
        }
    }

    private static List<Role> roles(ServiceSpec service) {
        var roles = new ArrayList<Role>();
        service.startup().ifPresent(_ -> roles.add(Role.STARTUP));
        service.readiness().ifPresent(_ -> roles.add(Role.READINESS));
        service.liveness().ifPresent(_ -> roles.add(Role.LIVENESS));
        return roles;
    }

    private static ReplicaEvent ended(String id, int code) {
        return new ReplicaEvent.Ended(id, EXIT, code, Optional.of(SECOND));
    }

    private static ReplicaEvent crossed(String id, Role role, boolean success) {
        return new ReplicaEvent.ThresholdCrossed(
                id,
                new ProbeResult(role, "exec", Instant.EPOCH, success, "code 1", Duration.ZERO, Duration.ZERO),
                success);
    }

    @Test
    void aReplicaWithoutDependenciesIsLaunchedAndWatched() {
        var subject = new Subject("").on(new ReplicaEvent.Supervised(Optional.empty()));
        assertThat(subject.actions).containsExactly(new ReplicaAction.CheckDependencies());

        subject.on(new ReplicaEvent.DependenciesChecked(List.of()));
        assertThat(subject.status().cause().words()).isEqualTo("launching");
        assertThat(subject.actions).contains(new ReplicaAction.Launch());

        subject.on(new ReplicaEvent.Launched("a"));
        assertThat(subject.actions).containsExactly(new ReplicaAction.Watch());
        subject.on(new ReplicaEvent.Started("a", Duration.ZERO));
        assertThat(subject.status().status()).isEqualTo(ReplicaStatus.RUNNING);
        assertThat(subject.actions).endsWith(new ReplicaAction.StartProbes());
    }

    @Test
    void anUnmetDependencyIsNamedAndCheckedAgainWhenItChanges() {
        var subject = new Subject("")
                .on(
                        new ReplicaEvent.Supervised(Optional.empty()),
                        new ReplicaEvent.DependenciesChecked(List.of("db to be healthy")));
        assertThat(subject.status().status()).isEqualTo(ReplicaStatus.WAITING);
        assertThat(subject.status().cause().words()).isEqualTo("waiting for db to be healthy");

        subject.on(new ReplicaEvent.DependencyChanged());
        assertThat(subject.actions).containsExactly(new ReplicaAction.CheckDependencies());
    }

    @ParameterizedTest
    @CsvSource({
        "always, 0, CRASHED",
        "always, 3, CRASHED",
        "unless-stopped, 0, CRASHED",
        "on-failure, 0, FAILED",
        "on-failure, 3, CRASHED",
        "never, 0, FAILED",
        "never, 3, FAILED"
    })
    void theRestartPolicyDecidesTheStatusAfterAnExit(String policy, int code, ReplicaStatus status) {
        var subject = new Subject("restart: " + policy).running("a").on(ended("a", code));

        assertThat(subject.status().status()).isEqualTo(status);
        assertThat(subject.actions).startsWith(new ReplicaAction.StopProbes());
        assertThat(subject.state.hasEnded()).isEqualTo(status == ReplicaStatus.FAILED);
    }

    @Test
    void theBackoffGrowsAndDelaysTheRestart() {
        var subject = new Subject("restart: {policy: always, backoff: {from: 1s, factor: 2, to: 3s}}").running("a");
        var delays = new ArrayList<Duration>();
        for (int i = 0; i < 3; i++) {
            subject.on(ended("a", 3));
            delays.add(Duration.ofNanos(subject.state.untilTimer(subject.now).orElseThrow()));

            subject.now += 999_999_999;
            subject.on(new ReplicaEvent.TimerElapsed());
            assertThat(subject.actions).as("before it is due").isEmpty();
            subject.now += Duration.ofSeconds(3).toNanos();
            subject.on(new ReplicaEvent.TimerElapsed()).running("a");
        }
        assertThat(delays).containsExactly(SECOND, SECOND.multipliedBy(2), SECOND.multipliedBy(3));
        assertThat(subject.state.totalRestarts()).isEqualTo(3);
    }

    @Test
    void onFailureGivesUpAfterItsLastRestart() {
        var subject = new Subject("restart: on-failure:2")
                .running("a")
                .crash("a", "b")
                .crash("b", "c");

        StatusWithCause last = subject.on(ended("c", 3)).status();

        assertThat(last.status()).isEqualTo(ReplicaStatus.FAILED);
        assertThat(last.cause().words()).endsWith("; all restarts used (restart: on-failure:2)");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3})
    void aJobIsCompletedOnlyIfItSucceeds(int code) {
        var subject = new Subject("job: true, restart: never").running("a").on(ended("a", code));

        assertThat(subject.status().status()).isEqualTo(code == 0 ? ReplicaStatus.COMPLETED : ReplicaStatus.FAILED);
        assertThat(subject.state.hasEnded()).isTrue();
    }

    @Test
    void aFailedLaunchCountsAsAnExit() {
        var subject = new Subject("")
                .on(
                        new ReplicaEvent.Supervised(Optional.empty()),
                        new ReplicaEvent.DependenciesChecked(List.of()),
                        new ReplicaEvent.LaunchFailed("no such file"));

        assertThat(subject.status().cause().words()).startsWith("no such file");
        assertThat(subject.state.restarts().ends()).isOne();
    }

    @Test
    void aCrashLoopBeginsAtTheFifthExitAndEndsAfterALongRun() {
        var subject =
                new Subject("restart: {policy: always, backoff: {from: 1s, to: 1s, reset-after: 30s}}").running("0");
        for (int i = 0; i < 5; i++) {
            subject.crash(Integer.toString(i), Integer.toString(i + 1));
        }
        assertThat(subject.status().status()).isEqualTo(ReplicaStatus.CRASH_LOOP);
        assertThat(subject.actions)
                .as("dependents are notified, although the status does not change")
                .endsWith(new ReplicaAction.NotifyDependents());

        subject.now += subject.state.untilTimer(subject.now).orElseThrow();
        subject.on(new ReplicaEvent.TimerElapsed());
        assertThat(subject.status().status()).isEqualTo(ReplicaStatus.RUNNING);
        assertThat(subject.state.untilTimer(subject.now)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"restart, RESTART", "stop, FAIL"})
    void aFailedLivenessProbeStopsTheContainer(String then, ReplicaPhase.AfterStop after) {
        var subject = new Subject("liveness: {tcp: 80, then: " + then + "}")
                .running("a")
                .on(crossed("a", Role.LIVENESS, false));

        assertThat(subject.state.phase())
                .isInstanceOfSatisfying(
                        ReplicaPhase.Stopping.class,
                        stopping -> assertThat(stopping.then()).isEqualTo(after));
        assertThat(subject.actions)
                .startsWith(new ReplicaAction.StopProbes())
                .endsWith(new ReplicaAction.StopContainer());
        assertThat(subject.status().status()).isEqualTo(ReplicaStatus.UNHEALTHY);

        subject.on(new ReplicaEvent.StopFailed("it still runs"));
        assertThat(subject.actions).as("tried again").endsWith(new ReplicaAction.StopContainer());
        subject.on(new ReplicaEvent.StopSucceeded(Optional.of(SECOND)));
        assertThat(subject.status().status())
                .isEqualTo(after == ReplicaPhase.AfterStop.FAIL ? ReplicaStatus.FAILED : ReplicaStatus.CRASHED);
    }

    @Test
    void aFailedLivenessProbeCanSendASignalOrDoNothing() {
        var signalled = new Subject("liveness: {tcp: 80, then: {signal: HUP}}")
                .running("a")
                .on(crossed("a", Role.LIVENESS, false));
        assertThat(signalled.actions).first().isInstanceOf(ReplicaAction.SendSignal.class);

        var ignored =
                new Subject("liveness: {tcp: 80, then: nothing}").running("a").on(crossed("a", Role.LIVENESS, false));
        assertThat(ignored.actions).singleElement().isInstanceOf(ReplicaAction.SetStatus.class);
        assertThat(ignored.status().status()).isEqualTo(ReplicaStatus.UNHEALTHY);
    }

    @Test
    void theOtherProbesStartWhenTheStartupProbeHasSucceeded() {
        var subject = new Subject("startup: {tcp: 80}, readiness: {tcp: 81}").running("a");
        assertThat(subject.status().status()).isEqualTo(ReplicaStatus.STARTING);

        subject.on(crossed("a", Role.STARTUP, true));
        assertThat(subject.actions).startsWith(new ReplicaAction.StartRemainingProbes());
        assertThat(subject.on(crossed("a", Role.READINESS, true)).status().status())
                .isEqualTo(ReplicaStatus.READY);

        var failed = new Subject("startup: {tcp: 80}").running("a").on(crossed("a", Role.STARTUP, false));
        assertThat(failed.actions).endsWith(new ReplicaAction.StopContainer());
    }

    @Test
    void aContainerThatWasFoundIsWatchedAndNotLaunchedAgain() {
        var subject = new Subject("")
                .on(new ReplicaEvent.Supervised(Optional.of(new ReplicaEvent.Found("old", false, false))));

        assertThat(subject.status().cause().words()).isEqualTo("its shim does not answer");
        assertThat(subject.actions).endsWith(new ReplicaAction.Watch());
    }

    @Test
    void aReplicaThatAnOperatorStoppedStaysStopped() {
        var subject = new Subject("restart: unless-stopped")
                .on(new ReplicaEvent.Supervised(Optional.of(new ReplicaEvent.Found("old", true, true))));
        assertThat(subject.actions).containsExactly(new ReplicaAction.StopContainer());

        subject.on(new ReplicaEvent.StopSucceeded(Optional.of(SECOND)));
        assertThat(subject.status().status()).isEqualTo(ReplicaStatus.STOPPED);
        assertThat(subject.state.hasEnded()).isTrue();
    }

    @Test
    void aReplicaThatAnOperatorCannotStopHasFailed() {
        var subject = new Subject("restart: unless-stopped")
                .on(
                        new ReplicaEvent.Supervised(Optional.of(new ReplicaEvent.Found("old", true, true))),
                        new ReplicaEvent.StopFailed("it still runs"));

        assertThat(subject.status().status()).isEqualTo(ReplicaStatus.FAILED);
        assertThat(subject.status().cause().words()).contains("it still runs");
        assertThat(subject.actions).doesNotContain(new ReplicaAction.StopContainer());
        assertThat(subject.state.hasEnded()).isTrue();
    }

    @Test
    void eventsOfAnotherContainerChangeNothing() {
        var subject = new Subject("liveness: {tcp: 80}").running("a");
        ReplicaState before = subject.state;
        for (ReplicaEvent event : List.of(
                ended("old", 3),
                new ReplicaEvent.Started("old", Duration.ZERO),
                crossed("old", Role.LIVENESS, false),
                new ReplicaEvent.DependencyChanged())) {
            assertThat(subject.on(event).actions).isEmpty();
            assertThat(subject.state).isEqualTo(before);
        }
    }

    /** A random host and its operators: they respond to actions and cause events of their own. */
    private static final class World {

        private final RandomGenerator random;
        private final Subject subject;
        private final List<ReplicaEvent> due = new ArrayList<>();
        private final List<ReplicaEvent> history = new ArrayList<>();
        private int launched;
        private Optional<String> live = Optional.empty();
        private boolean isProbed;
        private boolean isLaunchDue;
        private boolean isUnmet;
        private String watched = "none";
        private boolean wasDetached;

        World(String fields, RandomGenerator random) {
            this.random = random;
            this.subject = new Subject(fields);
        }

        void run(int events) {
            live = random.nextInt(4) == 0 ? Optional.of("0") : Optional.empty();
            handle(new ReplicaEvent.Supervised(
                    live.map(id -> new ReplicaEvent.Found(id, random.nextBoolean(), random.nextInt(8) == 0))));
            for (int i = 0; i < events; i++) {
                if (subject.state.hasEnded() && random.nextInt(4) == 0) {
                    startAgain();
                } else {
                    handle(next());
                }
            }
        }

        /** Starts it as an operator, or as a new manager, which finds the container unless it was stopped. */
        private void startAgain() {
            if (random.nextBoolean()) {
                live = Optional.empty();
            }
            due.clear();
            wasDetached = false;
            watched = "none";
            subject.state =
                    subject.machine.initial(random.nextInt(7), Cause.operator("before"), subject.state.totalRestarts());
            handle(new ReplicaEvent.Supervised(live.map(id -> new ReplicaEvent.Found(id, true, false))));
        }

        private ReplicaEvent next() {
            subject.now += random.nextLong(Duration.ofSeconds(20).toNanos());
            int choice = random.nextInt(100);
            if (choice < 1) {
                return new ReplicaEvent.Detached();
            }
            if (!due.isEmpty() && choice < 80) {
                return due.remove(random.nextInt(due.size()));
            }
            String old = Integer.toString(random.nextInt(launched + 1));
            return switch (random.nextInt(6)) {
                case 0 -> new ReplicaEvent.DependencyChanged();
                case 1 -> live.equals(Optional.of(old)) ? new ReplicaEvent.TimerElapsed() : endOf(old);
                case 2 -> new ReplicaEvent.TimerElapsed();
                case 3, 4 -> probed(isProbed ? live.orElse("none") : "none");
                default -> {
                    Optional<String> ending = live;
                    live = Optional.empty();
                    yield ending.filter(watched::equals)
                            .map(this::endOf)
                            .orElseGet(ReplicaEvent.DependencyChanged::new);
                }
            };
        }

        private ReplicaEvent probed(String id) {
            List<Role> roles = roles(subject.service);
            return roles.isEmpty()
                    ? new ReplicaEvent.DependencyChanged()
                    : crossed(id, roles.get(random.nextInt(roles.size())), random.nextBoolean());
        }

        private ReplicaEvent endOf(String id) {
            return new ReplicaEvent.Ended(
                    id, EXIT, random.nextInt(2) * 3, Optional.of(Duration.ofSeconds(random.nextInt(60))));
        }

        private void handle(ReplicaEvent event) {
            history.add(event);
            int before = subject.state.totalRestarts();
            subject.on(event);
            wasDetached |= event instanceof ReplicaEvent.Detached;
            assertThat(subject.state.totalRestarts()).as(this::describe).isBetween(before, before + 1);
            if (wasDetached) {
                assertThat(subject.state.hasEnded()).as(this::describe).isTrue();
                assertThat(subject.actions).as(this::describe).isSubsetOf(List.of(new ReplicaAction.StopProbes()));
            }
            subject.actions.forEach(this::execute);
            assertThat(isProbed && !(subject.state.phase() instanceof ReplicaPhase.Watching))
                    .as("probes without a watch: %s", describe())
                    .isFalse();
            assertThat(hasSomethingToWaitFor()).as(this::describe).isTrue();
        }

        /** Otherwise the replica would be forgotten. */
        private boolean hasSomethingToWaitFor() {
            return switch (subject.state.phase()) {
                case ReplicaPhase.Waiting() -> isUnmet || isDue(ReplicaEvent.DependenciesChecked.class);
                case ReplicaPhase.Launching() -> isLaunchDue;
                case ReplicaPhase.Watching watching ->
                    watched.equals(watching.container())
                            && (live.equals(Optional.of(watched)) || isDue(ReplicaEvent.Ended.class));
                case ReplicaPhase.Stopping _ ->
                    isDue(ReplicaEvent.StopSucceeded.class) || isDue(ReplicaEvent.StopFailed.class);
                case ReplicaPhase.BackingOff _ ->
                    subject.state.untilTimer(subject.now).isPresent();
                case ReplicaPhase.Idle() -> true;
            };
        }

        private boolean isDue(Class<? extends ReplicaEvent> type) {
            return due.stream().anyMatch(type::isInstance);
        }

        private void execute(ReplicaAction action) {
            switch (action) {
                case ReplicaAction.CheckDependencies() -> {
                    isUnmet = random.nextInt(3) == 0;
                    due.add(new ReplicaEvent.DependenciesChecked(isUnmet ? List.of("db to be healthy") : List.of()));
                }
                case ReplicaAction.Launch() -> launch();
                case ReplicaAction.Watch() -> watch();
                case ReplicaAction.StartProbes() -> {
                    assertThat(isProbed).as(this::describe).isFalse();
                    isProbed = true;
                }
                case ReplicaAction.StopProbes() -> isProbed = false;
                case ReplicaAction.StopContainer() -> stop();
                case ReplicaAction.SetStatus(var status, var isEnd) -> check(status, isEnd);
                case ReplicaAction.StartRemainingProbes(),
                        ReplicaAction.SendSignal _,
                        ReplicaAction.NotifyDependents() ->
                    assertThat(isProbed || action instanceof ReplicaAction.NotifyDependents)
                            .as(this::describe)
                            .isTrue();
            }
        }

        private void watch() {
            watched = subject.state.phase() instanceof ReplicaPhase.Watching watching ? watching.container() : "none";
            due.add(new ReplicaEvent.Started(watched, Duration.ZERO));
            if (!live.equals(Optional.of(watched))) {
                due.add(endOf(watched));
            }
        }

        private void launch() {
            assertThat(live).as("a second copy: %s", describe()).isEmpty();
            assertThat(isProbed).as(this::describe).isFalse();
            isLaunchDue = true;
            if (random.nextInt(4) == 0) {
                answer(new ReplicaEvent.LaunchFailed("no such file"));
            } else {
                launched++;
                live = Optional.of(Integer.toString(launched));
                answer(new ReplicaEvent.Launched(Integer.toString(launched)));
            }
        }

        /** Handled at once, as supervision waits for a launch. */
        private void answer(ReplicaEvent event) {
            ReplicaMachine.Step step = subject.machine.on(subject.state, event, subject.now);
            history.add(event);
            isLaunchDue = false;
            subject.state = step.state();
            step.actions().forEach(this::execute);
        }

        private void stop() {
            if (random.nextInt(3) == 0) {
                due.add(new ReplicaEvent.StopFailed("it still runs"));
            } else {
                live = Optional.empty();
                due.add(new ReplicaEvent.StopSucceeded(Optional.of(SECOND)));
            }
        }

        private void check(StatusWithCause status, boolean isEnd) {
            boolean isCrashLoop = subject.state.restarts().isCrashLoop();
            boolean isOver = subject.state.hasEnded();
            switch (status.status()) {
                case FAILED, COMPLETED, STOPPED ->
                    assertThat(isOver).as(this::describe).isTrue();
                case CRASH_LOOP ->
                    assertThat(isCrashLoop && !isOver).as(this::describe).isTrue();
                case CRASHED ->
                    assertThat(isEnd && !isCrashLoop).as(this::describe).isTrue();
                case UNHEALTHY ->
                    assertThat(status.serving()).as(this::describe).isFalse();
                case WAITING, STARTING, RUNNING, READY, NOT_READY ->
                    assertThat(!isCrashLoop && !isOver).as(this::describe).isTrue();
            }
        }

        private String describe() {
            return history + " led to " + subject.state + " and " + subject.actions;
        }
    }

    private static final List<String> SERVICES = List.of(
            "",
            "restart: never",
            "restart: on-failure:3",
            "restart: unless-stopped",
            "job: true, restart: on-failure",
            "readiness: {tcp: 80}, liveness: {tcp: 81, then: restart}",
            "readiness: {tcp: 80}, liveness: {tcp: 81, then: stop}",
            "liveness: {tcp: 81, then: nothing}, restart: {policy: always, backoff: {from: 1s, to: 5s, reset-after: 20s}}",
            "startup: {tcp: 79}, readiness: {tcp: 80}, liveness: {tcp: 81, then: {signal: HUP}}");

    @ParameterizedTest
    @MethodSource("dev.nucleus.support.Seeds#seeds")
    void noSequenceOfEventsLaunchesASecondCopyOrForgetsTheReplica(long seed) {
        RandomGenerator random = Seeds.random(seed);
        for (String fields : SERVICES) {
            for (int i = 0; i < 10; i++) {
                new World(fields, random).run(60);
            }
        }
    }

    /** Handles every event in every state that a few events can reach. */
    @Test
    void theDocumentedDiagramMatchesTheMachine() throws IOException {
        var edges = new TreeSet<String>();
        for (String fields : SERVICES) {
            edges.addAll(edges(fields));
        }
        String before = Files.readString(DOCUMENT);
        int begin = before.indexOf(DIAGRAM_BEGIN);
        int end = before.indexOf(DIAGRAM_END, begin + DIAGRAM_BEGIN.length());
        String after = before.substring(0, begin) + DIAGRAM_BEGIN + "    [*] --> Idle\n" + String.join("", edges)
                + before.substring(end);
        GeneratedDocument.check(DOCUMENT, after);
    }

    private static Set<String> edges(String fields) {
        ServiceSpec service = service(fields);
        var machine = new ReplicaMachine(service);
        List<ReplicaEvent> events = events(roles(service));
        var edges = new HashSet<String>();
        var seen = new HashSet<ReplicaState>();
        var open = new ArrayDeque<ReplicaState>(List.of(machine.initial(0, Cause.operator("before"), 0)));
        while (!open.isEmpty()) {
            ReplicaState state = open.poll();
            for (ReplicaEvent event : events) {
                long now = BEGIN
                        + (event instanceof ReplicaEvent.TimerElapsed
                                ? Duration.ofHours(1).toNanos()
                                : 0);
                ReplicaState next = machine.on(state, event, now).state();
                if (!name(state.phase()).equals(name(next.phase()))) {
                    edges.add("    %s --> %s: %s\n".formatted(name(state.phase()), name(next.phase()), words(event)));
                }
                if (next.restarts().ends() < 3 && next.totalRestarts() < 4 && seen.add(next)) {
                    open.add(next);
                }
            }
        }
        assertThat(seen).as("states of a service with %s", fields).hasSizeGreaterThan(10);
        return edges;
    }

    private static List<ReplicaEvent> events(List<Role> roles) {
        var events = new ArrayList<ReplicaEvent>(List.of(
                new ReplicaEvent.Supervised(Optional.empty()),
                new ReplicaEvent.Supervised(Optional.of(new ReplicaEvent.Found("a", true, false))),
                new ReplicaEvent.Supervised(Optional.of(new ReplicaEvent.Found("a", false, false))),
                new ReplicaEvent.Supervised(Optional.of(new ReplicaEvent.Found("a", true, true))),
                new ReplicaEvent.DependenciesChecked(List.of()),
                new ReplicaEvent.DependenciesChecked(List.of("db to be healthy")),
                new ReplicaEvent.DependencyChanged(),
                new ReplicaEvent.Launched("a"),
                new ReplicaEvent.LaunchFailed("no such file"),
                new ReplicaEvent.Started("a", Duration.ZERO),
                ended("a", 0),
                ended("a", 3),
                ended("old", 3),
                new ReplicaEvent.StopSucceeded(Optional.of(SECOND)),
                new ReplicaEvent.StopFailed("it still runs"),
                new ReplicaEvent.TimerElapsed(),
                new ReplicaEvent.Detached()));
        for (Role role : roles) {
            events.add(crossed("a", role, true));
            events.add(crossed("a", role, false));
        }
        return events;
    }

    private static String name(ReplicaPhase phase) {
        return phase.getClass().getSimpleName();
    }

    private static String words(ReplicaEvent event) {
        return event.getClass()
                .getSimpleName()
                .replaceAll("(?<=[a-z])(?=[A-Z])", " ")
                .toLowerCase(Locale.ROOT);
    }
}
