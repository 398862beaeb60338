package dev.nucleus.spec.fleetfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.GvisorPlatform;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.IoLimit;
import dev.nucleus.spec.Lockdown;
import dev.nucleus.spec.LogPolicy;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.Trust;
import dev.nucleus.spec.User;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every field of a launch is a field of the file; values out of range are refused. */
class ResourceFieldsTest {

    private static ContainerSpec read(String fields) {
        String text = "name: f\nservices:\n  s:\n    command: [x]\n" + fields.indent(4);
        return Objects.requireNonNull(FleetReader.readText(Path.of("/f/fleet.yaml"), text, FleetReader.Checks.NONE)
                        .services()
                        .get("s"))
                .container();
    }

    @Test
    void everyFieldIsRead() {
        ContainerSpec spec = read("""
                memory: 512M
                swap: 256M
                cpus: 1.5
                cpu-weight: 200
                io: ["8:0 rbps=10M wiops=50"]
                rootfs: root
                rootfs-sha256: "%s"
                seccomp: {file: policies/web.json, sha256: "%s"}
                landlock: policies/web.landlock.yaml
                capabilities: {file: policies/web.caps.yaml}
                lockdown: integrity
                trust: trusted
                secrets: ["keys/a:a", {source: keys/b, mode: "0440"}]
                time-namespace: true
                user-namespace: {uids: ["0:100000:65536"], gids: ["0:100000:65536"]}
                """.formatted("a".repeat(64), "b".repeat(64)));

        assertThat(spec.resources().swap()).contains(MemorySize.parse("256M"));
        assertThat(spec.resources().cpuWeight()).contains(200);
        assertThat(spec.resources().io()).containsExactly(IoLimit.parse("8:0 wiops=50 rbps=10M"));
        assertThat(spec.filesystem().rootfsSha256()).contains("a".repeat(64));
        assertThat(spec.security().seccomp())
                .isEqualTo(new PolicySource.File(Path.of("/f/policies/web.json"), Optional.of("b".repeat(64))));
        assertThat(spec.security().landlock())
                .contains(new PolicySource.File(Path.of("/f/policies/web.landlock.yaml"), Optional.empty()));
        assertThat(spec.security().capabilityPolicy()).isPresent();
        assertThat(spec.security().lockdown()).contains(Lockdown.INTEGRITY);
        assertThat(spec.security().timeNamespace()).isTrue();
        assertThat(spec.security().trust()).contains(Trust.TRUSTED);
        assertThat(spec.filesystem().secrets())
                .containsExactly(
                        new SecretMount("/f/keys/a", "/run/secrets/a", 0400),
                        new SecretMount("/f/keys/b", "/run/secrets/b", 0440));
        assertThat(spec.userNamespace())
                .isEqualTo(new UserNamespace.Explicit(
                        List.of(new UserNamespace.IdRange(0, 100_000, 65_536)),
                        List.of(new UserNamespace.IdRange(0, 100_000, 65_536))));
    }

    @Test
    void filesystemFieldsAreReadInTheirShortAndLongForms() {
        ContainerSpec spec = read("""
                rootfs: root
                overlay: 256M
                home: 128M
                context: {path: src, mode: bind}
                workspace: {path: work, access: copy-in-out, exec: true}
                secrets: [{systemd-credential: db-password, mode: "0440"}]
                runtime: gvisor
                gvisor-platform: ptrace
                """);

        assertThat(spec.filesystem().overlay()).contains(MemorySize.parse("256M"));
        assertThat(spec.filesystem().home()).isEqualTo(MemorySize.parse("128M"));
        assertThat(spec.filesystem().context()).contains(new ContextMount(Path.of("/f/src"), ContextMount.Mode.BIND));
        assertThat(spec.filesystem().workspace())
                .contains(new WorkspaceMount(Path.of("/f/work"), WorkspaceMount.Access.COPY_IN_OUT, true));
        assertThat(spec.filesystem().secrets())
                .containsExactly(new SecretMount("systemd:db-password", "/run/secrets/db-password", 0440));
        assertThat(spec.security().runtime()).contains(Runtime.GVISOR);
        assertThat(spec.security().gvisorPlatform()).contains(GvisorPlatform.PTRACE);
        assertThat(read("context: src\nworkspace: work").filesystem()).satisfies(filesystem -> {
            assertThat(filesystem.context()).contains(new ContextMount(Path.of("/f/src"), ContextMount.Mode.COPY));
            assertThat(filesystem.workspace())
                    .contains(new WorkspaceMount(Path.of("/f/work"), WorkspaceMount.Access.BIND_RW, true));
        });
    }

