package dev.nucleus.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.SocketHttp;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Details are for users who may command the manager, not for everyone who can reach its port. */
@Tag("isolation")
class DetailsTest {

    @SharedManager(
            fleet = """
                name: shop
                services: {web: {command: [/bin/sleep, "1000"]}}
                health: {traffic: [web]}
                """,
            settings = {"--management.endpoint.health.show-details=when-authorized"})
    private static TestManager manager;

    @BeforeAll
    static void start() {
        manager.await("shop/web-1", ReplicaStatus.RUNNING);
    }

    private static Path socket() {
        return manager.directory().resolve("run/http.sock");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/actuator/health",
                "/actuator/health/shop",
                "/actuator/health/shop-web",
                "/actuator/health/shop/web/web-1",
                "/actuator/health/fleets/shop/web/web-1"
            })
    void healthShowsTheStatusToAllAndDetailsToTheManagersUser(String path) throws IOException {
        assertThat(manager.get(path).statusCode()).isEqualTo(200);
        assertThat(manager.get(path).body())
                .contains("\"status\":\"UP\"")
                .doesNotContain("cause")
                .doesNotContain("container");

        SocketHttp.Answer answer = SocketHttp.get(socket(), path);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).contains("\"cause\":\"running; not checked by a probe\"", "\"checked\":false");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/actuator/fleets",
                "/actuator/fleets/shop",
                "/actuator/fleets/",
                "/actuator/%66leets",
                "/actuator//fleets",
                "/actuator/./fleets",
                "/actuator/fleets;a=b",
                "/actuator;a=b/fleets",
                "/actuator/auditevents",
                "/actuator/auditevents?type=container-start"
            })
    void endpointsWithOnlyDetailsAreRefusedOverTcp(String path) {
        assertThat(manager.get(path).statusCode()).isBetween(400, 499);
        assertThat(manager.get(path).body()).doesNotContain("shop/web-1");
    }

    @Test
    void aRefusalNamesTheUnixSocket() {
        assertThat(manager.get("/actuator/fleets").statusCode()).isEqualTo(403);
        assertThat(manager.get("/actuator/fleets").body())
                .contains("curl --unix-socket <run-dir>/http.sock http://localhost/actuator/fleets");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/actuator/fleets", "/actuator/fleets/shop", "/actuator/auditevents"})
    void endpointsWithOnlyDetailsAnswerOnTheUnixSocket(String path) throws IOException {
        SocketHttp.Answer answer = SocketHttp.get(socket(), path);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).contains("shop/web-1");
    }

    @Test
    void onlyTheManagersUserCanConnectToTheUnixSocket() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket().getParent())))
                .isEqualTo("rwx------");
    }
}
