package dev.nucleus.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContainerSpecTest {

    private static final String DIGEST = "0123456789abcdef".repeat(4);

    /** Every field differs from its default. */
    private static ContainerSpec.Builder everything() {
        return ContainerSpec.builder(Mode.AGENT, List.of("/bin/web"))
                .mode(Mode.PRODUCTION)
                .command(List.of("/bin/server", "--port", "8080"))
                .env(Map.of("LANG", "C", "PASSWORD", "secret"))
                .workdir(Optional.of("/srv"))
                .user(Optional.of(User.parse("70:80")))
                .userNamespace(new UserNamespace.Auto())
                .network(Network.HOST)
                .memory(Optional.of(MemorySize.parse("1G")))
                .swap(Optional.of(MemorySize.parse("2G")))
                .cpus(Optional.of(Cpus.parse("1.5")))
                .cpuWeight(Optional.of(200))
                .pids(64)
                .openFiles(2048)
                .io(List.of(IoLimit.parse("8:0 rbps=10M")))
                .rootfs(Optional.of(Path.of("/rootfs")))
                .rootfsSha256(Optional.of(DIGEST))
                .overlay(Optional.of(MemorySize.parse("256M")))
                .context(Optional.of(ContextMount.parse("/src")))
                .workspace(Optional.of(WorkspaceMount.parse("/work", Mode.PRODUCTION)))
                .home(MemorySize.parse("128M"))
                .homeExecute(true)
                .volumes(List.of(VolumeMount.parse("data:/data")))
                .tmpfs(List.of(TmpfsMount.parse("/scratch")))
                .secrets(List.of(SecretMount.parse("/keys/db:db")))
                .seccomp("jvm")
                .trace(true)
                .capabilities(List.of("CHOWN"))
                .landlock(Optional.of(new PolicySource.File(Path.of("/landlock.yaml"), Optional.empty())))
                .lockdown(Optional.of(Lockdown.INTEGRITY))
                .runtime(Optional.of(Runtime.GVISOR))
                .gvisorPlatform(Optional.of(GvisorPlatform.KVM))
                .trust(Optional.of(Trust.UNTRUSTED))
                .timeNamespace(true)
                .allowDegraded(true)
                .notification(Optional.of(new ServiceNotify(Optional.of(Duration.ofSeconds(10)))))
                .init(false)
                .log(new LogPolicy(MemorySize.parse("1M"), LogPolicy.Overflow.DROP));
    }

    @Test
    void everyFieldThatIsSetIsInTheSpec() {
        assertThat(everything().build())
                .isEqualTo(new ContainerSpec(
                        Mode.PRODUCTION,
                        List.of("/bin/server", "--port", "8080"),
                        new TreeMap<>(Map.of("LANG", "C", "PASSWORD", "secret")),
                        Optional.of("/srv"),
                        Optional.of(User.parse("70:80")),
                        new UserNamespace.Auto(),
                        Network.HOST,
                        Networking.NONE,
                        new Resources(
                                Optional.of(MemorySize.parse("1G")),
                                Optional.of(MemorySize.parse("2G")),
                                Optional.of(Cpus.parse("1.5")),
                                Optional.of(200),
                                64,
                                2048,
                                List.of(IoLimit.parse("8:0 rbps=10M"))),
                        new Filesystem(
                                Optional.of(Path.of("/rootfs")),
                                Optional.of(DIGEST),
                                Optional.of(MemorySize.parse("256M")),
                                Optional.of(ContextMount.parse("/src")),
                                Optional.of(WorkspaceMount.parse("/work", Mode.PRODUCTION)),
                                MemorySize.parse("128M"),
                                true,
                                List.of(VolumeMount.parse("data:/data")),
                                List.of(TmpfsMount.parse("/scratch")),
                                List.of(SecretMount.parse("/keys/db:db"))),
                        new Security(
                                new PolicySource.Named("jvm"),
                                true,
                                List.of("CHOWN"),
                                Optional.empty(),
                                Optional.of(new PolicySource.File(Path.of("/landlock.yaml"), Optional.empty())),
                                Optional.of(Lockdown.INTEGRITY),
                                Optional.of(Runtime.GVISOR),
                                Optional.of(GvisorPlatform.KVM),
                                Optional.of(Trust.UNTRUSTED),
                                true,
                                true),
                        Optional.of(new ServiceNotify(Optional.of(Duration.ofSeconds(10)))),
                        false,
                        new LogPolicy(MemorySize.parse("1M"), LogPolicy.Overflow.DROP)));
    }

    @Test
    void aChangeKeepsEveryOtherField() {
        ContainerSpec spec = everything().build();

        assertThat(spec.change().build()).isEqualTo(spec);
        assertThat(spec.change().pids(65).build())
                .isEqualTo(everything().pids(65).build())
                .isNotEqualTo(spec);
    }

    @Test
    void aChangeMayReplaceAWholePart() {
        ContainerSpec spec = everything().build();

        assertThat(ContainerSpec.builder(spec.mode(), spec.command())
                        .resources(spec.resources())
                        .filesystem(spec.filesystem())
                        .security(spec.security())
                        .build())
                .isEqualTo(new ContainerSpec(
                        spec.mode(),
                        spec.command(),
                        new TreeMap<>(),
                        Optional.empty(),
                        Optional.empty(),
                        UserNamespace.NONE,
                        Network.NONE,
                        Networking.NONE,
                        spec.resources(),
                        spec.filesystem(),
                        spec.security(),
                        Optional.empty(),
                        true,
                        LogPolicy.DEFAULT));
    }

    @Test
    void aSpecWithoutFieldsHasTheDefaults() {
        assertThat(ContainerSpec.of(Mode.AGENT, List.of("/bin/true")))
                .isEqualTo(new ContainerSpec(
                        Mode.AGENT,
                        List.of("/bin/true"),
                        new TreeMap<>(),
                        Optional.empty(),
                        Optional.empty(),
                        UserNamespace.NONE,
                        Network.NONE,
                        Networking.NONE,
                        Resources.DEFAULT,
                        Filesystem.DEFAULT,
                        Security.DEFAULT,
                        Optional.empty(),
                        true,
                        LogPolicy.DEFAULT));
    }

    @Test
    void aPolicyFileReplacesTheListOfCapabilities() {
        var file = Optional.of(new PolicySource.File(Path.of("/caps.yaml"), Optional.empty()));

        assertThat(everything()
                        .capabilities(List.of())
                        .capabilityPolicy(file)
                        .build()
                        .security()
                        .capabilityPolicy())
                .isEqualTo(file);
        assertThatThrownBy(() -> everything().capabilityPolicy(file).build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("capabilities are a list or a file, not both");
    }

    @Test
    void variablesAreRedactedExceptTheNamedOnes() {
        ContainerSpec spec = everything().build();

        assertThat(spec.redacted(Set.of("LANG", "TERM"), "***"))
                .isEqualTo(
                        everything().env(Map.of("LANG", "C", "PASSWORD", "***")).build());
    }

    @Test
    void aCommandIsNeeded() {
        for (List<String> command : List.of(List.<String>of(), List.of("", "x"))) {
            assertThatThrownBy(() -> ContainerSpec.of(Mode.AGENT, command))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("a command is needed, such as [/bin/server, --port, \"8080\"]");
        }
        assertThat(ContainerSpec.of(Mode.AGENT, List.of("x", "")).command())
                .as("an argument may be empty")
                .containsExactly("x", "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\0", "a\0", "\0b"})
    void aCommandMustNotContainNul(String word) {
        assertThatThrownBy(() -> ContainerSpec.of(Mode.AGENT, List.of("x", word)))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("a command can't contain a NUL character");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1A", "A-B", "A=B", "A B", "A\0", "Ä"})
    void aVariableNameMustBeAShellIdentifier(String name) {
        assertThatThrownBy(() -> everything().env(Map.of(name, "x")).build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'" + name + "' can't name an environment variable");
    }

    @Test
    void anInitNeedsAtLeastTwoPids() {
        assertThatThrownBy(() -> everything().init(true).pids(1).build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("pids: 1 leaves no room for the command beside its init; write at least 2, or init: false "
                        + "(--no-init)");
        assertThat(everything().init(true).pids(2).build().resources().pids()).isEqualTo(2);
        assertThat(everything().init(false).pids(1).build().resources().pids()).isEqualTo(1);
    }

    @Test
    void aWorkingDirectoryIsAnAbsolutePathInsideTheContainer() {
        assertThat(everything().workdir(Optional.of("/")).build().workdir()).contains("/");
        assertThatThrownBy(() -> everything().workdir(Optional.of("srv")).build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'srv' must be an absolute path inside the container");
    }

    @Test
    void aSpecIsImmutable() {
        var command = new ArrayList<>(List.of("x"));
        ContainerSpec spec = ContainerSpec.of(Mode.AGENT, command);
        command.add("y");

        assertThat(spec.command()).containsExactly("x");
        assertThatThrownBy(() -> spec.env().put("A", "b")).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void aRuntimeIsRequestedByNameOrByTrustLevel() {
        assertThat(Security.DEFAULT.requestedRuntime()).isEqualTo(Runtime.NATIVE);
        assertThat(everything().runtime(Optional.empty()).build().security().requestedRuntime())
                .isEqualTo(Runtime.GVISOR);
        assertThat(everything()
                        .runtime(Optional.of(Runtime.NATIVE))
                        .build()
                        .security()
                        .requestedRuntime())
                .isEqualTo(Runtime.NATIVE);
        assertThat(everything()
                        .runtime(Optional.empty())
                        .trust(Optional.of(Trust.TRUSTED))
                        .build()
                        .security()
                        .requestedRuntime())
                .isEqualTo(Runtime.NATIVE);
    }

    @Test
    void anOverlayAndADigestNeedARootfs() {
        assertThatThrownBy(() -> everything()
                        .rootfs(Optional.empty())
                        .overlay(Optional.empty())
                        .build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("rootfs-sha256 needs a rootfs");
        assertThatThrownBy(() -> everything()
                        .rootfs(Optional.empty())
                        .rootfsSha256(Optional.empty())
                        .build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("overlay needs a rootfs: the host's own programs are never overwritten");
        assertThatThrownBy(() -> everything().rootfsSha256(Optional.of("abc")).build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'abc' is not a SHA-256: 64 hexadecimal digits in lower case, as sha256sum prints them");
    }
}