    @Test
    void aWorkspaceIsExecutableByDefaultOnlyInAgentMode() {
        for (String workspace : List.of("workspace: work", "workspace: {path: work}")) {
            assertThat(executable(workspace)).isTrue();
            assertThat(executable("mode: strict-agent\n" + workspace)).isFalse();
            assertThat(executable("mode: production\n" + workspace)).isFalse();
        }
        assertThat(executable("workspace: {path: work, exec: false}")).isFalse();
        assertThat(executable("mode: production\nworkspace: {path: work, exec: true}"))
                .isTrue();
    }

    private static boolean executable(String fields) {
        return read(fields).filesystem().workspace().orElseThrow().execute();
    }

    @Test
    void mountsAreReadInTheirShortAndLongForms() {
        Filesystem filesystem = read("""
                home: {size: 32M, exec: true}
                volumes:
                  - /srv/a:/a:ro,exec
                  - {type: bind, source: /srv/b, target: /b, read_only: true}
                  - {source: /srv/c, target: /c, exec: true}
                  - {type: tmpfs, target: /d, tmpfs: {size: 1M}, exec: true}
                tmpfs:
                  - /tmp:1G:exec
                  - {target: /e, size: 2M}
                """).filesystem();

        assertThat(filesystem.home()).isEqualTo(MemorySize.parse("32M"));
        assertThat(filesystem.homeExecute()).isTrue();
        assertThat(filesystem.volumes())
                .containsExactly(
                        new VolumeMount("/srv/a", "/a", true, true),
                        new VolumeMount("/srv/b", "/b", true, false),
                        new VolumeMount("/srv/c", "/c", false, true));
        assertThat(filesystem.tmpfs())
                .containsExactly(
                        new TmpfsMount("/d", MemorySize.parse("1M"), true),
                        new TmpfsMount("/tmp", MemorySize.parse("1G"), true),
                        new TmpfsMount("/e", MemorySize.parse("2M"), false));
        assertThat(read("home: 32M:exec").filesystem().homeExecute()).isTrue();
        assertThat(read("home: 32M").filesystem().homeExecute()).isFalse();
    }

    @Test
    void composesKeywordsMeanTheSame() {
        ContainerSpec spec = read("""
                mem_limit: 512M
                pids_limit: 64
                cap_add: [NET_BIND_SERVICE]
                cap_drop: [ALL]
                read_only: true
                ulimits: {nofile: 2048}
                security_opt: ["no-new-privileges:true", "seccomp=policies/web.json"]
                working_dir: /tmp
                """);

        assertThat(spec).isEqualTo(read("""
                        memory: 512M
                        pids: 64
                        capabilities: [NET_BIND_SERVICE]
                        open-files: 2048
                        seccomp: policies/web.json
                        workdir: /tmp
                        """));
        assertThat(read("deploy: {resources: {limits: {memory: 1G, cpus: \"0.5\", pids: 7}}}"))
                .isEqualTo(read("memory: 1G\ncpus: 0.5\npids: 7"));
    }

