package dev.nucleus.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.nucleus.rootfs.RootfsBuilder;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.NetworkNamespace;
import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.Driver;
import org.slf4j.LoggerFactory;

/**
 * PostgreSQL, a JVM service with a connection pool in two replicas, and nginx in front of it, in production mode from
 * attested root filesystems: a system that serves clients of another host while its replicas are restarted.
 */
@Tag("isolation")
@RunsConcurrently
class RealServicesTest {

    private static final Path POSTGRES = Path.of("/usr/lib/postgresql/15");
    private static final Path JAVA = Path.of(System.getProperty("java.home"));
    private static final Duration AMPLE = Duration.ofMinutes(2);

    /**
     * Answers with a row of the database. After SIGTERM it serves for longer than nginx keeps an answer of the resolver.
     */
    private static final String API = """
            import com.sun.net.httpserver.HttpServer;
            import com.zaxxer.hikari.HikariConfig;
            import com.zaxxer.hikari.HikariDataSource;
            import java.net.InetSocketAddress;
            import java.util.concurrent.Executors;

            public class Api {
                public static void main(String[] arguments) throws Exception {
                    var config = new HikariConfig();
                    config.setJdbcUrl("jdbc:postgresql://db:5432/postgres");
                    config.setUsername("postgres");
                    config.setMaximumPoolSize(4);
                    var pool = new HikariDataSource(config);
                    var server = HttpServer.create(new InetSocketAddress(8080), 100);
                    server.setExecutor(Executors.newFixedThreadPool(8));
                    server.createContext("/", exchange -> {
                        // The server honours it, but doesn't say so to the client, which would send another request.
                        if ("close".equals(exchange.getRequestHeaders().getFirst("Connection"))) {
                            exchange.getResponseHeaders().set("Connection", "close");
                        }
                        try (var connection = pool.getConnection();
                                var rows = connection.createStatement().executeQuery("select 6 * 7")) {
                            rows.next();
                            byte[] body = ("answer " + rows.getInt(1)).getBytes();
                            exchange.sendResponseHeaders(200, body.length);
                            exchange.getResponseBody().write(body);
                            exchange.getResponseBody().close();
                        } catch (Exception e) {
                            e.printStackTrace();
                            exchange.sendResponseHeaders(500, -1);
                        }
                    });
                    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                        try { Thread.sleep(2500); } catch (InterruptedException e) { }
                        server.stop(2);
                    }));
                    server.start();
                }
            }
            """;

    private static final String NGINX = """
            worker_processes 1; daemon off; pid /tmp/nginx.pid; error_log stderr;
            events { worker_connections 256; }
            http {
              access_log off; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f;
              uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
              resolver 10.42.7.1 valid=1s ipv6=off;
              server {
                listen 8080;
                location / {
                  set $api api;
                  proxy_pass http://$api:8080;
                  proxy_connect_timeout 1s;
                  proxy_next_upstream error timeout http_500;
                }
              }
            }
            """;

    private static final String FLEET = """
            name: shop
            volumes: {data: }
            networks: {inside: {subnet: 10.42.7.0/24, ipv6: false}}
            x-common: &common {mode: production, memory: 512M, cpus: 2, networks: [inside]}
            services:
              init:
                <<: *common
                networks: []
                rootfs: DIR/postgres
                command: [/bin/sh, -c, 'test -e /data/PG_VERSION || PG/bin/initdb -D /data -A trust --locale=C --no-sync']
                job: true
                user: "postgres:postgres"
                volumes: ["data:/data"]
                seccomp: database
              db:
                <<: *common
                rootfs: DIR/postgres
                command: [PG/bin/postgres, -D, /data, -k, /tmp, -c, "listen_addresses=*", -c, hba_file=/srv/pg_hba.conf]
                user: "postgres:postgres"
                volumes: ["data:/data", "DIR/pg_hba.conf:/srv/pg_hba.conf:ro"]
                seccomp: database
                accept-from: [api]
                depends-on: {init: completed}
                readiness: {exec: [PG/bin/pg_isready, -h, /tmp], period: 200ms, timeout: 5s}
                stop: {signal: INT, grace: 30s}
              api:
                <<: *common
                rootfs: DIR/java
                replicas: 2
                command: [JAVA/bin/java, -Xmx128m, -XX:+UseSerialGC, -cp, "/srv/lib/*:/srv/classes", Api]
                user: "4711:4711"
                volumes: ["DIR/lib:/srv/lib:ro", "DIR/classes:/srv/classes:ro"]
                seccomp: jvm
                ports: ["192.168.7.1:8081:8080"]
                depends-on: {db: healthy}
                readiness: {http: 8080, period: 200ms, timeout: 5s}
                stop: {grace: 20s}
              front:
                <<: *common
                rootfs: DIR/nginx
                command: [/usr/sbin/nginx, -c, /srv/nginx.conf]
                user: "4712:4712"
                volumes: ["DIR/nginx.conf:/srv/nginx.conf:ro"]
                seccomp: network-server
                ports: ["192.168.7.1:80:8080"]
                accept-from: []
                depends-on: {api: healthy}
                readiness: {http: 8080, period: 200ms, timeout: 5s}
            """;

