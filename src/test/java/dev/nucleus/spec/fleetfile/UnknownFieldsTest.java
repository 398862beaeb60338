package dev.nucleus.spec.fleetfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.FleetSpec;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An unknown field is a mistake in every mapping: a misspelt limit must not become a missing limit. */
class UnknownFieldsTest {

    private static FleetSpec read(String text) {
        return FleetReader.readText(Path.of("/shop.yaml"), text, FleetReader.Checks.NONE);
    }

    /** An unknown field is inserted at the mark {@code &}; without it, each text is valid. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "context: {&path: ./src}",
                "home: {&size: 1M}",
                "log: {&rate: 1M, overflow: drop}",
                "volumes: [{&source: /a, target: /b}]",
                "volumes: [{type: tmpfs, target: /b, tmpfs: {&size: 1M}}]",
                "volumes: [{&type: tmpfs, target: /b}]",
                "tmpfs: [{&target: /scratch}]",
                "landlock: {&file: a.json}",
                "secrets: [{&source: /a, target: b}]",
                "secrets: [{&systemd-credential: b}]",
                "workspace: {&path: ./work}",
                "user-namespace: {&uids: ['0:100000:65536'], gids: ['0:100000:65536']}",
                "restart: {&policy: always}",
                "restart: {policy: always, backoff: {&from: 1s}}",
                "stop: {&grace: 1s}",
                "readiness: {&tcp: 80}",
                "readiness: {tcp: {&port: 80}}",
                "readiness: {exec: {&command: [a]}}",
                "readiness: {grpc: {&port: 80}}",
                "readiness: {http: {&port: 80}}",
                "readiness: {http: {port: 80, headers: [{&name: A, value: b}]}}",
                "readiness: {actuator: {&port: 80}}",
                "liveness: {tcp: 80, then: {&signal: HUP}}",
                "healthcheck: {&test: [CMD, a]}",
                "&memory: 64M"
            })
    void unknownFieldsOfAServiceAreRefused(String fields) {
        check("name: shop\nservices: {web: {command: [/w], " + fields + "}}\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "&name: shop, services: {web: {command: [/w]}}",
                "name: shop, services: {web: {command: [/w]}}, health: {&critical: [web]}",
                "name: shop, services: {web: {command: [/w]}}, health: {objective: {&availability: 99%, over: 30d}}",
                "name: shop, services: {web: {command: [/w]}}, volumes: {data: {&path: data}}",
                "name: shop, services: {db: {command: [/w], readiness: {tcp: 1}}, web: {command: [/w], depends-on: {db: "
                        + "{&condition: service_healthy}}}}"
            })
    void unknownFieldsOfAFleetAreRefused(String fields) {
        check("{" + fields + "}\n");
    }

    private static void check(String marked) {
        int mark = marked.indexOf('&');
        String valid = marked.substring(0, mark) + marked.substring(mark + 1);
        String mistaken = marked.substring(0, mark) + "nosuch: 1, " + marked.substring(mark + 1);
        assertThat(read(valid).services()).isNotEmpty();

        assertThatThrownBy(() -> read(mistaken))
                .isInstanceOfSatisfying(
                        InvalidFleetException.class,
                        e -> assertThat(e.problems()).singleElement().satisfies(problem -> {
                            assertThat(problem.message()).contains("nosuch");
                            assertThat(problem.column()).isEqualTo(mark - marked.lastIndexOf('\n', mark));
                        }));
    }
}
