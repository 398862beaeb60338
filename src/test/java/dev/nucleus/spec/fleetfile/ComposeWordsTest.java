package dev.nucleus.spec.fleetfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.Condition;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.Probe;
import dev.nucleus.spec.ProbeSpec;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compose's keywords mean the same here, or are refused with a message that says what to write instead. */
class ComposeWordsTest {

    private static FleetSpec fleet(String text) {
        return FleetReader.readText(Path.of("/f/shop.yaml"), text, FleetReader.Checks.NONE);
    }

    private static ServiceSpec service(FleetSpec fleet, String name) {
        return Objects.requireNonNull(fleet.services().get(name));
    }

    private static ServiceSpec service(String fields) {
        return service(fleet("name: shop\nservices:\n  web:\n    command: [/bin/web]\n" + fields.indent(4)), "web");
    }

    private static List<String> command(String list) {
        return service(fleet("name: shop\nservices: {web: {command: " + list + "}}"), "web")
                .container()
                .command();
    }

    @Test
    void twoDollarSignsBecomeOne() {
        assertThat(command("[sh, -c, 'echo $$HOME $${HOME} $$$$', $$1, 'a$$b']"))
                .containsExactly("sh", "-c", "echo $HOME ${HOME} $$", "$1", "a$b");
        assertThat(service("environment: {PASSWORD: pa$$word}").container().env())
                .containsEntry("PASSWORD", "pa$word");
        assertThat(service("readiness: {exec: [sh, -c, 'test $$(id -u) = 0']}")
                        .readiness()
                        .orElseThrow()
                        .probe())
                .isEqualTo(new Probe.Exec(List.of("sh", "-c", "test $(id -u) = 0")));
    }

