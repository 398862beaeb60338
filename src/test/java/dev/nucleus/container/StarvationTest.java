package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.log.ContainerLog;
import dev.nucleus.log.LogFeed;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Heavy use of a container must not starve its probes or its operators. */
@Tag("isolation")
class StarvationTest {

    /** More than a shim has slots of any kind. */
    private static final int CROWD = 300;
    /** SESSIONS_MAX and PROBES_MAX of native/src/shim/connection.h. */
    private static final int SESSIONS = 64;

    private static final int PROBES = 48;
    private static final Duration IN_TIME = Duration.ofSeconds(10);

    @SharedManager
    private static TestManager manager;

    private final List<AutoCloseable> open = new ArrayList<>();
    private Container container;

    @BeforeEach
    void launch() {
        container = manager.launch("/bin/sh", "-c", "while read -r line; do echo $line; done; exec sleep 1000");
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
        if (!container.isStopped()) {
            manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        }
        manager.containers().remove(container);
    }

    private <T extends AutoCloseable> T opened(T closeable) {
        open.add(closeable);
        return closeable;
    }

    private ShimConnection session(String... command) throws IOException {
        return opened(container.shim().exec(List.of(command), "", List.of(), Optional.empty()));
    }

    private static ShimMessage first(ShimConnection connection) throws IOException {
        return connection.receive().orElseThrow();
    }

    /** Every empty line becomes a log record, which is the most work per byte. */
    @Test
    void aFloodOfEmptyLinesDoesNotBlockExecPauseOrStop() throws IOException {
        Container flood = manager.launch("/bin/sh", "-c", "yes '' & exec yes '' >&2");
        try {
            Awaitility.await().until(() -> flood.log().tail(100_000).end() > 10_000_000);

            for (int i = 0; i < 3; i++) {
                assertThat(flood.shim()
                                .capture(List.of("/bin/echo", "well"), IN_TIME)
                                .output())
                        .isEqualTo("well\n");
                manager.containers().pause(flood, true);
                manager.containers().pause(flood, false);
            }

            long begun = System.nanoTime();
            manager.containers().stop(flood, new StopSpec(Signal.KILL, Duration.ZERO));
            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .as("stopped by the shim, not by the manager's fallback")
                    .isLessThan(Duration.ofSeconds(5));
        } finally {
            if (!flood.isStopped()) {
                manager.containers().stop(flood, new StopSpec(Signal.KILL, Duration.ZERO));
            }
            manager.containers().remove(flood);
        }
    }

    private void fillSessions() throws IOException {
        for (int i = 0; i < SESSIONS; i++) {
            assertThat(first(session("/bin/sleep", "1000"))).isInstanceOf(ShimMessage.ExecStarted.class);
        }
    }

    private void assertAProbeSucceeds() throws IOException {
        assertThat(container
                        .shim()
                        .capture(List.of("/bin/echo", "well"), IN_TIME)
                        .output())
                .isEqualTo("well\n");
    }

    private void assertTheContainerCanBeControlled() throws IOException {
        container.shim().signal(new Signal(28));
        assertThat(container.shim().denials()).isNotNull();
        long begun = System.nanoTime();
        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(IN_TIME);
    }

    @Test
    void excessLogReadersAreRefusedBeforeTheyTakeOtherSlots() throws IOException {
        int refused = 0;
        var served = new ArrayList<ShimConnection>();
        for (int i = 0; i < CROWD; i++) {
            ShimConnection reader = opened(container.shim().log(0, false));
            if (first(reader) instanceof ShimMessage.Error(var _, var text)) {
                assertThat(text).isEqualTo("too many readers of the container's log");
                refused++;
            } else {
                served.add(reader);
            }
        }

        assertThat(refused).isPositive().isLessThan(CROWD);
        assertThat(served).isNotEmpty();
        fillSessions();
        assertAProbeSucceeds();
        assertTheContainerCanBeControlled();
    }

    @Test
    void sessionsUseNoProbeSlots() throws IOException {
        fillSessions();

        assertThat(first(session("/bin/true")))
                .isInstanceOfSatisfying(
                        ShimMessage.Error.class,
                        error -> assertThat(error.failure())
                                .hasMessageContaining("too many sessions in the container")
                                .hasMessageContaining("EAGAIN"));
        assertAProbeSucceeds();
        assertTheContainerCanBeControlled();
    }

    @Test
    void anAttachBeyondTheSessionLimitIsRefusedWithTheReason() throws IOException {
        fillSessions();

        var refused = manager.nucleus("attach", "-n", container.id());

        assertThat(refused.code()).isEqualTo(125);
        assertThat(refused.err()).contains("too many sessions in the container");
    }

