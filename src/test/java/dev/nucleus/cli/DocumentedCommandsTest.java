package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.support.DocumentShell;
import dev.nucleus.support.DocumentedCommand;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands in the documents' console blocks print what the documents show. */
@Tag("isolation")
@RunsConcurrently
class DocumentedCommandsTest {

    private static final Path README = Path.of("README.md");
    private static final Path AUDIT = Path.of("docs/audit.md");
    private static final Path COMMANDS = Path.of("docs/commands.md");
    private static final Path COPYING = Path.of("docs/cp.md");
    private static final Path HEALTH = Path.of("docs/health.md");
    private static final Path INSTALL = Path.of("docs/install.md");
    private static final Path QUICK_START = Path.of("docs/quick-start.md");

    /** The documents whose commands are run: the quick start's by {@link QuickStartTest}, the others' here. */
    private static final Set<Path> DOCUMENTS = Set.of(README, AUDIT, COMMANDS, COPYING, HEALTH, INSTALL, QUICK_START);

    /** Documents whose blocks contain lines that look like commands. */
    private static final Set<Path> FIGURES_AND_HELP_TEXTS =
            Set.of(Path.of("docs/benchmarks.md"), Path.of("docs/command-line.md"));

    /** Synopses, which are not commands to run. */
    private static final Set<String> SYNOPSES =
            Set.of("nucleus cp [-a] [-v] CONTAINER:PATH DST", "nucleus cp [-a] [-v] SRC CONTAINER:PATH");

    /** Commands that no test runs as written, each with the reason. */
    private static final Map<String, String> NOT_RUN = Map.of(
            "./mvnw spring-boot:run", "a build within the build; the manager here has the same fleet file",
            "./mvnw verify", "the build that runs this test",
            "java -jar /opt/nucleus/nucleus.jar prepare",
                    "the build has run it on target/nucleus.jar; PreparedStartTest starts the result");

    /** Commands that need a terminal or do not exit by themselves, and how they run here. */
    private static final Map<String, String> RUN_AS = Map.of(
            "nucleus exec -t demo/web-1 -- tty",
            "mkfifo ../idle; script -qec 'nucleus exec -t demo/web-1 -- tty' /dev/null 0<>../idle | tr -d '\\r'",
            "nucleus logs -f demo/ticker-1",
            "timeout --signal=INT 5 nucleus logs -f demo/ticker-1");

    /** A replica for each status that docs/health.md shows. */
    private static final String STATES = """
            name: states
            services:
              moody: {command: ["false"], restart: {policy: always, backoff: {from: 200ms, factor: 1, to: 200ms}}}
              gone: {command: ["false"], restart: never}
              ill:
                command: [sleep, "1000"]
                liveness: {exec: ["false"], period: 100ms, failures: 1, then: nothing}
              stuck:
                command: [sleep, "1000"]
                startup: {exec: ["false"], period: 1s, failures: 10000}
              waits: {command: [sleep, "1000"], depends-on: {stuck: healthy}}
            """;

    private static final String SHOP = """
            name: shop
            services:
              web:
                command: [/usr/bin/python3, -m, http.server, --bind, 127.0.0.1, "8000"]
                replicas: 2
                seccomp: network-server
                readiness: {http: 8000, period: 200ms}
              api:
                command: [sleep, "1000"]
                readiness: {exec: ["false"], period: 100ms, failures: 1}
              migrate: {job: true, command: ["true"]}
            health: {traffic: [web]}
            """;

    @SharedManager(settings = "--nucleus.fleets=config/fleets/demo.yaml")
    private static TestManager manager;

    @TempDir
    private Path directory;

    private DocumentShell shell(Map<String, Path> paths) {
        return new DocumentShell(directory, manager.socket(), manager.port(), paths);
    }

    private Path makeDirectory(String name) throws IOException {
        return Files.createDirectories(directory.resolve(name));
    }