    @Test
    void aScriptsOwnVariablesAreLeftAlone() {
        String script = "for i in 1 2; do echo $i $(date) $1 $?; done";

        assertThat(command("[sh, -c, '" + script + "']")).containsExactly("sh", "-c", script);
        assertThat(command("[sed, s/x$/y/, 5$]")).containsExactly("sed", "s/x$/y/", "5$");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "command: [echo, '${NAME}']",
                "command: [echo, $NAME]",
                "command: [web, --port=$PORT]",
                "command: [sh, -c, 'echo ${NAME:-x} there']",
                "command: [sh, -c, 'echo $${A} ${B}']",
                "command: [x], environment: {A: '${A}'}",
                "command: [x], environment: {A: '-Xmx$MEM -Dx'}",
                "command: [x], workdir: /srv/$NAME",
                "command: [x], volumes: ['${DATA}:/data']",
                "command: [x], memory: '${MEM:?needed}'",
                "command: [x], user: '${UID:-70}:70'",
                "command: [x], healthcheck: {test: 'curl ${URL}'}",
                "command: [x], readiness: {exec: [test, -e, $FILE]}",
                "command: [x], readiness: {http: {port: 80, headers: {A: $B}}}",
                "command: [x], stop: {before: [kill, '${PID}']}",
                "command: [x], depends-on: ['${DB}']",
            })
    void variablesAreRefused(String fields) {
        assertThatThrownBy(() -> fleet("name: shop\nservices:\n  web: {" + fields + "}\n"))
                .isInstanceOf(InvalidFleetException.class)
                .hasMessageContaining("/f/shop.yaml:3:")
                .hasMessageContaining("substitutes no variables")
                .hasMessageContaining("write the value itself, or '$$");
    }

    @Test
    void dollarSignsInAPolicyFileAreLeftAlone() {
        var problems = new ArrayList<Problem>();

        assertThat(YamlDocument.read("/p.yaml", "path: /srv/${x}$$", problems)
                        .flatMap(YamlValue::mapping)
                        .flatMap(fields -> fields.take("path"))
                        .flatMap(YamlValue::text))
                .contains("/srv/${x}$$");
        assertThat(problems).isEmpty();
    }

    @Test
    void aHealthcheckStartsAfterItsIntervalOrItsStartInterval() {
        ProbeSpec plain =
                service("healthcheck: {test: [CMD, x], retries: 1}").readiness().orElseThrow();
        assertThat(plain.initialDelay()).isEqualTo(plain.period()).isEqualTo(Duration.ofSeconds(30));
        assertThat(plain.failures()).isEqualTo(1);

        ProbeSpec starting = service("healthcheck: {test: [CMD, x], interval: 1m, start_period: 20s}")
                .readiness()
                .orElseThrow();
        assertThat(starting.initialDelay()).as("Compose's start_interval").isEqualTo(Duration.ofSeconds(5));
        assertThat(starting.period()).isEqualTo(Duration.ofMinutes(1));
        ProbeSpec.Healthcheck check = starting.healthcheck().orElseThrow();
        assertThat(check.isStarting(Duration.ofSeconds(19), false)).isTrue();
        assertThat(check.isStarting(Duration.ofSeconds(19), true)).isFalse();
        assertThat(check.isStarting(Duration.ofSeconds(20), false)).isFalse();
    }

    @Test
    void theLongFormOfDependenciesIsAcceptedWhereItMeansTheSame() {
        assertThat(service(fleet("""
                                        name: shop
                                        services:
                                          db: {command: [x]}
                                          web:
                                            command: [x]
                                            depends_on: {db: {condition: service_started, required: true, restart: false}}
                                        """), "web").dependsOn()).isEqualTo(Map.of("db", Condition.STARTED));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "command: npm start                   | 'command' is a list of words here, because no shell reads it; write command: [npm, start]",
                "command: node server.js --port 80    | write command: [node, server.js, \"--port\", \"80\"]",
                "command: a && b                      | write command: [/bin/sh, -c, 'a && b']",
                "command: echo 'a b'                  | write command: [/bin/sh, -c, 'echo ''a b''']",
                "command: ['']                        | a command is needed",
                "environment: [A=b, C]                | 'environment' is a mapping here, not a list; write environment: {A: \"b\"}",
                "environment: [C]                     | write environment: {C: value}",
                "environment: [C=]                    | write environment: {C: value}",
                "environment: [{a: b}]                | write environment: {NAME: \"value\"}",
                "environment: [[a]]                   | write environment: {NAME: \"value\"}",
                "environment: [null]                  | write environment: {NAME: \"value\"}",
                "environment: []                      | write environment: {NAME: \"value\"}",
                "environment: A=b                     | expected fields, found 'A=b'",
                "environment: {A: }                   | 'A' has no value: Compose would pass the host's",
                "volumes: ['./data:/data']            | volumes: './data:/data' begins with a relative path; write '/f/data:/data', or declare volumes: {data: {path: ./data}}",
                "volumes: ['../data:/data:ro']        | write '/data:/data:ro'",
                "volumes: ['~/data:/data']            | '~' is not expanded here; write the absolute path",
                "volumes: [{type: bind, source: ./d, target: /d}] | write '/f/d'",
                "volumes: [/data]                     | write 'data:/data' for a volume",
                "volumes: data:/data                  | expected a list, found 'data:/data'; write ['data:/data']",
                "secrets: [':db']                     | ':db' is not a secret; write /host/file:name",
                "secrets: [db-password]               | write the file and the secret's name: 'keys/db-password:db-password'",
                "scale: 3                             | 'scale' is not accepted: write replicas: 3",
                "links: [db]                          | services of one network find each other by name",
                "expose: [80]                         | 'expose' is not accepted: leave it out",
                "entrypoint: /x                       | write it as the first words of command",
                "env_file: .env                       | write the variables as environment:",
                "env-file: .env                       | 'env-file' is not accepted",
                "container_name: x                    | replicas are named by their fleet and service",
                "networks: [a]                        | joins the network 'a', which 'networks' does not declare",
                "profiles: [a]                        | leave a service out",
                "extends: a                           | x-common: &common",
                "labels: {a: b}                       | use a field that begins with x-",
                "shm_size: 64m                        | write tmpfs: [\"/dev/shm:64M\"]",
                "group_add: [video]                   | write groups:",
                "groups: [video]                      | 'groups' are supplementary groups of a user",
                "ulimits: {nofile: {soft: 1, hard: 2}} | one number here",
                "ulimits: {nproc: 5}                  | write pids: 64",
                "ulimits: {memlock: -1}               | 'memlock' is not accepted: write memory: 512M beside ulimits: to limit the container's memory",
                "ulimits: {core: 0}                   | unknown field 'core'",
                "deploy: {restart_policy: {condition: any}} | write restart: beside deploy:",
                "deploy: {update_config: {parallelism: 1}} | rolling updates are not supported yet",
                "deploy: {rollback_config: {parallelism: 1}} | 'rollback_config' is not accepted: rolling updates are not supported yet",
                "deploy: {placement: {max_replicas_per_node: 1}} | 'placement' is not accepted: everything runs on this host",
                "deploy: {endpoint_mode: dnsrr}       | 'endpoint_mode: dnsrr' is not accepted: a published port is balanced over all replicas",
                "deploy: {labels: {a: b}}             | 'labels' is not accepted: use a field that begins with x-",
                "deploy: {resources: {reservations: {memory: 1G}}} | 'reservations' is not accepted: Nucleus reserves no resources; write limits:",
                "deploy: {resources: {limits: {devices: 1}}} | unknown field 'devices'; known here: cpus, memory, pids",
                "deploy: {resources: {limit: {}}}     | unknown field 'limit'; did you mean 'limits'?",
                "cap_drop: ALL                        | expected a list, found 'ALL'; write ['ALL']",
                "restart: on-failure:0                | write on-failure for restarts without a limit, or never",
                "memory: 64                           | memory: '64' is 64 bytes, and the minimum is 1M; write the unit too, such as 64M",
                "mem_limit: 1000000                   | the minimum is 1M",
                "memory: 512K                         | the minimum is 1M; write 1M or more",
                "memory: 512 MB                       | such as 512M",
                "tmpfs: ['/x:64']                     | tmpfs: '64' is 64 bytes, and the minimum is 4K; write the unit too, such as 64M",
                "tmpfs: [{target: /x, size: 64}]      | size: '64' is 64 bytes",
                "home: 64                             | home: '64' is 64 bytes",
                "overlay: 256                         | overlay: '256' is 256 bytes",
                "swap: 64                             | swap: '64' is 64 bytes",
                "io: ['8:0 rbps=10']                  | io: '10' is 10 bytes",
                "healthcheck: {test: ''}              | 'test' is empty",
                "healthcheck: {test: '  '}            | 'test' is empty",
                "healthcheck: {test: []}              | 'test' begins with CMD",
                "healthcheck: {test: [CMD-SHELL]}     | 'test' is empty",
                "healthcheck: {test: [CMD-SHELL, '']} | 'test' is empty",
                "healthcheck: {test: [CMD-SHELL, curl, -f]} | CMD-SHELL takes one line, such as [CMD-SHELL, 'curl -f']",
                "healthcheck: {test: [CMD, '']}       | needs a command",
                "healthcheck: {test: [NONE, x]}       | stands alone",
                "healthcheck: {test: x, retries: 0}   | retries is at least 1",
                "healthcheck: {test: x, start_interval: 0s} | start_interval is at least 10ms",
                "readiness: {exec: ['']}              | needs a command",
                "readiness: {exec: pg_isready -q}     | write exec: [pg_isready, \"-q\"]",
                "stop: {before: drain now}            | write before: [drain, now]",
                "stop: {before: ['']}                 | before needs a command",
                "stop: {grace: 999999d}               | '999999d' is longer than 36500d",
                "stop_grace_period: 36501d            | is longer than 36500d",
                "liveness: {tcp: 80, periodSeconds: 999999999999} | is longer than 36500d",
                "liveness: {tcp: 80, initialDelaySeconds: -5} | is not a number of seconds",
                "restart: {policy: always, backoff: {reset-after: 999999h}} | is longer than 36500d",
                "depends_on: {db: {condition: service_started, required: false}} | 'required: false' is not accepted",
                "depends_on: {db: {condition: service_started, restart: true}} | 'restart: true' is not accepted",
                "command: !secret x                   | unknown tag '!secret'",
                "command: [!include x]                | unknown tag '!include'",
                "memory: !!null 512M                  | unknown tag '!!null'",
                "environment: !override {A: b}        | unknown tag '!override'",
                "environment: {A: !!binary aGk=}      | unknown tag '!!binary'",
                "environment: !!seq {A: b}            | unknown tag '!!seq'",
                "volumes: !!map [a]                   | unknown tag '!!map'",
                "environment: {!x A: b}               | unknown tag '!x'",
            })
    void refusedFieldsSayWhatToWriteInstead(String fields, String answer) {
        String command = fields.startsWith("command") ? "" : "command: [/bin/web]\n".indent(4);

        assertThatThrownBy(() -> fleet(
                        "name: shop\nservices:\n  web:\n" + command + fields.indent(4) + "  db: {command: [x]}\n"))
                .isInstanceOf(InvalidFleetException.class)
                .hasMessageStartingWith("/f/shop.yaml:")
                .hasMessageContaining(answer);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "version: '3'       | 'version' is not accepted: leave it out",
                "secrets: {a: {file: x}} | name the file where a service uses it",
                "configs: {a: {file: x}} | mount the file as a volume",
                "include: [a.yaml]  | put the files into the folder",
            })
    void refusedTopLevelFieldsSayWhatToDoInstead(String field, String answer) {
        assertThatThrownBy(() -> fleet("name: shop\n" + field + "\nservices: {web: {command: [x]}}\n"))
                .hasMessageContaining("/f/shop.yaml:2:1: ")
                .hasMessageContaining(answer);
    }

    @Test
    void namesBeginningWithXAreKeptWhereUsersChooseTheNames() {
        FleetSpec fleet = fleet("""
                name: shop
                x-common: {any: thing}
                volumes: {x-data: {path: /srv/x, x-note: mine}}
                services:
                  x-web:
                    x-note: mine
                    command: [/bin/web]
                    volumes: ["x-data:/data"]
                    readiness: {http: {port: 80, headers: {x-forwarded-proto: https, X-A: b}, x-note: mine}}
                  web: {command: [/bin/web], depends-on: {x-web: healthy}}
                """);

        assertThat(fleet.volumes()).containsKey("x-data");
        assertThat(fleet.services()).containsOnlyKeys("x-web", "web");
        assertThat(service(fleet, "x-web").readiness().orElseThrow().probe())
                .isInstanceOfSatisfying(
                        Probe.Http.class,
                        http -> assertThat(http.headers()).isEqualTo(Map.of("x-forwarded-proto", "https", "X-A", "b")));
        assertThat(service(fleet, "web").dependsOn()).isEqualTo(Map.of("x-web", Condition.HEALTHY));
        assertThatThrownBy(() -> service("environment: {x-a: b}"))
                .as("not dropped")
                .hasMessageContaining("'x-a' can't name");
    }

    @Test
    void yamlsOwnTagsAndQuotedTagsAreAccepted() {
        assertThat(command("[! sh, !!str 5, \"!secret\"]")).containsExactly("sh", "5", "!secret");
        assertThat(service("environment: !!map {A: b}\nvolumes: !!seq []")
                        .container()
                        .env())
                .isEqualTo(Map.of("A", "b"));
    }

    @Test
    void theNumberOfReplicasMayBeInDeploy() {
        assertThat(service("deploy: {replicas: 4}").replicas()).isEqualTo(4);
        assertThat(service("x-a: b").replicas()).isEqualTo(1);
    }

    @Test
    void composesFieldsForAStopMeanTheSame() {
        assertThat(service("stop_signal: SIGQUIT\nstop_grace_period: 1m").stop())
                .isEqualTo(new StopSpec(Signal.parse("QUIT"), Duration.ofMinutes(1)));
        assertThat(service("stop_signal: SIGQUIT").stop())
                .isEqualTo(new StopSpec(Signal.parse("QUIT"), Duration.ofSeconds(10)));
        assertThat(service("stop_grace_period: 1m").stop()).isEqualTo(new StopSpec(Signal.TERM, Duration.ofMinutes(1)));
        assertThat(service("x-a: b").stop()).isEqualTo(new StopSpec(Signal.TERM, Duration.ofSeconds(10)));
    }

    @Test
    void environmentMayBeWrittenEnv() {
        assertThat(service("env: {A: b}").container().env()).isEqualTo(Map.of("A", "b"));
    }
}
