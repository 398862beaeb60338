package dev.nucleus.spec.fleetfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.nucleus.spec.Condition;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.FleetHealthSpec;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Objective;
import dev.nucleus.spec.Port;
import dev.nucleus.spec.Probe;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.User;
import dev.nucleus.spec.VolumeSpec;
import dev.nucleus.support.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FleetReaderTest {

    private static final Path FILE = Path.of("/fleets/shop.yaml");

    private static final String WHOLE = """
            name: shop
            mode: production
            x-hard: &hard {capabilities: [], memory: 512M, cpus: 1}
            volumes: {db: {path: data/db, owner: "70:70"}}
            services:
              db:
                <<: *hard
                rootfs: rootfs/postgres
                command: [postgres, -D, /data]
                user: "70:70"
                memory: 2G
                volumes: ["db:/data"]
                seccomp: database
                readiness: {exec: [pg_isready], period: 2s}
                liveness: {tcp: 5432, period: 10s, failures: 3}
                restart: {policy: always, backoff: {from: 200ms, factor: 2, to: 1m, reset-after: 10m}}
                stop: {signal: INT, grace: 30s}
              migrate:
                <<: *hard
                rootfs: rootfs/migrate
                command: [/bin/migrate]
                job: true
                depends_on: {db: {condition: service_healthy}}
              web:
                <<: *hard
                rootfs: /srv/web
                command: [/bin/java, -jar, /app.jar]
                replicas: 3
                depends-on: {db: healthy, migrate: completed}
                readiness: {http: {port: 8443, path: /ready, status: 200-299}, timeout: 1s, initial-delay: 500ms}
            """;

    private static FleetSpec read(String text) {
        return FleetReader.readText(FILE, text, FleetReader.Checks.NONE);
    }

    private static ServiceSpec service(FleetSpec fleet, String name) {
        return Objects.requireNonNull(fleet.services().get(name));
    }

    private static List<String> problems(String text) {
        InvalidFleetException thrown = catchThrowableOfType(InvalidFleetException.class, () -> read(text));
        assertThat(thrown).as("a refusal of%n%s", text).isNotNull();
        return thrown.problems().stream().map(Problem::toString).toList();
    }

    @Test
    void waitingForAnUnprobedServiceToBeHealthyIsRefused() {
        String fleet = """
                name: shop
                services:
                  web: {command: [/w], depends-on: {cache: healthy}}
                  cache: {command: [/c]%s}
                """;

        assertThat(problems(fleet.formatted("")))
                .containsExactly(FILE
                        + ":3:8: depends-on: service 'web' would wait for 'cache' forever: no probe checks 'cache', so its "
                        + "health is unknown; give it a readiness probe, or write depends-on: {cache: started}");
        for (String probe : List.of("readiness", "startup", "liveness")) {
            assertThat(read(fleet.formatted(", " + probe + ": {tcp: 80}")).services())
                    .hasSize(2);
        }
    }

    @Test
    void criticalAndTrafficServicesMayNotBeJobs() {
        assertThat(read(WHOLE + "health: {critical: [db, web], traffic: [web]}\n")
                        .health())
                .isEqualTo(new FleetHealthSpec(Set.of("db", "web"), Set.of("web"), Optional.empty()));
        assertThat(read(WHOLE + "health: {objective: {availability: 99.9%, over: 30d}}\n")
                        .health()
                        .objective())
                .contains(new Objective(0.999, Duration.ofDays(30)));
        for (String wrong : List.of("100%", "0%", "0.999", "200%", "x")) {
            assertThat(problems(WHOLE + "health: {objective: {availability: " + wrong + ", over: 30d}}\n"))
                    .as(wrong)
                    .hasSize(1);
        }
        assertThat(read(WHOLE).health()).isEqualTo(FleetHealthSpec.NONE);
        assertThat(problems(WHOLE + "health: {critical: [dp], traffic: [migrate], x: 1}\n"))
                .hasSize(3)
                .anySatisfy(problem ->
                        assertThat(problem).endsWith("'dp' is not a service of this file; did you mean 'db'?"))
                .anySatisfy(problem -> assertThat(problem).contains("'migrate' is a job, which ends"))
                .anySatisfy(problem -> assertThat(problem).contains("unknown field 'x'"));
    }

    @Test
    void tooDeepOrRecursiveNestingIsRefused() {
        assertThat(problems("[".repeat(100_000))).containsExactly(FILE + ":1:65: nested more than 64 deep");
        assertThat(problems("name: shop\nservices: &all\n  web: {<<: *all, command: [/bin/true]}\n"))
                .containsExactly(FILE + ":3:13: '*all' is inside the value that it refers to");
        assertThat(problems("&a {<<: [*a, *a], name: shop}")).hasSize(1);
        assertThat(problems("name: \"\\u"))
                .as("an unexpected exception of the YAML engine")
                .singleElement()
                .asString()
                .startsWith(FILE + ":1:")
                .contains("not valid YAML");
        assertThat(read("name: shop\nx-a: &a {one: &a {command: [/bin/true]}, two: *a}\nservices: {web: *a}\n")
                        .services())
                .as("the inner of two anchors with the same name")
                .containsOnlyKeys("web");
        assertThat(service(read("name: shop\nservices: &a {web: {command: [&a /w, *a]}}\n"), "web")
                        .container()
                        .command())
                .containsExactly("/w", "/w");
    }

    @Test
    void aCharacterOutsideTheBasicPlaneMayBeAnywhere() {
        for (int before = 1000; before < 1050; before++) {
            assertThat(read("# " + "x".repeat(before) + "\ud83d\ude80\n" + WHOLE)
                            .name())
                    .isEqualTo("shop");
        }
        assertThat(problems("name: shop\nservices: {web: {command: [/bin/true]}} # \ud83d"))
                .as("a lone surrogate is invalid")
                .isNotEmpty();
    }

    @Test
    void aWholeFleetIsReadWithEveryField() {
        FleetSpec fleet = read(WHOLE);

        assertThat(fleet.services().keySet()).containsExactly("db", "migrate", "web");
        ServiceSpec db = service(fleet, "db");
        assertThat(db.container().mode()).isEqualTo(Mode.PRODUCTION);
        assertThat(db.container().resources().memory()).contains(new MemorySize(2L << 30));
        assertThat(db.container().filesystem().rootfs()).contains(Path.of("/fleets/rootfs/postgres"));
        assertThat(db.container().user()).contains(new User("70", Optional.of("70"), List.of()));
        assertThat(db.readiness().orElseThrow().probe()).isEqualTo(new Probe.Exec(List.of("pg_isready")));
        assertThat(db.liveness().orElseThrow().probe().period()).isEqualTo(Duration.ofSeconds(10));
        assertThat(db.stop()).isEqualTo(new StopSpec(Signal.parse("INT"), Duration.ofSeconds(30)));
        assertThat(Objects.requireNonNull(fleet.volumes().get("db")).path()).contains(Path.of("/fleets/data/db"));
        ServiceSpec web = service(fleet, "web");
        assertThat(web.replicas()).isEqualTo(3);
        assertThat(web.container().resources().memory()).contains(MemorySize.parse("512M"));
        assertThat(web.dependsOn())
                .containsEntry("db", Condition.HEALTHY)
                .containsEntry("migrate", Condition.COMPLETED);
        assertThat(web.readiness().orElseThrow().probe())
                .isEqualTo(new Probe.Http(
                        new Port(8443), "/ready", new Probe.Http.Statuses(200, 299), Map.of(), Optional.empty()));
        assertThat(service(fleet, "migrate").dependsOn()).containsEntry("db", Condition.HEALTHY);
        assertThat(service(fleet, "migrate").job()).isTrue();
    }

    @Test
    void allMistakesAreReportedAtOnceWithPositionsAndCorrections() {
        List<String> problems = problems("""
                name: shop
                services:
                  web:
                    comand: [/bin/web]
                    command: [/bin/web]
                    memory: 12X
                    depends-on: [dp]
                    readiness: {period: 5}
                  db:
                    command: [/bin/db]
                    replicas: many
                    privileged: true
                """);

        assertThat(problems)
                .contains(
                        "/fleets/shop.yaml:4:5: unknown field 'comand'; did you mean 'command'?",
                        "/fleets/shop.yaml:6:13: '12X' is not a size; write bytes or K, M, G, T, such as 512M",
                        "/fleets/shop.yaml:8:25: '5' is not a duration; write it with its unit, such as 500ms, 10s or"
                                + " 1m30s",
                        "/fleets/shop.yaml:11:15: expected a whole number, found 'many'",
                        "/fleets/shop.yaml:12:5: 'privileged' is not accepted: a container only gets"
                                + " the capabilities that it lists")
                .anyMatch(problem -> problem.startsWith("/fleets/shop.yaml:8:16: a probe needs exactly one of"))
                .hasSizeGreaterThanOrEqualTo(6)
                .isSortedAccordingTo(Comparator.comparingInt(problem -> Integer.parseInt(
                        problem.substring("/fleets/shop.yaml:".length()).split(":")[0])));
    }

    /** Mistakes of one service hide none of its others. */
    @Test
    void aDanglingDependencyIsReportedBesideOtherMistakes() {
        assertThat(problems("""
                        name: shop
                        services:
                          web: {command: [], replicas: -1, depends-on: {dbb: healthy}}
                          db: {command: [/d]}
                        """))
                .hasSize(3)
                .anyMatch(p -> p.contains("depends on 'dbb', which is not a service of this file; did you mean 'db'?"));
    }

    @Test
    void danglingReferencesAreReported() {
        List<String> problems = problems("""
                name: shop
                services:
                  web: {command: [/w], depends-on: [dbb, web], volumes: ["data:/d"]}
                  db: {command: [/d]}
                """);

        assertThat(problems)
                .anyMatch(p -> p.contains("depends on 'dbb', which is not a service of this file; did you mean 'db'?"))
                .anyMatch(p -> p.contains("'web' depends on itself"))
                .anyMatch(p -> p.contains("uses volume 'data', which 'volumes' does not declare"));
    }

    @Test
    void invalidYamlIsReportedWithItsPosition() {
        assertThat(problems("name: shop\nservices:\n\t- tab"))
                .singleElement()
                .asString()
                .startsWith(FILE + ":3:1: not valid YAML: ");
    }

    @Test
    void aDependencyCycleIsReportedInFull() {
        assertThat(problems("""
                        name: shop
                        services:
                          a: {command: [/a], depends-on: [b]}
                          b: {command: [/b], depends-on: [c]}
                          c: {command: [/c], depends-on: [a]}
                        """))
                .singleElement()
                .asString()
                .endsWith("these services wait for each other: a → b → c → a");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{completed: db}| forever: only a job completes; write job: true in 'db', or db: healthy or started here",
                "{healthy: once}| forever: a job is never healthy, it completes; write once: completed"
            })
    void aDependencyThatCanNeverBeMetIsRefused(String text) {
        String condition = text.substring(1, text.indexOf(':'));
        String other = text.substring(text.indexOf(' ') + 1, text.indexOf('}'));

        assertThat(problems("""
                        name: shop
                        services:
                          web: {command: [/w], depends-on: {%s: %s}}
                          db: {command: [/d]}
                          once: {command: [/o], job: true}
                        """.formatted(other, condition)))
                .singleElement()
                .asString()
                .startsWith(FILE + ":3:8: depends-on: service 'web' would wait for '" + other + "' ")
                .endsWith(text.substring(text.indexOf('|') + 2));
        assertThat(read("""
                        name: shop
                        services:
                          web: {command: [/w], depends-on: {once: started, other: completed, db: started}}
                          db: {command: [/d]}
                          once: {command: [/o], job: true}
                          other: {command: [/o], job: true}
                        """).services()).hasSize(4);
    }

    @Test
    void aServiceMayNotHaveTheNameOfAReplicaOfAnother() {
        String text = """
                name: shop
                services:
                  web: {command: [/w], replicas: %s}
                  web-2: {command: [/w]}
                """;

        assertThat(problems(text.formatted(2)))
                .singleElement()
                .asString()
                .isEqualTo(
                        FILE + ":4:10: service 'web-2' has the name of a replica of service 'web'; rename one of them");
        assertThat(read(text.formatted(1)).services()).hasSize(2);
        assertThat(problems("name: shop\nservices: {a: {command: [/w]}, a-1: {command: [/w]}}"))
                .containsExactly(
                        FILE + ":2:37: service 'a-1' has the name of a replica of service 'a'; rename one of them");
    }

    @Test
    void anAnchorMayBeMergedByAnyNumberOfServices() {
        var text = new StringBuilder("name: shop\nx-common: &common {memory: 64M, command: [/w]}\nservices:\n");
        for (int i = 0; i < 500; i++) {
            text.append("  s%d: {<<: *common, environment: {N: x%d}}\n".formatted(i, i));
        }

        assertThat(read(text.toString()).services()).hasSize(500);
    }

    @Test
    void aMistakeInAMergedMappingIsReportedOnce() {
        assertThat(problems("name: shop\nx-common: &common {memory: 12X, command: [/w]}\n"
                        + "services: {a: {<<: *common}, b: {<<: *common}, c: *common}\n"))
                .singleElement()
                .asString()
                .startsWith(FILE + ":2:28: '12X' is not a size");
    }

    @Test
    @Timeout(20)
    void aMergeBombIsRefusedBeforeItIsExpanded() {
        var merges = new StringBuilder("name: shop\nx-0: &a0 {k: v}\n");
        var lists = new StringBuilder("name: shop\nx-0: &a0 [x, x]\n");
        var hidden = new StringBuilder("name: shop\nx-0: &a0 [x, x]\n");
        for (int i = 1; i < 90; i++) {
            merges.append("x-%d: &a%d {<<: [*a%d, *a%d]}\n".formatted(i, i, i - 1, i - 1));
            lists.append("x-%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
            hidden.append("x-%d: &a%d [[*a%d], [*a%d]]\n".formatted(i, i, i - 1, i - 1));
        }
        for (var text : List.of(merges, lists, hidden)) {
            assertThat(problems(text + "services: {w: {command: [/w]}}\n"))
                    .singleElement()
                    .asString()
                    .contains("the aliases up to here expand to more than 1000000 values; use fewer");
        }
    }

    /** Each key, scalar, list and mapping is a value; the values of an alias count each time that it is used. */
    @Test
    void aliasesMayExpandToAMillionValues() {
        String thousand = "&a [" + "x, ".repeat(999) + "]";
        String text = "name: shop\nx-a: " + thousand + "\nx-b: [" + "*a, ".repeat(998) + "%s]\nservices: {}\n";
        int others = "name shop x-a x-b services".split(" ").length
                + List.of("the file", "x-b", "services").size();
        int left = 1_000_000 - 999 * 1000 - others;

        assertThat(read(text.formatted("x, ".repeat(left))).services()).isEmpty();
        assertThat(problems(text.formatted("x, ".repeat(left + 1))))
                .containsExactly(FILE + ":4:12: the aliases up to here expand to more than 1000000 values; use fewer");
        assertThat(problems(text.formatted("*a, *a, *a, ")))
                .as("the thousandth one in its list")
                .containsExactly(
                        FILE + ":3:4003: the aliases up to here expand to more than 1000000 values; use fewer");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "just text",
                "[1, 2]",
                "name: [shop]\nservices: {}",
                "name: shop",
                "services: {web: {command: [/w]}}",
                "name: shop\nservices: {web: {command: []}}",
                "name: shop\nservices: {web: }",
                "name: shop\nname: shop\nservices: {web: {command: [/w]}}",
                "name: shop\nservices:\n\t- tab",
                "name: shop\nservices: {web: {command: [/w]",
                "name: ../etc\nservices: {web: {command: [/w]}}",
                "name: shop\nservices: {web: {command: [/w], environment: {A-B: c}}}",
                "name: shop\nservices: {web: {command: [/w], readiness: {tcp: 1, http: 2}}}",
                "name: shop\nservices: {web: {command: [/w], readiness: {http: {port: 1, path: \"/a b\"}}}}",
                "name: shop\nservices: {web: {command: [/w], restart: {policy: always, backoff: {from: 2m}}}}",
                "name: shop\nservices: {web: {command: [/w], pids: -1}}",
                "name: shop\nservices: {web: {command: [/w], <<: nothing}}"
            })
    void anInvalidFleetIsRefusedWithAPosition(String text) {
        assertThat(problems(text))
                .isNotEmpty()
                .allMatch(problem -> problem.matches("(?s)/fleets/shop.yaml:\\d+:\\d+: .+"));
    }

    @Test
    void aNumberOutOfRangeHidesNoOtherMistake() {
        assertThat(problems("name: shop\nservices: {web: {command: [/w], pids: -3, open-files: 3, cpu-weight: 0, "
                        + "replicas: -1, depends-on: [nosuch], volumes: [\"nosuch:/x\"]}}"))
                .hasSize(6);
    }

    @Test
    void underscoresOfComposeMeanHyphens() {
        FleetSpec fleet = read("name: shop\nservices: {web: {command: [/w], open_files: 64}}");

        assertThat(service(fleet, "web").container().resources().openFiles()).isEqualTo(64);
    }

    @Test
    void yamlIsVersion12SoNoIsText() {
        FleetSpec fleet = read("name: shop\nservices: {web: {command: [echo, no, 0755, 12:30]}}");

        assertThat(service(fleet, "web").container().command()).containsExactly("echo", "no", "0755", "12:30");
    }

    @Test
    void refusalsByOtherChecksAreReportedWithTheirPositions() {
        var checks = new FleetReader.Checks(
                spec -> List.of("memory: needed"), name -> Optional.of("taken"), name -> Optional.of("reserved"));

        assertThatThrownBy(() -> FleetReader.readText(FILE, "name: db\nservices: {w: {command: [/w]}}", checks))
                .hasMessage("""
                        /fleets/shop.yaml:1:7: taken
                        /fleets/shop.yaml:2:12: reserved
                        /fleets/shop.yaml:2:15: service 'w': memory: needed""");
    }

    @Test
    void aFolderIsReadInOrderAndAFleetNameMayBeUsedOnce(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("b.yaml"), "name: b\nservices: {w: {command: [/w]}}");
        Files.writeString(folder.resolve("a.yml"), "name: a\nservices: {w: {command: [/w]}}");
        Files.writeString(folder.resolve("notes.txt"), "not a fleet");

        assertThat(FleetReader.read(folder, FleetReader.Checks.NONE))
                .extracting(FleetSpec::name)
                .containsExactly("a", "b");

        Files.writeString(folder.resolve("c.yaml"), "name: a\nservices: {w: {command: [/w]}}");
        assertThatThrownBy(() -> FleetReader.read(folder, FleetReader.Checks.NONE))
                .hasMessageContaining("c.yaml:1:1: fleet 'a' is already declared in another file");
    }

    @Test
    void editorFilesAndDirectoriesInAFolderAreIgnored(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("shop.yaml"), "name: shop\nservices: {w: {command: [/w]}}");
        for (String other : List.of(
                ".shop.yaml",
                ".#shop.yaml",
                "#shop.yaml#",
                "#shop.yaml",
                "~shop.yaml",
                "shop.yaml~",
                "shop.yaml.bak")) {
            Files.writeString(folder.resolve(other), "half of a");
        }
        Files.createDirectory(folder.resolve("old.yaml"));
        Files.createDirectory(folder.resolve("..data"));

        assertThat(FleetReader.read(folder, FleetReader.Checks.NONE))
                .extracting(FleetSpec::name)
                .containsExactly("shop");

        Files.createSymbolicLink(folder.resolve("lost.yaml"), folder.resolve("nowhere"));
        assertThatThrownBy(() -> FleetReader.read(folder, FleetReader.Checks.NONE))
                .hasMessageContaining("lost.yaml:1:1: the file can't be read");
    }

    @Test
    @Timeout(20)
    void aNamedPipeInAFolderIsRefusedWithoutBlocking(@TempDir Path folder) throws Exception {
        assertThat(new ProcessBuilder("mkfifo", folder.resolve("a.yaml").toString())
                        .start()
                        .waitFor())
                .isZero();

        assertThatThrownBy(() -> FleetReader.read(folder, FleetReader.Checks.NONE))
                .hasMessageContaining("a.yaml:1:1: not a regular file; move it out of the folder");
    }

    @Test
    void aMissingFileIsAProblemNotAStackTrace() {
        assertThatThrownBy(() -> FleetReader.read(Path.of("/no/such.yaml"), FleetReader.Checks.NONE))
                .isInstanceOf(InvalidFleetException.class)
                .hasMessageContaining("/no/such.yaml:1:1: the file can't be read: there is no such file");
    }

    /** However a valid file is damaged, the reader returns a fleet or reports the positions of the mistakes. */
    @ParameterizedTest
    @MethodSource("dev.nucleus.support.Seeds#seeds")
    void aDamagedFileNeverBreaksTheReader(long seed) {
        var random = Seeds.random(seed);
        var text = new StringBuilder(WHOLE);
        int damages = 1 + random.nextInt(4);
        for (int i = 0; i < damages; i++) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(3)) {
                case 0 -> text.deleteCharAt(at);
                case 1 -> text.insert(at, "{}[]:,&*!|>'\"%@`#-\n\t \0\u00e9".charAt(random.nextInt(23)));
                default -> text.setLength(Math.max(1, at));
            }
        }

        try {
            read(text.toString());
        } catch (InvalidFleetException e) {
            assertThat(e.problems()).isNotEmpty().allMatch(problem -> problem.line() >= 1 && problem.column() >= 1);
        }
    }

    @Test
    void anAliasBombIsRefused() {
        var text = new StringBuilder("name: shop\nx-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 200; i++) {
            text.append("x-%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
        }
        text.append("services: {w: {command: *a199}}\n");

        assertThat(problems(text.toString())).isNotEmpty();
    }

    @Test
    void theMistakesOfAFolderAreInTheOrderOfItsFiles(@TempDir Path folder) throws IOException {
        Path a = Files.writeString(folder.resolve("a.yaml"), "name: a\nservices: {w: {command: [/w], pids: x}}");
        Path b = Files.writeString(folder.resolve("b.yaml"), "name: a b\nservices: {}");

        assertThatThrownBy(() -> FleetReader.read(folder, FleetReader.Checks.NONE))
                .hasMessage(a + ":2:37: expected a whole number, found 'x'\n" + b
                        + ":1:7: 'a b' can't name a fleet; use letters, digits, '-', '_' and '.', begin with a letter "
                        + "or digit, at most 63 characters");
    }

    @Test
    void aMistakeInAFileDoesNotHideADuplicateFleetName(@TempDir Path folder) throws IOException {
        Path a = Files.writeString(folder.resolve("a.yaml"), "name: a\nservices: {w: {command: [/w], pids: x}}");
        Path b = Files.writeString(folder.resolve("b.yaml"), "name: a\nservices: {}");

        assertThatThrownBy(() -> FleetReader.read(folder, FleetReader.Checks.NONE))
                .hasMessage(a + ":2:37: expected a whole number, found 'x'\n" + b
                        + ":1:1: fleet 'a' is already declared in another file");
    }

    @Test
    void aVolumeHasAPathAndAnOwnerOrNothing() {
        assertThat(read("name: shop\nvolumes: {a: , b: {path: ../b, owner: '70:80'}, c: {}}\nservices: {}")
                        .volumes())
                .isEqualTo(Map.of(
                        "a", new VolumeSpec("a", Optional.empty(), Optional.empty()),
                        "b",
                                new VolumeSpec(
                                        "b",
                                        Optional.of(Path.of("/b")),
                                        Optional.of(new User("70", Optional.of("80"), List.of()))),
                        "c", new VolumeSpec("c", Optional.empty(), Optional.empty())));
        assertThat(problems("name: shop\nvolumes: {a b: {path: x}}\nservices: {}"))
                .containsExactly(FILE + ":2:16: 'a b' can't name a volume; use letters, digits, '-', '_' and '.', "
                        + "begin with a letter or digit, at most 63 characters");
    }

    @ParameterizedTest
    @CsvSource({
        "dpx, db, ''",
        "dc, db, db",
        "dbxx, db, db",
        "frontend, frontdoor, ''",
        "frontend, frontends, frontends",
        "webs, wabx web, web",
        "storage, database, ''"
    })
    void aSimilarNameIsSuggested(String written, String declared, String suggested) {
        String services = declared.replace(" ", ": {command: [/w]}, ") + ": {command: [/w]}";

        assertThat(problems(
                        "name: shop\nservices: {zz: {command: [/w], depends-on: [" + written + "]}, " + services + "}"))
                .containsExactly(FILE + ":2:45: service 'zz' depends on '" + written
                        + "', which is not a service of this file"
                        + (suggested.isEmpty() ? "" : "; did you mean '" + suggested + "'?"));
    }

    @Test
    void anUnknownFieldIsReportedWithTheKnownFields() {
        assertThat(problems("name: shop\nservices: {}\nvolumes: {data: {size: 1G}}"))
                .containsExactly(FILE + ":3:18: unknown field 'size'; known here: owner, path");
    }

    @Test
    void aFieldWithoutAValueIsAbsent() {
        assertThat(service(read("name: shop\nservices: {web: {command: [/w], memory: , pids: null}}"), "web")
                        .container())
                .isEqualTo(ContainerSpec.of(Mode.AGENT, List.of("/w")));
        assertThat(problems("name: shop\nservices: {web: {command: }}"))
                .containsExactly(FILE + ":2:17: 'command' is missing; write, for example, command: [/bin/server, "
                        + "--port, \"8080\"]");
    }

    @Test
    void ownFieldsAndEarlierMergesTakePrecedenceOverLaterMerges() {
        FleetSpec fleet = read("""
                name: shop
                x-a: &a {command: [/a], pids: 10}
                x-b: &b {command: [/b], pids: 20, memory: 1G}
                services:
                  web: {<<: [*a, *b], command: [/w]}
                """);

        assertThat(service(fleet, "web").container())
                .isEqualTo(ContainerSpec.builder(Mode.AGENT, List.of("/w"))
                        .pids(10)
                        .memory(Optional.of(MemorySize.parse("1G")))
                        .build());
        assertThat(problems("name: shop\nservices: {web: {command: [/w], \"<<\": {pids: 1}}}"))
                .singleElement()
                .asString()
                .startsWith(FILE + ":2:33: unknown field '<<'; known here: ");
    }
}