    /** A directory that every container's user may write to. */
    private Path makeSharedDirectory(String name) throws IOException {
        return Files.setPosixFilePermissions(makeDirectory(name), PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    private static void check(Path document, DocumentShell shell) throws IOException, InterruptedException {
        check(document, shell, RUN_AS);
    }

    private static void check(Path document, DocumentShell shell, Map<String, String> runAs)
            throws IOException, InterruptedException {
        for (DocumentedCommand command : DocumentedCommand.in(document)) {
            if (!NOT_RUN.containsKey(command.command())) {
                shell.check(command.with(runAs));
            }
        }
    }

    @Test
    void theReadmeShowsWhatItsCommandsPrint() throws Exception {
        Requires.program("/usr/bin/runsc", "runsc");
        Requires.program("/usr/bin/python3.11", "python3");
        Path workspace = makeSharedDirectory("work");
        Files.writeString(workspace.resolve("agent.py"), "open('result', 'w').write('done')");
        // It exits after 20 seconds, which may have passed in the other tests.
        manager.nucleus("stop", "demo/moody-1");
        manager.nucleus("start", "demo/moody-1");
        manager.await("demo/moody-1", ReplicaStatus.RUNNING);
        manager.await("demo/ticker-1", ReplicaStatus.READY);

        check(
                README,
                new DocumentShell(
                        workspace,
                        manager.socket(),
                        manager.port(),
                        Map.of("/srv/web", makeDirectory("srv").resolve("web"))));

        assertThat(workspace.resolve("result")).hasContent("done");
    }

    @Test
    void theCommandsDocumentShowsWhatItsCommandsPrint() throws Exception {
        Requires.program("/usr/bin/man", "man-db");
        Path completions = makeDirectory("completions");
        Files.writeString(makeDirectory("a:b").resolve("orders.csv"), "");
        Files.writeString(makeDirectory("keys").resolve("db"), "swordfish\n");
        Files.writeString(
                directory.resolve("shop.yaml"),
                DocumentedCommand.blocks(README, "yaml").getFirst());

        check(
                COMMANDS,
                shell(Map.of(
                        "/usr/share/bash-completion/completions",
                        completions,
                        "/srv/a:b",
                        directory.resolve("a:b"),
                        "/etc/keys",
                        directory.resolve("keys"))));

        assertThat(completions.resolve("nucleus")).content().startsWith("#!/usr/bin/env bash");
    }

    @Test
    void filesAreCopiedAsDocumented() throws Exception {
        Files.writeString(makeDirectory("log").resolve("app.log"), "started");
        Files.writeString(makeDirectory("data").resolve("row"), "1");
        Files.writeString(makeDirectory("conf").resolve("app.conf"), "a=b");
        Path etc = makeSharedDirectory("etc");
        Path srv = makeSharedDirectory("srv");
        shell(Map.of())
                .run("nucleus run -d --name web -v $PWD/log:/var/log:ro -v $PWD/data:/data:ro -v $PWD/etc:/etc/app"
                        + " -v $PWD/srv:/srv -- sleep 1000");
        try {
            check(COPYING, shell(Map.of()));

            assertThat(directory.resolve("app.log")).hasContent("started");
            assertThat(directory.resolve("logs/app.log")).hasContent("started");
            assertThat(etc.resolve("app.conf")).hasContent("a=b");
            assertThat(shell(Map.of()).run("tar -tzf data.tgz")).isEqualTo("data/\ndata/row\n");
            assertThat(srv.resolve("conf/app.conf")).hasContent("a=b");
        } finally {
            manager.nucleus("rm", "-f", "web");
        }
    }

    @Test
    void healthAnswersAsDocumented() throws Exception {
        Requires.program("/usr/bin/python3", "python3");
        Files.writeString(directory.resolve("shop.yaml"), SHOP);
        Files.writeString(directory.resolve("states.yaml"), STATES);
        try (TestManager supervising = TestManager.startWith(List.of(
                "--nucleus.fleets=" + directory, "--management.endpoint.health.show-details=when-authorized"))) {
            supervising.await("shop/web-1", ReplicaStatus.READY);
            supervising.await("shop/web-2", ReplicaStatus.READY);
            supervising.await("shop/api-1", ReplicaStatus.NOT_READY);
            supervising.await("shop/migrate-1", ReplicaStatus.COMPLETED);
            supervising.await("states/moody-1", ReplicaStatus.CRASH_LOOP);
            supervising.await("states/gone-1", ReplicaStatus.FAILED);
            supervising.await("states/ill-1", ReplicaStatus.UNHEALTHY);
            supervising.await("states/stuck-1", ReplicaStatus.STARTING);
            supervising.await("states/waits-1", ReplicaStatus.WAITING);

            check(
                    HEALTH,
                    new DocumentShell(
                            directory,
                            supervising.socket(),
                            supervising.port(),
                            Map.of("/run/nucleus", supervising.directory().resolve("run"))));
        }
    }

    @Test
    void theAuditTrailIsVerifiedAsDocumented() throws Exception {
        manager.await("demo/web-1", ReplicaStatus.READY);
        String head = Awaitility.await("the audit trail has 17 lines")
                .until(
                        () -> shell(Map.of())
                                .run("nucleus audit verify")
                                .strip()
                                .replaceFirst(".* head ", ""),
                        latest -> latest.matches("(1[7-9]|[2-9]\\d|\\d{3,}):.*"));
        Path copy = makeDirectory("backup/audit");
        try (Stream<Path> files = Files.list(manager.state().resolve("audit"))) {
            for (Path file : files.toList()) {
                String lines = Files.readString(file);
                Files.writeString(
                        copy.resolve(file.getFileName()),
                        lines.replace("\"number\":17,\"at\":\"2", "\"number\":17,\"at\":\"3"));
            }
        }

        check(AUDIT, shell(Map.of("/backup", directory.resolve("backup"))), Map.of("1182:91bd…", head));
    }

    @Test
    void theInstallationDocumentShowsWhatItsCommandsPrint() throws Exception {
        check(INSTALL, shell(Map.of()));
    }

    @Test
    void everyCommandInADocumentIsRunOrListedWithTheReason() throws IOException {
        var shown = new ArrayList<String>();
        for (Path document : DOCUMENTS) {
            DocumentedCommand.in(document).forEach(command -> shown.add(command.command()));
        }
        for (Path document : DocumentedCommand.documents()) {
            if (!DOCUMENTS.contains(document)) {
                assertThat(DocumentedCommand.in(document))
                        .as("commands in %s, which no test runs", document)
                        .isEmpty();
            }
            if (!FIGURES_AND_HELP_TEXTS.contains(document)) {
                assertThat(DocumentedCommand.outsideOfBlocks(document))
                        .as("commands in %s outside of console and sh blocks", document)
                        .isSubsetOf(SYNOPSES);
            }
        }

        assertThat(shown).containsAll(NOT_RUN.keySet());
    }
}
