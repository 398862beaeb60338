package dev.nucleus.escape;

import dev.nucleus.container.Container;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.spec.LogPolicy;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.support.Remains;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** Attempts whose outcome only the host can see: floods, bombs, planted links, signals. */
final class Abuses {

    private static final StopSpec NOW = new StopSpec(Signal.KILL, Duration.ZERO);
    private static final LogPolicy UNHINDERED = new LogPolicy(MemorySize.parse("1G"), LogPolicy.DEFAULT.overflow());
    /** Four files of 16 MiB, and a margin for the last line. */
    private static final long MAX_LOG = (4L * 16 + 1) << 20;

    private final TestManager manager;
    private final Attempts attempts;

    Abuses(TestManager manager, Attempts attempts) {
        this.manager = manager;
        this.attempts = attempts;
    }

    /** One abuse. */
    interface Abuse {
        Verdict attempt(Setting setting) throws IOException;
    }

    /** By name, in the table's order. */
    Map<String, Abuse> all() {
        var all = new LinkedHashMap<String, Abuse>();
        all.put("fork bomb", this::forkBomb);
        all.put("memory bomb", this::memoryBomb);
        all.put("disk bomb into /tmp", this::diskBomb);
        all.put("log flood", this::logFlood);
        all.put("kill everybody it sees", this::killEverybody);
        all.put("a link in the rootfs where a volume is mounted", this::linkUnderVolume);
        all.put("a link in a volume to a file of the host", this::linkInVolume);
        all.put("a link that changes while it is mounted on", this::linkRace);
        return all;
    }

    private TestManager.Output perl(Setting setting, String script) {
        return attempts.run(setting, "/usr/bin/perl", "-e", script);
    }

    private static Verdict verdict(boolean held, TestManager.Output output) {
        return Verdict.of(
                held, "exit code " + output.code() + " " + output.out().strip());
    }

    private Verdict forkBomb(Setting setting) {
        var output = perl(
                setting,
                "$|=1; my ($n, $full) = (0, 0); while ($n < 500) { my $p = fork; unless (defined $p) { $full = 1; last } if (!$p) { sleep 30; exit }"
                        + " $n++ } print $full ? 'stopped' : $n; kill 9, -1;");
        // gVisor's own threads count too: its kernel may fail for lack of them, which ends the container.
        boolean kernelEnded = setting.runtime() == Runtime.GVISOR
                && output.code() != 0
                && output.out().isEmpty();
        return verdict(output.out().equals("stopped") || kernelEnded, output);
    }

    private Verdict memoryBomb(Setting setting) {
        var output = perl(setting, "my @a; push @a, 'x' x (1 << 20) for 1..4096; print 'survived'");
        return verdict(output.code() == 137 && output.out().isEmpty(), output);
    }

    /** Files in /tmp count as memory: the attempt hits the limit of one or the other. */
    private Verdict diskBomb(Setting setting) {
        var output = perl(
                setting,
                "open F, '>', '/tmp/flood'; for (1..1024) { syswrite(F, 'x' x (1 << 20)) or do { print 'full'; exit } }"
                        + " print 'took a GiB'");
        return verdict(output.out().equals("full") || output.code() == 137, output);
    }

