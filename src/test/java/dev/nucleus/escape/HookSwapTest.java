package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.container.Container;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A hook runs as root, long after it was checked: what is run then is what was checked, or nothing. */
@Tag("isolation")
class HookSwapTest {

    private static final int SOMEBODY = 4242;
    private static final StopSpec AT_ONCE = new StopSpec(Signal.KILL, Duration.ZERO);

    /** Of root's alone, and not below /tmp, which everybody may write to. */
    private Path directory;
    /** In it, of another user. */
    private Path theirs;

    @BeforeEach
    void makeDirectories() throws IOException {
        Requires.root();
        directory = Files.createTempDirectory(Path.of("/run"), "nucleus-test-");
        Files.setAttribute(directory, "unix:mode", 0755);
        theirs = own(Files.createDirectory(directory.resolve("theirs")));
        program(directory.resolve("good"), "good");
        own(program(theirs.resolve("evil"), "evil"));
        program(directory.resolve("last"), "last");
    }

    @AfterEach
    void removeDirectories() throws IOException {
        Remains.delete(directory);
    }

    private static Path own(Path path) throws IOException {
        Files.setAttribute(path, "unix:uid", SOMEBODY, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", SOMEBODY, LinkOption.NOFOLLOW_LINKS);
        return path;
    }

    /** Leaves a file by which it is seen that it ran. */
    private Path program(Path place, String mark) throws IOException {
        Files.writeString(place, "#!/bin/sh\ntouch " + directory.resolve("ran-" + mark) + "\n");
        Files.setAttribute(place, "unix:mode", 0755);
        return place;
    }

    private boolean ran(String mark) {
        return Files.exists(directory.resolve("ran-" + mark));
    }

    private List<String> settings(String phase, Path hook) {
        var settings = new ArrayList<String>();
        List<Path> programs = List.of(hook, directory.resolve("last"));
        for (int i = 0; i < programs.size(); i++) {
            settings.add("--nucleus.hooks[" + i + "].phase=" + (i == 0 ? phase : "poststop"));
            settings.add("--nucleus.hooks[" + i + "].path=" + programs.get(i));
        }
        return settings;
    }

    private static Container launch(TestManager manager) {
        return manager.containers()
                .launch(LaunchOrder.detached(ContainerSpec.builder(Mode.AGENT, List.of("/bin/sleep", "1000"))
                        .build()));
    }

    private void stop(TestManager manager, Container container) {
        manager.containers().stop(container, AT_ONCE);
        Awaitility.await("the last hook has run").until(() -> ran("last"));
    }

    /** Between a link of root's and a program of root's lies one that is not. */
    @ParameterizedTest
    @ValueSource(strings = {"create-runtime", "poststart", "poststop"})
    void aLinkOfAnotherUserOnTheWayIsRefused(String phase) throws IOException {
        Files.createSymbolicLink(theirs.resolve("link"), directory.resolve("good"));
        own(theirs.resolve("link"));
        Path hook = Files.createSymbolicLink(directory.resolve("hook"), theirs.resolve("link"));

        assertThatThrownBy(() -> TestManager.startWith(settings(phase, hook)).close())
                .rootCause()
                .hasMessageContaining("nucleus.hooks[0].path")
                .hasMessageContaining(theirs.toString());
    }

    /** By a directory that is a link, too. */
    @Test
    void aDirectoryThatIsALinkOfAnotherUserIsRefused() throws IOException {
        Path good = Files.createDirectory(directory.resolve("programs"));
        program(good.resolve("hook"), "good");
        own(Files.createSymbolicLink(theirs.resolve("link"), good));
        Files.createSymbolicLink(directory.resolve("way"), theirs.resolve("link"));

        assertThatThrownBy(() -> TestManager.startWith(settings("poststop", directory.resolve("way/hook")))
                        .close())
                .rootCause()
                .hasMessageContaining(theirs.toString());
    }

    /** It becomes one when the manager runs already, between two launches. */
    @Test
    void aLinkThatChangesHandsIsRefusedWithTheNextLaunch() throws IOException {
        Path middle = Files.createSymbolicLink(directory.resolve("middle"), directory.resolve("good"));
        Path hook = Files.createSymbolicLink(directory.resolve("hook"), middle);
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            Files.delete(middle);
            Files.createSymbolicLink(middle, theirs.resolve("link"));
            own(Files.createSymbolicLink(theirs.resolve("link"), directory.resolve("good")));

            assertThatThrownBy(() -> launch(manager)).hasMessageContaining(theirs.toString());
        }
        assertThat(ran("good")).isFalse();
    }

    /** The interpreter is what the kernel actually executes. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHookRunsOnlyIfItsInterpreterIsUnchanged(boolean replaced) throws IOException {
        Path shell = Files.createSymbolicLink(directory.resolve("sh"), Path.of("/bin/sh"));
        Path hook = program(directory.resolve("hook"), "good");
        Files.writeString(hook, Files.readString(hook).replace("/bin/sh", shell.toString()));
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            Container container = launch(manager);
            if (replaced) {
                Files.delete(shell);
                Files.createSymbolicLink(shell, theirs.resolve("evil"));
            }
            stop(manager, container);
        }
        assertThat(ran("good")).isEqualTo(!replaced);
        assertThat(ran("evil")).isFalse();
    }

    /** The container is launched while all is well. */
    @Test
    void aLinkThatIsRePointedAfterTheLaunchLeadsToNoOtherProgram() throws IOException {
        Path middle = Files.createSymbolicLink(directory.resolve("middle"), directory.resolve("good"));
        Path hook = Files.createSymbolicLink(directory.resolve("hook"), middle);
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            Container container = launch(manager);
            Files.delete(middle);
            Files.createSymbolicLink(middle, theirs.resolve("evil"));

            stop(manager, container);
        }

        assertThat(ran("evil")).isFalse();
    }

    /** The file itself is another one at the end, and somebody else's. */
    @Test
    void aProgramOfAnotherUserInItsPlaceDoesNotRun() throws IOException {
        Path hook = directory.resolve("good");
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            Container container = launch(manager);
            Files.move(theirs.resolve("evil"), hook, StandardCopyOption.REPLACE_EXISTING);

            stop(manager, container);
        }

        assertThat(ran("evil")).isFalse();
    }

    /** Its owner may change what it does at any time. */
    @Test
    void aProgramThatWasGivenAwayDoesNotRun() throws IOException {
        Path hook = directory.resolve("good");
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            Container container = launch(manager);
            own(hook);

            stop(manager, container);
        }

        assertThat(ran("good")).isFalse();
    }

    /** Else the refusals above would prove nothing. */
    @Test
    void linksOfRootsAloneLeadToAHookThatRuns() throws IOException {
        Path middle = Files.createSymbolicLink(directory.resolve("middle"), directory.resolve("good"));
        Path hook = Files.createSymbolicLink(directory.resolve("hook"), middle);
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            stop(manager, launch(manager));
        }

        assertThat(ran("good")).isTrue();
    }
}
