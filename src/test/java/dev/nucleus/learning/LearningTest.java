package dev.nucleus.learning;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.container.Traces;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.policy.SeccompProfiles;
import dev.nucleus.rootfs.RootfsBuilder;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.Port;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.User;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real services, traced once, run under load in production mode with the learnt policy, without one denial. */
@Tag("isolation")
class LearningTest {

    private static final Path POSTGRES = Path.of("/usr/lib/postgresql/15/bin");
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private static Path files;

    @SharedManager
    private static TestManager manager;

    private static Container launch(ContainerSpec.Builder spec) {
        return manager.containers().launch(LaunchOrder.detached(spec.build()));
    }

    private static void end(Container container, Signal signal) {
        assertThat(manager.containers()
                        .stop(container, new StopSpec(signal, Duration.ofSeconds(30)))
                        .status()
                        .orElseThrow()
                        .code())
                .isZero();
    }

    private static LearntPolicy learn(Container traced) throws IOException {
        Traces.Traced record = manager.traces().of(traced);
        return Learning.learn(
                "learnt",
                Trace.read(List.of(record.record())),
                record.root(),
                record.writableTargets(),
                manager.calls()::name);
    }

    /** The traced workload, but in production mode and with the policy as read from its files. */
    private static ContainerSpec.Builder confined(ContainerSpec.Builder spec, LearntPolicy policy, Path folder)
            throws IOException {
        Files.createDirectories(folder);
        Path seccomp = Files.writeString(folder.resolve("seccomp.json"), PolicyTexts.seccomp(policy.seccomp()));
        Path landlock = Files.writeString(folder.resolve("landlock.yaml"), PolicyTexts.landlock(policy.landlock()));
        Path capabilities =
                Files.writeString(folder.resolve("capabilities.yaml"), PolicyTexts.capabilities(policy.capabilities()));
        return spec.mode(Mode.PRODUCTION)
                .trace(false)
                .seccomp(new PolicySource.File(seccomp, Optional.empty()))
                .landlock(Optional.of(new PolicySource.File(landlock, Optional.empty())))
                .capabilityPolicy(Optional.of(new PolicySource.File(capabilities, Optional.empty())));
    }

    private static long allowed(SeccompProfile profile) {
        return profile.rules().stream()
                .filter(rule -> rule.errno().isEmpty())
                .flatMap(rule -> rule.names().stream())
                .distinct()
                .count();
    }