    @Test
    void probesUseNoSessionSlots() throws Exception {
        var refused = new AtomicInteger();
        var ended = new CountDownLatch(PROBES);
        for (int i = 0; i < PROBES + 1; i++) {
            Thread.ofVirtual().start(() -> {
                try {
                    container.shim().capture(List.of("/bin/sleep", "1000"), Duration.ofSeconds(60));
                } catch (IOException e) {
                    if (String.valueOf(e.getMessage()).contains("too many probes of the container at once")) {
                        refused.incrementAndGet();
                        return;
                    }
                }
                ended.countDown();
            });
        }
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> refused.get() == 1);

        assertThat(first(session("/bin/true"))).isInstanceOf(ShimMessage.ExecStarted.class);
        assertTheContainerCanBeControlled();
        assertThat(ended.await(60, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void idleConnectionsUseNoSlots() throws IOException {
        for (int i = 0; i < CROWD; i++) {
            opened(ShimConnection.connect(container.shim().socket()));
        }

        assertAProbeSucceeds();
        assertThat(first(session("/bin/true"))).isInstanceOf(ShimMessage.ExecStarted.class);
        assertTheContainerCanBeControlled();
    }

    /** The number of sockets that the shim has open. */
    private static long sockets(long shim) {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc", Long.toString(shim), "fd"))) {
            return descriptors.filter(StarvationTest::isSocket).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isSocket(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (IOException e) {
            return false;
        }
    }

    private static long shimOf(Container container) {
        return ProcessHandle.of(container.whileRunning().orElseThrow().pid())
                .flatMap(ProcessHandle::parent)
                .orElseThrow()
                .pid();
    }

    private static String read(LogFeed.Reader reader, String end) throws IOException, InterruptedException {
        var text = new StringBuilder();
        long expected = 0;
        while (text.indexOf(end) < 0) {
            ContainerLog.Chunk chunk = reader.next().orElseThrow();
            assertThat(chunk.offset()).as("without a gap").isEqualTo(expected);
            expected += chunk.bytes().length;
            text.append(new String(chunk.bytes(), StandardCharsets.UTF_8));
        }
        return text.toString();
    }

    @Test
    void aStalledReaderDelaysNoOtherReaderAndMissesNothing() throws Exception {
        Container talkative = manager.launch(
                "/bin/sh",
                "-c",
                "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo \"line $i of many\"; done; echo end; exec sleep 1000");
        try (LogFeed.Reader still = talkative.feed().open(0);
                LogFeed.Reader quick = talkative.feed().open(0)) {
            String whole = read(quick, "F end\n");

            assertThat(whole.lines().filter(line -> line.contains(" F ")).count())
                    .isEqualTo(20_001);
            assertThat(still.behind()).isEqualTo(whole.length());
            assertThat(read(still, "F end\n")).isEqualTo(whole);
        } finally {
            manager.containers().stop(talkative, new StopSpec(Signal.KILL, Duration.ZERO));
            manager.containers().remove(talkative);
        }
    }

    @Test
    void readersShareOneConnectionToTheShimWhichClosesAfterTheLast() throws Exception {
        long shim = shimOf(container);
        long before = sockets(shim);
        var readers = new ArrayList<LogFeed.Reader>();
        try {
            for (int i = 0; i < CROWD; i++) {
                readers.add(container.feed().open(0));
            }
            Awaitility.await().until(() -> sockets(shim) == before + 1);
            container
                    .shim()
                    .exec(List.of("/bin/true"), "", List.of(), Optional.empty())
                    .close();
            Awaitility.await().during(Duration.ofMillis(200)).until(() -> sockets(shim) <= before + 1);
        } finally {
            readers.forEach(LogFeed.Reader::close);
        }

        Awaitility.await().until(() -> sockets(shim) == before);
    }

    @Test
    void closingAReaderWakesItsWaitingThread() throws Exception {
        LogFeed.Reader reader = container.feed().open(0);
        var heard = new CompletableFuture<Optional<ContainerLog.Chunk>>();
        Thread.ofVirtual().start(() -> {
            try {
                heard.complete(reader.next());
            } catch (IOException | InterruptedException e) {
                heard.completeExceptionally(e);
            }
        });

        reader.close();

        assertThat(heard.get(10, TimeUnit.SECONDS)).isEmpty();
    }

    @Test
    void readersReceiveTheRemainingOutputAndThenTheEnd() throws Exception {
        Container brief = manager.launch("/bin/sh", "-c", "echo one; echo two");
        try (LogFeed.Reader reader = brief.feed().open(0)) {
            var text = new StringBuilder();
            for (Optional<ContainerLog.Chunk> chunk = reader.next(); chunk.isPresent(); chunk = reader.next()) {
                text.append(new String(chunk.get().bytes(), StandardCharsets.UTF_8));
            }

            assertThat(text).contains("F one\n").contains("F two\n");
        } finally {
            brief.end().join();
            manager.containers().remove(brief);
        }
    }
}
