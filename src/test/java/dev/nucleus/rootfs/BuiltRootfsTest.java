package dev.nucleus.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.container.Container;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Root filesystems built from the host's programs, in production mode. */
@Tag("isolation")
@RunsConcurrently
class BuiltRootfsTest {

    private static final Path POSTGRES = Path.of("/usr/lib/postgresql/15");

    private static final String FLEET = """
            name: shop
            volumes: {data: }
            services:
              init:
                mode: production
                rootfs: %1$s
                command: [/bin/sh, -c, 'test -e /data/PG_VERSION || %2$s/bin/initdb -D /data -A trust --locale=C --no-sync']
                job: true
                user: "postgres:postgres"
                volumes: ["data:/data"]
                seccomp: database
                memory: 512M
                cpus: 2
              db:
                mode: production
                rootfs: %1$s
                command: [%2$s/bin/postgres, -D, /data, -k, /tmp, -c, listen_addresses=127.0.0.1]
                user: "postgres:postgres"
                volumes: ["data:/data"]
                seccomp: database
                memory: 512M
                cpus: 2
                depends-on: {init: completed}
                readiness: {exec: [%2$s/bin/pg_isready, -h, /tmp], period: 200ms, timeout: 5s}
                stop: {signal: INT, grace: 30s}
            """;

    @TempDir
    Path directory;

    private static List<Path> programs(String... names) {
        return Stream.of(names).map(POSTGRES.resolve("bin")::resolve).toList();
    }

    @Test
    void postgresRunsInProductionFromARootfsBuiltFromTheHostsPackage() throws Exception {
        Requires.root();
        Requires.program(POSTGRES + "/bin/postgres", "postgresql-15");
        Path rootfs = directory.toRealPath().resolve("postgres");
        var programs = new ArrayList<>(programs("postgres", "initdb", "pg_isready", "psql"));
        programs.add(Path.of("/bin/sh"));
        RootfsBuilder.build(
                rootfs,
                programs,
                List.of(POSTGRES.resolve("lib"), Path.of("/usr/share/postgresql/15"), Path.of("/usr/share/zoneinfo")),
                List.of(new RootfsBuilder.User("postgres", 26_001, 26_001)));

        try (TestManager manager = TestManager.start(FLEET.formatted(rootfs, POSTGRES))) {
            manager.await("shop/db-1", ReplicaStatus.READY);
            Container container = manager.containerOf("shop/db-1");
            var answer = container
                    .shim()
                    .capture(
                            List.of(POSTGRES + "/bin/psql", "-h", "/tmp", "-U", "postgres", "-Atc", "select 6 * 7"),
                            Duration.ofSeconds(20));
            assertThat(answer.output()).isEqualTo("42\n");
            var plan = Files.readString(manager.state()
                    .resolve("containers")
                    .resolve(container.id())
                    .resolve("plan.json"));
            assertThat(plan)
                    .contains(
                            "and attested:",
                            RootfsAttestation.ofThisUser().verify(rootfs).digest());
        }
    }

    private static ContainerSpec spec(Mode mode, Path rootfs) {
        return ContainerSpec.builder(mode, List.of("/bin/true"))
                .rootfs(Optional.of(rootfs))
                .memory(Optional.of(MemorySize.parse("64M")))
                .cpus(Optional.of(new Cpus(1)))
                .pids(64)
                .openFiles(256)
                .build();
    }

    @Test
    void productionRefusesARootfsThatDiffersFromItsAttestation() throws IOException {
        Requires.root();
        Path rootfs = directory.toRealPath().resolve("small");
        RootfsBuilder.build(rootfs, List.of(Path.of("/bin/true")), List.of(), List.of());
        ContainerSpec spec = spec(Mode.PRODUCTION, rootfs);
        try (TestManager manager = TestManager.start()) {
            assertThat(manager.run(spec).code()).isZero();

            Path planted = Files.writeString(rootfs.resolve("usr/bin/planted"), "x");
            assertThatThrownBy(() -> manager.run(spec))
                    .isInstanceOf(RootfsException.class)
                    .hasMessageContaining("extra: usr/bin/planted");
            Files.delete(planted);
            assertThat(manager.run(spec).code()).isZero();

            Files.delete(rootfs.resolve(RootfsManifest.FILE));
            assertThatThrownBy(() -> manager.run(spec)).hasMessageContaining("has no manifest");
            assertThat(manager.run(spec(Mode.AGENT, rootfs)).code())
                    .as("agent mode needs no manifest")
                    .isZero();
        }
    }
}
