package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.shim.Shim;
import dev.nucleus.support.Remains;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The workload replaces its working directory, which lies on a volume, by a link to anything that its supervisor might
 * have open when it enters the directory (cf. CVE-2024-21626). Either this fails with an error, or the process is
 * inside.
 */
@Tag("isolation")
@ConcurrentEscapeTest
class WorkingDirectoryEscapeTest {

    /** Higher than any descriptor that a supervisor has open. */
    private static final int LAST_DESCRIPTOR = 40;

    private static final String WORKDIR = "/data/app";

    @SharedTargets
    private static Targets targets;

    /** Targets of links. Only some under gVisor, where each takes a second and means nothing to its kernel. */
    private static List<String> links(Confinement confinement) {
        int step = confinement.isGvisor() ? 9 : 1;
        return Stream.concat(
                        IntStream.iterate(3, n -> n <= LAST_DESCRIPTOR, n -> n + step)
                                .mapToObj(number -> "/proc/self/fd/" + number),
                        Stream.of(
                                        "/proc/1/root",
                                        "/proc/1/cwd",
                                        "/proc/self/root/..",
                                        "/proc/self/cwd/../..",
                                        "/proc/thread-self/fd/7/..",
                                        "/dev/fd/8",
                                        "../../../../..")
                                .filter(_ -> !confinement.isGvisor()))
                .toList();
    }

