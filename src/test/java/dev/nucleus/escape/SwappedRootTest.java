package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.container.LaunchOrder;
import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Runtime;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A root filesystem is exchanged for another between verification and use: no launch ever runs the other one. */
@Tag("isolation")
class SwappedRootTest {

    private static final int SOMEBODY = 4242;
    private static final int LAUNCHES = 200;

    /** Exchanges two names until it is killed, with a pause that leaves the processor to others. */
    private static final String EXCHANGE = """
            use strict; use Time::HiRes 'usleep';
            my ($one, $other, $pause) = @ARGV;
            $| = 1; my $first = 1;
            while (1) {
                syscall(316, -100, $one, -100, $other, 2) == 0 or die "renameat2: $!";
                print "exchanging\\n" if $first; $first = 0;
                usleep($pause);
            }
            """;

    @SharedManager
    private static TestManager manager;

    /** Below a directory that only root can write to, unlike /tmp. */
    private Path directory;

    @BeforeEach
    void makeRoots() throws Exception {
        directory = Files.createTempDirectory(Path.of("/srv"), "nucleus-test-");
        Files.setAttribute(directory, "unix:mode", 0755);
        Path above = Files.createDirectory(directory.resolve("above"));
        for (String name : List.of("attested", "other")) {
            Path root = TestRootfs.build(above.resolve(name), "/bin/sh", "/bin/cat");
            Files.writeString(root.resolve("usr/which"), name + "\n");
        }
        RootfsAttestation.attest(above.resolve("attested"));
        // The owner of the directory above can put any tree there, such as one without a manifest.
        try (var files = Files.list(above.resolve("other"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
    }

    @AfterEach
    void removeRoots() throws IOException {
        Remains.delete(directory);
    }

    private static LaunchOrder order(Path rootfs, Runtime runtime) {
        return LaunchOrder.attached(ContainerSpec.builder(Mode.PRODUCTION, List.of("/bin/cat", "/usr/which"))
                .runtime(Optional.of(runtime))
                .rootfs(Optional.of(rootfs))
                .memory(Optional.of(MemorySize.parse("256M")))
                .cpus(Optional.of(new Cpus(1)))
                .build());
    }

    private static void require(Runtime runtime) {
        if (runtime == Runtime.GVISOR) {
            Requires.program("/usr/bin/runsc", "runsc");
        }
    }

    /** Exchanges two names as the given user until it is closed. */
    private static final class Exchange implements AutoCloseable {

        private final Process process;

        Exchange(int user, Path one, Path other, long pauseMicros) throws IOException {
            process = new ProcessBuilder(
                            "setpriv",
                            "--reuid=" + user,
                            "--regid=" + user,
                            "--clear-groups",
                            "/usr/bin/perl",
                            "-e",
                            EXCHANGE,
                            one.toString(),
                            other.toString(),
                            Long.toString(pauseMicros))
                    .redirectErrorStream(true)
                    .start();
            String first = process.inputReader().readLine();
            if (!"exchanging".equals(first)) {
                throw new IOException("the exchange has not begun: " + first);
            }
        }

        @Override
        public void close() {
            process.destroyForcibly();
            try {
                process.waitFor(5, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Root makes the exchange, which no check of owners prevents: either the verified tree is bound, or none. */
    @ParameterizedTest
    @EnumSource(Runtime.class)
    void aRootExchangedDuringALaunchNeverRuns(Runtime runtime) throws IOException {
        require(runtime);
        Path above = directory.resolve("above");
        Path attested = above.resolve("attested");
        var others = new ArrayList<String>();
        int ran = 0;
        int launches = runtime == Runtime.GVISOR ? LAUNCHES / 10 : LAUNCHES;
        for (long pause : List.of(200L, 2_000L)) {
            try (var _ = new Exchange(0, attested, above.resolve("other"), pause)) {
                for (int i = 0; i < launches / 2; i++) {
                    try {
                        String output = manager.run(order(attested, runtime)).out();
                        if (output.equals("attested\n")) {
                            ran++;
                        } else {
                            others.add(i + ": " + output);
                        }
                    } catch (RuntimeException e) {
                        assertThat(e.getMessage())
                                .as("the refusal names the root")
                                .contains(attested.toString());
                    }
                }
            }
            restore(above);
        }

        assertThat(others)
                .as("launches that ran the other tree; %d ran the attested one", ran)
                .isEmpty();
    }

    private static void restore(Path above) throws IOException {
        if (!Files.readString(above.resolve("attested/usr/which")).equals("attested\n")) {
            Path aside = above.resolve("aside");
            Files.move(above.resolve("attested"), aside);
            Files.move(above.resolve("other"), above.resolve("attested"));
            Files.move(aside, above.resolve("other"));
        }
    }

    /** The owner of a directory above can exchange everything below it, whatever its permissions. */
    @ParameterizedTest
    @EnumSource(Runtime.class)
    void aRootBelowADirectoryOfAnotherUserIsRefused(Runtime runtime) throws IOException {
        require(runtime);
        Path above = directory.resolve("above");
        Files.setAttribute(above, "unix:uid", SOMEBODY);

        assertThatThrownBy(() -> manager.run(order(above.resolve("attested"), runtime)))
                .isInstanceOf(RuntimeException.class)
                .hasMessageContaining(above.toString());
    }

    @Test
    void aRootBelowADirectoryWritableByOthersIsRefused() throws IOException {
        Path above = directory.resolve("above");
        Files.setAttribute(above, "unix:mode", 0777);

        assertThatThrownBy(() -> manager.run(order(above.resolve("attested"), Runtime.NATIVE)))
                .isInstanceOf(RuntimeException.class)
                .hasMessageContaining(above.toString());
    }

    @Test
    void aRootReachedThroughALinkOfAnotherUserIsRefused() throws IOException {
        Path theirs = Files.createDirectory(directory.resolve("theirs"));
        Files.setAttribute(theirs, "unix:uid", SOMEBODY);
        Files.createSymbolicLink(theirs.resolve("link"), directory.resolve("above/attested"));
        Path way = Files.createSymbolicLink(directory.resolve("way"), theirs.resolve("link"));

        assertThatThrownBy(() -> manager.run(order(way, Runtime.NATIVE)))
                .isInstanceOf(RuntimeException.class)
                .hasMessageContaining(directory.toString());
    }

    /** The directory's owner exchanges two trees in it; without the check, 14 of 200 launches ran the other one. */
    @Test
    void theOwnerOfADirectoryAboveCannotGetAnotherTreeLaunched() throws IOException {
        Path above = directory.resolve("above");
        Files.setAttribute(above, "unix:uid", SOMEBODY);
        Path attested = above.resolve("attested");
        // The trees belong to root; moving them requires permission only on their parent.
        try (var _ = new Exchange(SOMEBODY, attested, above.resolve("other"), 500)) {
            for (int i = 0; i < LAUNCHES; i++) {
                assertThatThrownBy(() -> manager.run(order(attested, Runtime.NATIVE)))
                        .as("launch %d", i)
                        .isInstanceOf(RuntimeException.class)
                        .hasMessageContaining(above.toString());
            }
        }
    }

    @Test
    void aRootBelowDirectoriesOfRootRuns() {
        assertThat(manager.run(order(directory.resolve("above/attested"), Runtime.NATIVE))
                        .out())
                .isEqualTo("attested\n");
    }
}
