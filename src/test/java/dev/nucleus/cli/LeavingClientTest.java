package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.audit.CommandReceived;
import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerEvent;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that disconnect before their command has begun. */
@Tag("isolation")
class LeavingClientTest {

    private static final byte COMMAND = 1;

    @SharedManager
    private static TestManager manager;

    /** Sends a command as the client does, see native/client/nucleus.c; closing the channel disconnects the client. */
    private static SocketChannel send(String... arguments) throws IOException {
        byte[] payload = ("/\0" + String.join("\0", arguments) + "\0").getBytes(StandardCharsets.UTF_8);
        ByteBuffer frame = ByteBuffer.allocate(5 + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(payload.length)
                .put(COMMAND)
                .put(payload)
                .flip();
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(manager.socket()));
        channel.write(frame);
        return channel;
    }

    @Test
    void anExecWhoseClientHasDisconnectedIsKilled() throws IOException {
        Container container = manager.launch("/bin/sleep", "1000");

        var requested = new AtomicBoolean();
        manager.listen(ContainerEvent.Executed.class, event -> {
            if (event.container() == container) {
                requested.set(true);
            }
        });

        try (SocketChannel _ = send("exec", container.id(), "--", "/bin/sleep", "1000")) {
            Awaitility.await().untilTrue(requested);
        }

        Awaitility.await("the command is killed, if it ran at all")
                .during(Duration.ofSeconds(2))
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> {
                    assertThat(requested).isTrue();
                    assertThat(processes(container)).as("init and workload").hasSize(2);
                });
        manager.containers().stop(container, StopSpec.DEFAULT);
        manager.containers().remove(container);
    }

    @Test
    void theCommandOfADisconnectedClientIsAudited() throws IOException {
        Container container = manager.launch("/bin/sleep", "1000");
        var audited = new AtomicBoolean();
        manager.listen(CommandReceived.class, event -> {
            if (event.arguments().equals(List.of("pause", container.id()))) {
                audited.set(true);
            }
        });

        send("pause", container.id()).close();

        Awaitility.await().untilTrue(audited);
        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        manager.containers().remove(container);
    }

    /** A script's timeout must not stop a service minutes later. */
    @Test
    void aCommandIsNotRunIfItsClientExitsWhileTheManagerHangs(@TempDir Path directory) throws Exception {
        try (ManagerProcess hung = new ManagerProcess(directory).awaitReady()) {
            hung.nucleus("run", "-d", "--name", "one", "--", "/bin/sleep", "1000");
            hung.nucleus("run", "-d", "--name", "gone", "--", "/bin/true");
            hung.nucleus("wait", "gone");
            String before = states(hung);
            List<List<String>> commands = List.of(
                    List.of("run", "-d", "--", "/bin/sleep", "1000"),
                    List.of("run", "-n", "--", "/bin/sleep", "1000"),
                    List.of("create", "/bin/sleep", "1000"),
                    List.of("exec", "-d", "one", "/bin/sleep", "1000"),
                    List.of("pause", "one"),
                    List.of("kill", "one"),
                    List.of("restart", "one"),
                    List.of("stop", "one"),
                    List.of("rm", "gone"));

            new ProcessBuilder("kill", "-STOP", Long.toString(hung.process().pid()))
                    .start()
                    .waitFor();
            try {
                for (List<String> command : commands) {
                    Process client = hung.start(command.toArray(String[]::new));
                    Awaitility.await("the client waits for a response").until(() -> hasSignalfd(client.pid()));
                    client.destroy();
                    assertThat(client.waitFor(15, TimeUnit.SECONDS)).isTrue();
                }
            } finally {
                new ProcessBuilder("kill", "-CONT", Long.toString(hung.process().pid()))
                        .start()
                        .waitFor();
            }

            Awaitility.await()
                    .untilAsserted(() -> assertThat(hung.log().lines())
                            .filteredOn(line -> line.contains("is not run: its client has disconnected"))
                            .hasSameSizeAs(commands));
            assertThat(states(hung)).isEqualTo(before);
            assertThat(hung.nucleus("top", "one").out().lines().filter(line -> line.contains("sleep")))
                    .hasSize(1);
        }
    }

    private static String states(ManagerProcess manager) {
        return manager.nucleus("ps", "-a")
                .out()
                .lines()
                .map(line -> String.join(" ", Arrays.copyOf(line.split("\\s{2,}"), 3)))
                .collect(Collectors.joining("\n"));
    }

    /** Whether the client has sent its command. */
    private static boolean hasSignalfd(long pid) {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return descriptors.anyMatch(LeavingClientTest::isSignalfd);
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isSignalfd(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().contains("signalfd");
        } catch (IOException e) {
            return false;
        }
    }

    /** Each process exits before it can be killed, and leaves a child behind. */
    @Test
    void anExecThatForksAndExitsEndsWithItsClient() throws IOException {
        Container container = manager.containers()
                .launch(LaunchOrder.detached(ContainerSpec.builder(Mode.AGENT, List.of("/bin/sleep", "1000"))
                        .pids(64)
                        .build()));
        String walker =
                "$SIG{CHLD}='IGNORE'; if (fork) { sleep 1000 } while (1) { my $p = fork; if (!defined $p) { select(undef,undef,undef,0.0005) }"
                        + " elsif ($p) { exit if rand() < 0.5 } }";
        Process client = new ProcessBuilder(
                        ManagerProcess.CLIENT.toString(),
                        "--socket",
                        manager.socket().toString(),
                        "exec",
                        "-n",
                        container.id(),
                        "perl",
                        "-e",
                        walker)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Awaitility.await().until(() -> processes(container).size() > 20);

        client.destroyForcibly();

        Awaitility.await("only init and workload remain")
                .during(Duration.ofMillis(200))
                .atMost(Duration.ofSeconds(20))
                .until(() -> processes(container).size() == 2);
        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        manager.containers().remove(container);
    }

    /** Processes in the container's cgroups, whose paths contain its ID. */
    private static List<ProcessHandle.Info> processes(Container container) {
        return ProcessHandle.allProcesses()
                .filter(process -> cgroups(process.pid())
                        .filter(text -> text.contains(container.id()))
                        .isPresent())
                .map(ProcessHandle::info)
                .toList();
    }

    private static Optional<String> cgroups(long pid) {
        try {
            return Optional.of(Files.readString(Path.of("/proc/" + pid + "/cgroup")));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