    @Test
    void aChangeKeepsEverythingElse() {
        ContainerSpec spec = read("memory: 512M\nseccomp: jvm\nvolumes: [/srv:/data]\nlockdown: confidentiality");

        assertThat(spec.change().build()).isEqualTo(spec);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "swap: 1M                        | swap needs a memory limit",
                "cpu-weight: 0                   | cpu-weight is 1 to 10000",
                "cpu-weight: 10001               | cpu-weight is 1 to 10000",
                "io: ['8:0 rbps=1M','8:0 wbps=1M'] | io names a device twice",
                "rootfs-sha256: abc              | rootfs-sha256 needs a rootfs",
                "seccomp: {file: x, sha256: abc} | is not a SHA-256",
                "trust: some                     | trusted or untrusted",
                "secrets: [{source: a, mode: 8}] | is not a file mode",
                "secrets: ['a:b/c']              | a file in /run/secrets",
                "lockdown: much                  | integrity or confidentiality",
                "volumes: ['/var/run/docker.sock:/d'] | would give the container root",
                "volumes: ['/run/containerd/containerd.sock:/d'] | would give the container root",
                "volumes: ['/srv:/run']          | volumes: '/srv:/run' would cover /run",
                "volumes: ['/srv:/proc/sys']     | lies in /proc",
                "volumes: ['/a:/x', '/b:/x']     | has the same target",
                "volumes: [{type: npipe, source: /a, target: /x}] | volume, bind or tmpfs",
                "volumes: [{source: /a, target: /x, z: true}] | unknown field 'z'",
                "tmpfs: [/run/secrets]           | tmpfs: '/run/secrets:64M' would cover /run/secrets",
                "tmpfs: ['/home/agent:1M:exec']  | write home:",
                "memswap_limit: 1G               | write swap:",
                "cpu_shares: 2                   | write cpu-weight: 100",
                "security_opt: ['seccomp:unconfined'] | would weaken",
                "security_opt: ['apparmor:x']    | would weaken",
                "devices: ['/dev/kvm:/dev/kvm']  | host devices",
                "read_only: false                | write overlay:",
                "deploy: {mode: global}          | unknown field 'mode'",
                "overlay: 1M                     | overlay needs a rootfs",
                "workspace: {path: w, access: rw} | bind-rw, bind-ro or copy-in-out",
                "context: {path: w, mode: rw}    | copy or bind",
                "workspace: /                    | root directory",
                "secrets: [{systemd-credential: ../x}] | names no credential",
                "runtime: docker                 | write native or gvisor",
                "gvisor-platform: fast           | write systrap, kvm or ptrace",
                "user-namespace: mine            | none, auto, keep-id, nomap",
                "user-namespace: {uids: ['0:1:2']} | gids needs a range",
                "user-namespace: {uids: ['0:1:2','1:9:2'], gids: ['0:1:2']} | overlap",
            })
    void invalidValuesAreRefused(String fields, String reason) {
        assertThatThrownBy(() -> read(fields))
                .isInstanceOf(InvalidFleetException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void twoNamesOfOneFieldAreRefused() {
        assertThatThrownBy(() -> read("mem_limit: 1G\nmemory: 2G")).hasMessageContaining("'memory' appears twice");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "8:0", "8 rbps=1", "8:0 rbps=0", "8:0 fbps=1", "8:0 rbps=1 rbps=2", "8:0 riops=1M"})
    void anInvalidDeviceLimitIsRefused(String text) {
        assertThatThrownBy(() -> IoLimit.parse(text)).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void aDeviceLimitIsWrittenAsTheKernelReadsIt() {
        assertThat(IoLimit.parse("8:16  wiops=50 rbps=10M")).hasToString("8:16 rbps=10485760 wiops=50");
    }

    @Test
    void switchesAndKeywordsAreRead() {
        ContainerSpec spec = read("""
                pids: 64
                log: {rate: 1M, overflow: drop}
                network: host
                trace: true
                init: false
                allow-degraded: true
                seccomp: jvm
                capabilities: [CAP_CHOWN, net_raw]
                user-namespace: nomap
                user: "70:80"
                groups: [video, "90"]
                """);

        assertThat(spec)
                .isEqualTo(ContainerSpec.builder(Mode.AGENT, List.of("x"))
                        .pids(64)
                        .log(new LogPolicy(MemorySize.parse("1M"), LogPolicy.Overflow.DROP))
                        .network(Network.HOST)
                        .trace(true)
                        .init(false)
                        .allowDegraded(true)
                        .seccomp("jvm")
                        .capabilities(List.of("CHOWN", "NET_RAW"))
                        .userNamespace(new UserNamespace.NoMap())
                        .user(Optional.of(new User("70", Optional.of("80"), List.of("video", "90"))))
                        .build());
        assertThat(read("log: {rate: 1M}").log())
                .isEqualTo(new LogPolicy(MemorySize.parse("1M"), LogPolicy.Overflow.BLOCK));
        assertThat(read("log: {overflow: drop}").log())
                .isEqualTo(new LogPolicy(MemorySize.parse("16M"), LogPolicy.Overflow.DROP));
    }

    @Test
    void aProfileWithADotOrASlashIsAFile() {
        assertThat(List.of("web.json", "policies/web", "jvm"))
                .extracting(name -> read("seccomp: " + name).security().seccomp())
                .containsExactly(
                        new PolicySource.File(Path.of("/f/web.json"), Optional.empty()),
                        new PolicySource.File(Path.of("/f/policies/web"), Optional.empty()),
                        new PolicySource.Named("jvm"));
    }
}