    @TempDir
    private Path directory;

    private static Path jarOf(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    private void buildRoots() {
        List<Path> postgres = Stream.of("postgres", "initdb", "pg_isready")
                .map(POSTGRES.resolve("bin")::resolve)
                .toList();
        var programs = new ArrayList<>(postgres);
        programs.add(Path.of("/bin/sh"));
        RootfsBuilder.build(
                directory.resolve("postgres"),
                programs,
                List.of(POSTGRES.resolve("lib"), Path.of("/usr/share/postgresql/15"), Path.of("/usr/share/zoneinfo")),
                List.of(new RootfsBuilder.User("postgres", 26_001, 26_001)));
        RootfsBuilder.build(directory.resolve("java"), List.of(JAVA.resolve("bin/java")), List.of(JAVA), List.of());
        RootfsBuilder.build(
                directory.resolve("nginx"),
                List.of(Path.of("/usr/sbin/nginx")),
                List.of(Path.of("/var/log/nginx"), Path.of("/var/lib/nginx")),
                List.of());
    }

    private void buildApi() throws Exception {
        Path lib = Files.createDirectories(directory.resolve("lib"));
        for (Class<?> type : List.of(HikariDataSource.class, Driver.class, LoggerFactory.class)) {
            Path jar = jarOf(type);
            Files.copy(jar, lib.resolve(jar.getFileName()));
        }
        Path classes = Files.createDirectories(directory.resolve("classes"));
        Path source = Files.writeString(directory.resolve("Api.java"), API);
        int code = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "-cp",
                        jarOf(HikariDataSource.class).toString(),
                        "-d",
                        classes.toString(),
                        source.toString());
        assertThat(code).isZero();
    }

    private static void awaitReady(ManagerProcess manager, String replica) {
        try {
            Awaitility.await()
                    .atMost(AMPLE)
                    .until(() -> manager.nucleus("ps")
                            .out()
                            .lines()
                            .anyMatch(line -> line.contains(replica + " ") && line.contains("  ready ")));
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(manager.nucleus("ps", "-a", "--no-trunc").out() + manager.log(), e);
        }
    }

    /** The load's report, which must name no failure. */
    private static void assertNoFailure(String report) {
        assertThat(report)
                .contains("Requests/sec")
                .doesNotContain("Socket errors")
                .doesNotContain("Non-2xx");
    }

    @Test
    @Timeout(300)
    void aSystemOfThreeServicesServesWhileItsReplicasAreRestarted() throws Exception {
        Requires.root();
        Requires.program(POSTGRES + "/bin/postgres", "postgresql-15");
        Requires.program("/usr/sbin/nginx", "nginx");
        Requires.program("/usr/bin/wrk", "wrk");
        directory = directory.toRealPath();
        Files.setAttribute(directory, "unix:mode", 0755);
        buildRoots();
        buildApi();
        Files.writeString(directory.resolve("nginx.conf"), NGINX);
        Files.writeString(
                directory.resolve("pg_hba.conf"),
                "local all all trust\nhost all all samenet trust\nhost all all 10.42.7.0/24 trust\n");
        Files.writeString(
                directory.resolve("fleet.yaml"),
                FLEET.replace("DIR", directory.toString())
                        .replace("PG/", POSTGRES + "/")
                        .replace("JAVA/", JAVA + "/"));
        try (NetworkNamespace host = NetworkNamespace.create();
                NetworkNamespace outside = NetworkNamespace.create()) {
            host.connect(outside, "up0", "192.168.7.1/24", "192.168.7.2/24");
            try (ManagerProcess manager = ManagerProcess.in(host, directory, "--nucleus.network.ip-forward=true")
                    .awaitReady()) {
                awaitReady(manager, "shop/front-1");
                assertThat(outside.http("http://192.168.7.1/")).isEqualTo("answer 42");
                assertThat(outside.http("http://192.168.7.1:8081/")).isEqualTo("answer 42");

                serveWhileRestarting(manager, outside);
            }
        }
    }

    private static void serveWhileRestarting(ManagerProcess manager, NetworkNamespace outside) {
        var restarts = CompletableFuture.runAsync(() -> {
            for (String replica : List.of("shop/api-1", "shop/api-2")) {
                assertThat(manager.nucleus("restart", replica).code()).isZero();
                awaitReady(manager, replica);
            }
        });
        var reports = new ArrayList<String>();
        do {
            reports.add(outside.script("wrk -t1 -c4 -d3 -H 'Connection: close' http://192.168.7.1:8081/"));
            reports.add(outside.script("wrk -t1 -c4 -d3 http://192.168.7.1/"));
        } while (!restarts.isDone());
        restarts.join();

        reports.forEach(RealServicesTest::assertNoFailure);
    }
}