    private static void plant(Path volume, String target) throws IOException {
        Path link = volume.resolve("app");
        Remains.delete(link);
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, Path.of(target));
    }

    private static List<String> options(Path volume, String user) {
        var options = new ArrayList<>(List.of("-v", volume + ":/data", "--workdir", WORKDIR));
        if (!user.isEmpty()) {
            options.addAll(List.of("--user", user));
        }
        return options;
    }

    private static String[] where(Confinement confinement) {
        return new String[] {Targets.WITNESS, "where", Targets.MARKER, targets.relativeSocket(confinement)};
    }

    /** Adds a violation unless the process was inside, or was refused because of its working directory. */
    private static void judge(String attempt, int code, String text, List<String> violations) {
        boolean inside = code == 0 && text.strip().endsWith("inside");
        // gVisor's kernel exits if the directory does not exist, before it can name it.
        boolean named = text.contains(WORKDIR) || text.contains("waiting for sandbox to start");
        boolean refused = code != 0 && code != Targets.OUTSIDE && named;
        if (!inside && !refused) {
            violations.add(attempt + ": exit code " + code + ", " + text.strip());
        }
    }

    /** Otherwise the refusals below would prove nothing. */
    @ParameterizedTest
    @EnumSource(Confinement.class)
    void aRealWorkingDirectoryIsEntered(Confinement confinement) throws IOException {
        confinement.require();
        Path volume = targets.volume(confinement);
        Files.createDirectory(volume.resolve("app"));

        Targets.Result result = targets.run(confinement, options(volume, ""), where(confinement));

        assertThat(result.text()).contains("cwd " + WORKDIR + "\n").endsWith("inside\n");
        assertThat(result.code()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Confinement.class)
    void theNextStartStaysInsideOrFails(Confinement confinement) throws IOException {
        confinement.require();
        Path volume = targets.volume(confinement);
        var violations = new ArrayList<String>();
        for (String user : confinement.users()) {
            for (String link : links(confinement)) {
                plant(volume, link);
                Targets.Result result = targets.run(confinement, options(volume, user), where(confinement));
                judge(link + " as '" + user + "'", result.code(), result.text(), violations);
            }
        }

        assertThat(violations).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Confinement.class)
    void anExecStaysInsideOrFails(Confinement confinement) throws IOException {
        confinement.require();
        var violations = new ArrayList<String>();
        for (String user : confinement.users()) {
            Path volume = targets.volume(confinement);
            Files.createDirectory(volume.resolve("app"));
            String id = targets.launch(confinement, options(volume, user), "/bin/sleep", "1000");
            for (String link : links(confinement)) {
                plant(volume, link);
                exec(confinement, id, List.of(), link + " as '" + user + "', its own", violations);
                exec(
                        confinement,
                        id,
                        List.of("--workdir", WORKDIR),
                        link + " as '" + user + "', asked for",
                        violations);
            }
            targets.end(confinement, id);
        }

        assertThat(violations).isEmpty();
    }

    private static void exec(
            Confinement confinement, String id, List<String> options, String attempt, List<String> violations) {
        var words = new ArrayList<>(List.of("exec"));
        words.addAll(options);
        words.addAll(List.of(id, "--"));
        words.addAll(List.of(where(confinement)));
        Targets.Result result = targets.nucleus(confinement, words.toArray(String[]::new));
        judge(attempt, result.code(), result.text(), violations);
    }

    /** Runs the command as exec probes do. */
    @ParameterizedTest
    @MethodSource("dev.nucleus.escape.Confinement#ofRoot")
    void aProbeStaysInsideOrFails(Confinement confinement) throws IOException {
        confinement.require();
        Path volume = targets.volume(confinement);
        Files.createDirectory(volume.resolve("app"));
        String id = targets.launch(confinement, options(volume, "0:0"), "/bin/sleep", "1000");
        Container container = targets.root().containers().byId(id).orElseThrow();
        var violations = new ArrayList<String>();
        for (String link : links(confinement)) {
            plant(volume, link);
            try {
                Shim.Captured probe = container.shim().capture(List.of(where(confinement)), Duration.ofSeconds(20));
                judge(link, probe.status().code(), probe.output(), violations);
            } catch (IOException | RuntimeException e) {
                judge(link, 125, String.valueOf(e.getMessage()), violations);
            }
        }
        targets.end(confinement, id);

        assertThat(violations).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Confinement.class)
    void aContainerStartedAfterItsCreationStaysInsideOrFails(Confinement confinement) throws IOException {
        confinement.require();
        Path volume = targets.volume(confinement);
        String user = confinement.users().getLast();
        var violations = new ArrayList<String>();
        for (String link : links(confinement)) {
            plant(volume, link);
            Targets.Result created = targets.confined(confinement, "create", options(volume, user), where(confinement));
            if (created.code() != 0) {
                judge(link + ", created", created.code(), created.text(), violations);
                continue;
            }
            String id = created.out().strip();
            Targets.Result started = targets.nucleus(confinement, "start", id);
            if (started.code() != 0) {
                judge(link + ", started", started.code(), started.text(), violations);
            } else {
                String output = targets.awaitOutput(confinement, id, "inside", "OUTSIDE");
                boolean inside = output.strip().endsWith("inside");
                judge(link + ", run", inside ? 0 : Targets.OUTSIDE, output, violations);
            }
            targets.end(confinement, id);
        }

        assertThat(violations).isEmpty();
    }

    /** The directory is a real one when the container is created, and a link when it is started. */
    @ParameterizedTest
    @EnumSource(Confinement.class)
    void aLinkPlantedBetweenCreationAndStartLeadsNowhere(Confinement confinement) throws IOException {
        confinement.require();
        String user = confinement.users().getLast();
        var violations = new ArrayList<String>();
        for (String link : List.of("/proc/self/fd/3", "/proc/self/fd/5", "/proc/self/fd/7", "/proc/1/root")) {
            Path volume = targets.volume(confinement);
            Files.createDirectory(volume.resolve("app"));
            Targets.Result created = targets.confined(confinement, "create", options(volume, user), where(confinement));
            assertThat(created.code()).as(created.text()).isZero();
            String id = created.out().strip();
            plant(volume, link);
            Targets.Result started = targets.nucleus(confinement, "start", id);
            if (started.code() != 0) {
                judge(link + ", started", started.code(), started.text(), violations);
            } else {
                String output =
                        targets.nucleus(confinement, "logs", "--follow", id).text();
                // A directory that was removed meanwhile has no name and no parent.
                if (output.contains("reached") || output.contains("connected") || !output.contains("cwd")) {
                    violations.add(link + ": " + output.strip());
                }
            }
            targets.end(confinement, id);
        }

        assertThat(violations).isEmpty();
    }

    /** No volume is needed: the workload can also write to its home and /tmp. */
    @ParameterizedTest
    @MethodSource("dev.nucleus.escape.Confinement#ofNativeRuntime")
    void aLinkInTheHomeOrTmpLeadsNowhereEither(Confinement confinement) {
        var violations = new ArrayList<String>();
        for (String place : List.of("/home/agent/app", "/tmp/app")) {
            String id = targets.launch(
                    confinement,
                    List.of(),
                    "/bin/sh",
                    "-c",
                    "n=3; while [ $n -le " + LAST_DESCRIPTOR + " ]; do ln -s /proc/self/fd/$n " + place
                            + "$n; n=$((n + 1)); done; echo planted; exec sleep 1000");
            targets.awaitOutput(confinement, id, "planted");
            for (int number = 3; number <= LAST_DESCRIPTOR; number++) {
                Targets.Result result = targets.nucleus(
                        confinement,
                        "exec",
                        "--workdir",
                        place + number,
                        id,
                        "--",
                        Targets.WITNESS,
                        "where",
                        Targets.MARKER,
                        targets.relativeSocket(confinement));
                boolean refused =
                        result.code() != Targets.OUTSIDE && result.text().contains(place + number);
                boolean inside = result.code() == 0 && result.out().strip().endsWith("inside");
                if (!refused && !inside) {
                    violations.add(place + number + ": exit code " + result.code() + ", " + result.text());
                }
            }
            targets.end(confinement, id);
        }

        assertThat(violations).isEmpty();
    }
}