    private static String get(Container container, String path) throws IOException {
        try (SocketChannel channel = container.shim().dial(new Port(8080), Duration.ofSeconds(5))) {
            channel.write(ByteBuffer.wrap(("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer answer = ByteBuffer.allocate(4096);
            while (answer.hasRemaining() && channel.read(answer) >= 0) {
                Thread.onSpinWait();
            }
            return new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII);
        }
    }

    private static void serve(Container nginx, int requests) {
        Awaitility.await()
                .atMost(LONG)
                .ignoreExceptions()
                .until(() -> get(nginx, "/").contains("hello"));
        for (int i = 0; i < requests; i++) {
            try {
                assertThat(get(nginx, "/index.html")).contains("200 OK").contains("hello");
                assertThat(get(nginx, "/missing")).contains("404 Not Found");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Each signal may come while the program returns from the handler of the one before. */
    @Test
    void aTracedProgramSurvivesManySignals() {
        Requires.program("/usr/bin/perl", "perl");
        String program = """
                $SIG{USR1} = sub { $signals++ };
                my $parent = $$;
                for (1..3) {
                    next if fork;
                    kill USR1 => $parent for 1..5000;
                    exit 0;
                }
                for (my $ended = 0; $ended < 3; ) {
                    $ended++ if waitpid(-1, 0) > 0;
                }
                exit($signals > 0 ? 0 : 1);
                """;

        Container traced = launch(ContainerSpec.builder(Mode.AGENT, List.of("/usr/bin/perl", "-e", program))
                .trace(true));

        assertThat(traced.end()
                        .orTimeout(LONG.toSeconds(), TimeUnit.SECONDS)
                        .join()
                        .status()
                        .orElseThrow()
                        .code())
                .isZero();
    }

    @Test
    void nginxRunsInProductionWithItsLearntPolicy() throws IOException {
        Requires.program("/usr/sbin/nginx", "nginx");
        Path top = files.toRealPath();
        Path site = Files.createDirectories(top.resolve("site"));
        Files.writeString(site.resolve("index.html"), "hello\n");
        Files.writeString(site.resolve("nginx.conf"), """
                daemon off; pid /tmp/nginx.pid; worker_processes 2; events { worker_connections 64; }
                http {
                  access_log /dev/stdout; client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy;
                  fastcgi_temp_path /tmp/fastcgi; uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
                  server { listen 127.0.0.1:8080; root /srv/site; }
                }
                """);
        Path rootfs = top.resolve("nginx");
        RootfsBuilder.build(
                rootfs,
                List.of(Path.of("/usr/sbin/nginx")),
                List.of(),
                List.of(new RootfsBuilder.User("web", 26_002, 26_002)));
        ContainerSpec.Builder spec = ContainerSpec.builder(
                        Mode.AGENT, List.of("/usr/sbin/nginx", "-e", "stderr", "-c", "/srv/site/nginx.conf"))
                .rootfs(Optional.of(rootfs))
                .user(Optional.of(User.parse("web:web")))
                .volumes(List.of(new VolumeMount(site.toString(), "/srv/site", true)))
                .memory(Optional.of(MemorySize.parse("128M")))
                .cpus(Optional.of(new Cpus(2)));

        Container traced = launch(spec.trace(true));
        serve(traced, 3);
        end(traced, Signal.parse("QUIT"));
        LearntPolicy policy = learn(traced);
        Container confined = launch(confined(spec, policy, top.resolve("policy")));
        serve(confined, 100);

        assertThat(manager.denials().of(confined)).isEmpty();
        assertThat(policy.landlock().bind()).contains(List.of(new Port(8080)));
        assertThat(policy.landlock().connect()).contains(List.of());
        long shut = allowed(SeccompProfiles.named("network-server")) - allowed(policy.seccomp());
        System.out.println("learnt nginx: " + allowed(policy.seccomp()) + " system calls, " + shut
                + " of the profile network-server are shut; "
                + policy.landlock().rules().size() + " rules for files");
        assertThat(shut).isGreaterThan(100);
        end(confined, Signal.parse("QUIT"));
        assertThat(manager.denials().of(confined)).isEmpty();
        manager.containers().remove(traced);
        manager.containers().remove(confined);
    }

    private static void query(Container postgres, int times) throws IOException {
        Awaitility.await().atMost(LONG).until(() -> sql(postgres, "select 1").startsWith("1"));
        sql(postgres, "create table if not exists t (id int primary key, text text)");
        for (int i = 0; i < times; i++) {
            assertThat(sql(
                            postgres,
                            "begin; delete from t; insert into t select g, md5(g::text) from generate_series(1, 2000) g;"
                                    + " commit; select count(*), max(length(text)) from t order by 1"))
                    .contains("2000|32");
        }
        assertThat(sql(postgres, "checkpoint"))
                .as("%s", postgres.log().tail(30).lines())
                .doesNotContain("ERROR");
        assertThat(sql(postgres, "vacuum analyze t")).doesNotContain("ERROR");
    }

    private static String sql(Container postgres, String statement) throws IOException {
        return postgres.shim()
                .capture(
                        List.of(POSTGRES + "/psql", "-h", "/tmp", "-U", "postgres", "-Atc", statement),
                        Duration.ofSeconds(30))
                .output();
    }

    @Test
    void postgresRunsInProductionWithItsLearntPolicy() throws IOException {
        Requires.program(POSTGRES + "/postgres", "postgresql-15");
        Path top = files.toRealPath();
        Path data = Files.createDirectories(top.resolve("data"));
        Files.setAttribute(data, "unix:uid", 26_001);
        Files.setAttribute(data, "unix:gid", 26_001);
        Path rootfs = top.resolve("postgres");
        var programs = new ArrayList<Path>();
        for (String name : List.of("postgres", "initdb", "psql")) {
            programs.add(POSTGRES.resolve(name));
        }
        programs.add(Path.of("/bin/sh"));
        RootfsBuilder.build(
                rootfs,
                programs,
                List.of(
                        Path.of("/usr/lib/postgresql/15/lib"),
                        Path.of("/usr/share/postgresql/15"),
                        Path.of("/usr/share/zoneinfo")),
                List.of(new RootfsBuilder.User("postgres", 26_001, 26_001)));
        ContainerSpec.Builder spec = ContainerSpec.builder(
                        Mode.AGENT,
                        List.of(POSTGRES + "/initdb", "-D", "/data", "-A", "trust", "--locale=C", "--no-sync"))
                .rootfs(Optional.of(rootfs))
                .user(Optional.of(User.parse("postgres:postgres")))
                .volumes(List.of(new VolumeMount(data.toString(), "/data", false)))
                .seccomp("database")
                .memory(Optional.of(MemorySize.parse("512M")))
                .cpus(Optional.of(new Cpus(2)));
        assertThat(manager.run(spec.build()).code()).isZero();
        spec.command(List.of(POSTGRES + "/postgres", "-D", "/data", "-k", "/tmp", "-c", "listen_addresses=127.0.0.1"));

        Container traced = launch(spec.trace(true));
        query(traced, 1);
        end(traced, Signal.parse("INT"));
        LearntPolicy policy = learn(traced);
        Container confined = launch(confined(spec, policy, top.resolve("policy")));
        query(confined, 20);

        assertThat(manager.denials().of(confined)).isEmpty();
        long shut = allowed(SeccompProfiles.named("database")) - allowed(policy.seccomp());
        System.out.println("learnt PostgreSQL: " + allowed(policy.seccomp()) + " system calls, " + shut
                + " of the profile database are shut; "
                + policy.landlock().rules().size() + " rules for files");
        assertThat(shut).isGreaterThan(60);
        end(confined, Signal.parse("INT"));
        assertThat(manager.denials().of(confined)).isEmpty();
        manager.containers().remove(traced);
        manager.containers().remove(confined);
    }

    @Test
    void aJvmServiceRunsInProductionWithItsLearntPolicy() throws IOException {
        Path top = files.toRealPath();
        Path site = Files.createDirectories(top.resolve("pages"));
        Files.writeString(site.resolve("index.html"), "hello\n");
        Path jdk = Path.of(System.getProperty("java.home")).toRealPath();
        Path rootfs = top.resolve("jvm");
        RootfsBuilder.build(
                rootfs,
                List.of(jdk.resolve("bin/java")),
                List.of(jdk.resolve("lib"), jdk.resolve("conf")),
                List.of(new RootfsBuilder.User("web", 26_003, 26_003)));
        ContainerSpec.Builder spec = ContainerSpec.builder(
                        Mode.AGENT,
                        List.of(
                                jdk + "/bin/java",
                                "-m",
                                "jdk.httpserver",
                                "-b",
                                "127.0.0.1",
                                "-p",
                                "8080",
                                "-d",
                                "/srv/site"))
                .rootfs(Optional.of(rootfs))
                .user(Optional.of(User.parse("web:web")))
                .volumes(List.of(new VolumeMount(site.toString(), "/srv/site", true)))
                .memory(Optional.of(MemorySize.parse("512M")))
                .cpus(Optional.of(new Cpus(2)));

        Container traced = launch(spec.trace(true));
        serve(traced, 300);
        manager.containers().stop(traced, new StopSpec(Signal.parse("TERM"), Duration.ofSeconds(30)));
        LearntPolicy policy = learn(traced);
        Container confined = launch(confined(spec, policy, top.resolve("jvm-policy")));
        serve(confined, 1_000);

        assertThat(manager.denials().of(confined)).isEmpty();
        assertThat(policy.landlock().bind()).contains(List.of(new Port(8080)));
        long shut = allowed(SeccompProfiles.named("jvm")) - allowed(policy.seccomp());
        System.out.println("learnt JVM service: " + allowed(policy.seccomp()) + " system calls, " + shut
                + " of the profile jvm are shut; " + policy.landlock().rules().size() + " rules for files");
        assertThat(shut).isGreaterThan(60);
        manager.containers().stop(confined, new StopSpec(Signal.parse("TERM"), Duration.ofSeconds(30)));
        assertThat(manager.denials().of(confined)).isEmpty();
        manager.containers().remove(traced);
        manager.containers().remove(confined);
    }
}