    private Verdict logFlood(Setting setting) throws IOException {
        Container container = manager.containers()
                .launch(LaunchOrder.detached(attempts.spec(
                                setting,
                                List.of(),
                                Network.NONE,
                                List.of("/usr/bin/perl", "-e", "print 'x' x 100, qq(\\n) for 1..1_500_000; sleep 60"))
                        .change()
                        .log(UNHINDERED)
                        .build()));
        try {
            Awaitility.await("a flood of 150 MB")
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> newestLogOffset(container) > 120_000_000);
            long size = logSize(container);
            return Verdict.of(size <= MAX_LOG, size / (1 << 20) + " MiB kept");
        } finally {
            manager.containers().stop(container, NOW);
            manager.containers().remove(container);
        }
    }

    private Path logs(Container container) {
        return manager.state().resolve("containers").resolve(container.id()).resolve("logs");
    }

    /** Files are named after the offset of their first byte. */
    private long newestLogOffset(Container container) throws IOException {
        try (Stream<Path> files = Files.list(logs(container))) {
            return files.map(file -> file.getFileName().toString().replaceAll("\\D", ""))
                    .mapToLong(Long::parseLong)
                    .max()
                    .orElse(0);
        }
    }

    private long logSize(Container container) throws IOException {
        long size = 0;
        try (Stream<Path> files = Files.list(logs(container))) {
            for (Path file : files.toList()) {
                size += Files.size(file);
            }
        }
        return size;
    }

    /** The manager, which runs as the host's root, the shim and a neighbouring container survive. */
    private Verdict killEverybody(Setting setting) {
        Container neighbour = manager.launch("/bin/sleep", "60");
        try {
            var output =
                    perl(setting, "print kill(9, -1); kill 9, grep { $_ != $$ } 2..40000; sleep 1; print ' lives'");
            return Verdict.of(neighbour.isRunning() && output.out().endsWith(" lives"), output.out());
        } finally {
            manager.containers().stop(neighbour, NOW);
            manager.containers().remove(neighbour);
        }
    }

    private Verdict inVolume(Setting setting, Path source, String target, String script) {
        var output = manager.run(LaunchOrder.attached(attempts.spec(
                setting,
                List.of(new VolumeMount(source.toString(), target, false)),
                Network.NONE,
                List.of("/bin/sh", "-c", script))));
        return verdict(output.code() == 0, output);
    }

    private static Path scratch() throws IOException {
        Path directory = Files.createTempDirectory("nucleus-escape-");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        return directory;
    }

    /** In the rootfs, {@code /data} is a link to {@code /etc}, which the host has too. */
    private Verdict linkUnderVolume(Setting setting) throws IOException {
        Path source = scratch();
        Path link = attempts.rootfs().resolve("data");
        try {
            Files.writeString(source.resolve("mark"), "mark");
            Files.createSymbolicLink(link, Path.of("/etc"));
            Verdict verdict;
            try {
                verdict = inVolume(setting, source, "/data", "cat /data/mark");
            } catch (RuntimeException e) {
                verdict = Verdict.of(true, "refused: " + e.getMessage());
            }
            return Files.exists(Path.of("/etc/mark"), LinkOption.NOFOLLOW_LINKS)
                    ? Verdict.of(false, "the host's /etc was mounted on")
                    : verdict;
        } finally {
            Files.delete(link);
            Remains.delete(source);
        }
    }

    private Verdict linkInVolume(Setting setting) throws IOException {
        Path source = scratch();
        Path secret = Files.writeString(scratch().resolve("secret"), "the host's secret");
        try {
            Files.createSymbolicLink(source.resolve("link"), secret);
            return inVolume(setting, source, "/data", "test -L /data/link && ! cat /data/link 2>/dev/null");
        } finally {
            Remains.delete(source);
            Remains.delete(Objects.requireNonNull(secret.getParent()));
        }
    }

    /** A process that shares the volume keeps swapping a directory for a link while the volume is mounted. */
    private Verdict linkRace(Setting setting) throws IOException {
        Path source = scratch();
        Path host = scratch();
        try {
            Files.createDirectories(source.resolve("a/target"));
            Files.writeString(host.resolve("untouched"), "");
            var race = Thread.ofPlatform().start(() -> swap(source, host));
            try {
                for (int i = 0; i < 10; i++) {
                    Verdict verdict = inVolume(setting, source, "/data", "echo x > /data/b/planted 2>/dev/null; true");
                    if (!verdict.denied()) {
                        return verdict;
                    }
                }
            } finally {
                race.interrupt();
                join(race);
            }
            return Verdict.of(!Files.exists(host.resolve("planted")), "ten launches");
        } finally {
            Remains.delete(source);
            Remains.delete(host);
        }
    }

    private static void swap(Path source, Path host) {
        Path place = source.resolve("b");
        try {
            while (!Thread.currentThread().isInterrupted()) {
                Files.createDirectory(place);
                Files.delete(place);
                Files.createSymbolicLink(place, host);
                Files.delete(place);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * With the host's network, which an operator can request in agent mode, only Landlock's scope keeps the host's
     * abstract sockets out of reach.
     */
    Verdict abstractSocketWithHostNetwork() throws IOException {
        String name = "nucleus-escape-" + ProcessHandle.current().pid();
        // Java doesn't support abstract sockets: a Perl process on the host listens.
        Process server = new ProcessBuilder(
                        "/usr/bin/perl",
                        "-MSocket",
                        "-e",
                        "$|=1; socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un(qq(\\0" + name
                                + "))) or die; listen(S, 5); print qq(ready\\n); <STDIN>")
                .start();
        try (var reader = server.inputReader()) {
            if (!"ready".equals(reader.readLine())) {
                throw new IOException("no abstract socket on this host");
            }
            var output = manager.run(LaunchOrder.attached(attempts.spec(
                    Setting.AGENT,
                    List.of(),
                    Network.HOST,
                    List.of(
                            "/usr/bin/perl",
                            "-e",
                            "socket(S, 1, 1, 0) or die; print connect(S, pack('S a*', 1, qq(\\0" + name
                                    + "))) ? 'connected' : $!+0"))));
            return verdict(output.out().equals("1"), output);
        } finally {
            server.destroy();
        }
    }
}
