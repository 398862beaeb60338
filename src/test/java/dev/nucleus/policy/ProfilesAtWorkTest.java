package dev.nucleus.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.log.ContainerLog;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real programs under the profiles meant for them: they work, and nothing is denied. */
@Tag("isolation")
@RunsConcurrently
class ProfilesAtWorkTest {

    private static TestManager manager;

    private static Path scripts;

    @BeforeAll
    static void start() throws IOException {
        manager = TestManager.start();
        scripts = Files.createTempDirectory("nucleus-test-");
        Files.setAttribute(scripts, "unix:mode", 0755);
        for (String script : List.of("agent.py", "server.js", "redis.sh")) {
            try (InputStream content = ProfilesAtWorkTest.class.getResourceAsStream("/workloads/" + script)) {
                Files.copy(Objects.requireNonNull(content), scripts.resolve(script));
            }
        }
    }

    @AfterAll
    static void stop() throws IOException {
        if (manager != null) {
            manager.close();
            Remains.delete(scripts);
        }
    }

    /** Each script ends with the word "done" once everything in it has worked. */
    @ParameterizedTest
    @CsvSource({
        "python-agent, /usr/bin/python3, python3, agent.py",
        "node, /usr/bin/node, nodejs, server.js",
        "network-server, /usr/bin/redis-server, redis-server, redis.sh"
    })
    void aProgramRunsUnderItsProfile(String profile, String program, String debian, String script) throws IOException {
        Requires.program(program, debian);
        List<String> command = List.of(
                script.endsWith(".sh")
                        ? "/bin/sh"
                        : Path.of(program).toRealPath().toString(),
                "/w/" + script);
        Container container = manager.containers()
                .launch(LaunchOrder.detached(ContainerSpec.builder(Mode.STRICT_AGENT, command)
                        .seccomp(profile)
                        .memory(Optional.of(MemorySize.parse("1G")))
                        .cpus(Optional.of(new Cpus(2)))
                        .volumes(List.of(new VolumeMount(scripts.toString(), "/w", true)))
                        .build()));

        int code = container.end().join().status().orElseThrow().code();

        assertThat(container.log().tail(1).lines())
                .extracting(ContainerLog.Line::text)
                .as("the last line of %s", container.log().tail(30).lines())
                .containsExactly("done");
        assertThat(code).isZero();
        assertThat(manager.denials().of(container)).isEmpty();
        manager.containers().remove(container);
    }
}
