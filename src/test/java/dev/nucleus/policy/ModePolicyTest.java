package dev.nucleus.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.GvisorPlatform;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.Trust;
import dev.nucleus.spec.UserNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModePolicyTest {

    private static ContainerSpec spec(Mode mode, Network network, boolean limits, boolean degraded) {
        return ContainerSpec.builder(mode, List.of("/bin/true"))
                .rootfs(limits ? Optional.of(Path.of("/srv/rootfs")) : Optional.empty())
                .memory(limits ? Optional.of(MemorySize.parse("64M")) : Optional.empty())
                .cpus(limits ? Optional.of(new Cpus(1)) : Optional.empty())
                .pids(limits ? 64 : 0)
                .network(network)
                .allowDegraded(degraded)
                .build();
    }

    @Test
    void productionNamesEveryFieldThatIsMissing() {
        assertThat(ModePolicy.refusals(spec(Mode.PRODUCTION, Network.NONE, false, false)))
                .hasSize(4)
                .allMatch(refusal -> refusal.contains("production mode"))
                .anyMatch(refusal -> refusal.startsWith("memory:"))
                .anyMatch(refusal -> refusal.startsWith("cpus:"))
                .anyMatch(refusal -> refusal.startsWith("rootfs:"))
                .anyMatch(refusal -> refusal.startsWith("pids:"));
    }

    @Test
    void productionWithItsLimitsIsAllowedAndStrict() {
        Posture posture = ModePolicy.check(spec(Mode.PRODUCTION, Network.NONE, true, false));

        assertThat(posture.hideProcesses()).isTrue();
        assertThat(posture.cgroupRequired()).isTrue();
        assertThat(posture.rlimitsRequired()).isTrue();
        assertThat(posture.landlockAbi()).isEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void productionRefusesHostNetworkAndSoDoesEveryModeWithoutTheOptIn(Mode mode) {
        assertThat(ModePolicy.refusals(spec(mode, Network.HOST, true, false)))
                .singleElement()
                .asString()
                .startsWith("network:")
                .contains(mode.toString());
    }

    @Test
    void onlyAgentModeMayBeDegraded() {
        assertThat(ModePolicy.refusals(spec(Mode.AGENT, Network.HOST, true, true)))
                .isEmpty();
        assertThat(ModePolicy.refusals(spec(Mode.STRICT_AGENT, Network.NONE, true, true)))
                .containsExactly("allow-degraded: strict-agent mode never runs with a layer missing");
        assertThatThrownBy(() -> ModePolicy.check(spec(Mode.PRODUCTION, Network.NONE, true, true)))
                .isInstanceOf(PolicyViolationException.class)
                .hasMessageContaining("allow-degraded");
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void untrustedCodeMayNotUseTheHostKernel(Mode mode) {
        ContainerSpec.Builder untrusted =
                spec(mode, Network.NONE, true, false).change().trust(Optional.of(Trust.UNTRUSTED));

        assertThat(ModePolicy.refusals(
                        untrusted.runtime(Optional.of(Runtime.NATIVE)).build()))
                .singleElement()
                .asString()
                .startsWith("runtime: untrusted code needs a kernel of its own");
        assertThat(ModePolicy.refusals(untrusted.runtime(Optional.empty()).build()))
                .isEmpty();
        assertThat(ModePolicy.refusals(spec(Mode.AGENT, Network.NONE, true, true)
                        .change()
                        .trust(Optional.of(Trust.UNTRUSTED))
                        .runtime(Optional.of(Runtime.NATIVE))
                        .build()))
                .isEmpty();
    }

    @Test
    void rightsOverInterfacesNeedAUserNamespaceOnANetwork() {
        ContainerSpec.Builder spec = ContainerSpec.builder(Mode.AGENT, List.of("/bin/true"))
                .network(Network.BRIDGE)
                .capabilities(List.of("NET_RAW", "NET_ADMIN"));

        assertThat(ModePolicy.refusals(spec.build()))
                .containsExactly("capabilities: with NET_ADMIN, a container on a network could change the host's "
                        + "interfaces; write user-namespace: auto");
        assertThat(ModePolicy.refusals(
                        spec.userNamespace(new UserNamespace.Auto()).build()))
                .isEmpty();
        assertThat(ModePolicy.refusals(spec.userNamespace(UserNamespace.NONE)
                        .network(Network.NONE)
                        .build()))
                .isEmpty();
    }

    @Test
    void fieldsThatGvisorDoesNotSupportAreRefusedByName() {
        ContainerSpec spec = ContainerSpec.builder(Mode.AGENT, List.of("/bin/true"))
                .runtime(Optional.of(Runtime.GVISOR))
                .trace(true)
                .timeNamespace(true)
                .userNamespace(new UserNamespace.Auto())
                .build();

        assertThat(ModePolicy.refusals(spec))
                .extracting(refusal -> refusal.substring(0, refusal.indexOf(':')))
                .containsExactly("trace", "user-namespace", "time-namespace");
        assertThat(ModePolicy.refusals(ContainerSpec.builder(Mode.AGENT, List.of("/bin/true"))
                        .gvisorPlatform(Optional.of(GvisorPlatform.KVM))
                        .build()))
                .containsExactly("gvisor-platform: kvm needs runtime: gvisor");
    }

    @Test
    void unknownCapabilitiesAndProfilesAreRefusedByName() {
        ContainerSpec spec = ContainerSpec.builder(Mode.AGENT, List.of("/bin/true"))
                .seccomp("nosuch")
                .capabilities(List.of("NET_BIND_SERVICE", "FLY"))
                .build();

        assertThat(ModePolicy.refusals(spec))
                .containsExactly(
                        "capabilities: there is no capability 'FLY' (capabilities(7))",
                        "seccomp: there is no profile 'nosuch'; use default, network-server, database, jvm, node, python-agent, or the path of a file");
    }

    private static ContainerSpec mapped(Mode mode, boolean degraded, String uids, String gids) {
        return spec(mode, Network.NONE, true, degraded)
                .change()
                .userNamespace(new UserNamespace.Explicit(
                        List.of(UserNamespace.IdRange.parse("5:300000:10"), UserNamespace.IdRange.parse(uids)),
                        List.of(UserNamespace.IdRange.parse(gids))))
                .build();
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void noUserOrGroupMapsOntoTheHostsRoot(Mode mode) {
        assertThat(ModePolicy.refusals(mapped(mode, false, "1000:0:1", "1000:100000:1")))
                .containsExactly("user-namespace: uids 1000:0:1: " + mode
                        + (mode == Mode.AGENT ? " mode only with allow-degraded: true" : " mode never")
                        + " maps onto the host's user 0, root");
        assertThat(ModePolicy.refusals(mapped(mode, false, "100:100000:1", "0:0:65536")))
                .singleElement()
                .asString()
                .startsWith("user-namespace: gids 0:0:65536");
        assertThat(ModePolicy.refusals(mapped(mode, false, "100:100000:1", "0:1:65536")))
                .isEmpty();
    }

    @Test
    void onlyADegradedAgentMayMapOntoTheHostsRoot() {
        assertThat(ModePolicy.refusals(mapped(Mode.AGENT, true, "1000:0:1", "1000:0:1")))
                .isEmpty();
        assertThat(ModePolicy.refusals(mapped(Mode.STRICT_AGENT, true, "1000:0:1", "1000:0:1")))
                .hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0:4294967296:1",
                "0:2147483647:2",
                "0:100000:2147483648",
                "0:100000:2147483647",
                "2147483647:100000:2",
                "0:-1:2",
                "0:100000:0",
                "0:100000:99999999999"
            })
    void aRangeThatWouldWrapAroundToRootIsRefused(String range) {
        assertThatThrownBy(() -> UserNamespace.IdRange.parse(range)).isInstanceOf(InvalidSpecException.class);
    }

    @Test
    void everyMistakeInAPolicyFileIsReported(@TempDir Path directory) throws IOException {
        ContainerSpec spec = spec(Mode.AGENT, Network.NONE, true, false)
                .change()
                .seccomp(new PolicySource.File(Files.writeString(directory.resolve("seccomp"), "{}"), Optional.empty()))
                .landlock(Optional.of(new PolicySource.File(
                        Files.writeString(directory.resolve("landlock"), "rules: []\nmin-abi: 9\n"), Optional.empty())))
                .capabilityPolicy(Optional.of(new PolicySource.File(
                        Files.writeString(directory.resolve("capabilities"), "bounding: {keep: [FLY]}\n"),
                        Optional.empty())))
                .build();

        assertThat(ModePolicy.refusals(spec))
                .extracting(refusal -> refusal.replace(directory.toString(), ""))
                .containsExactly(
                        "seccomp: /seccomp: defaultAction must be SCMP_ACT_ERRNO, was '': calls that the profile doesn't"
                                + " name must be refused",
                        "landlock: /landlock:2:10: min-abi must be 1 to 7, was 9",
                        "capabilities: /capabilities:1:19: there is no capability 'FLY' (capabilities(7))");
        assertThatThrownBy(() -> ModePolicy.check(spec))
                .isInstanceOfSatisfying(
                        PolicyViolationException.class,
                        e -> assertThat(e.lines())
                                .containsExactlyElementsOf(ModePolicy.refusals(spec).stream()
                                        .map(refusal -> "nucleus: " + refusal)
                                        .toList()));
    }

    @Test
    void aDegradedAgentRunsWithoutLandlock() {
        assertThat(ModePolicy.check(spec(Mode.AGENT, Network.NONE, false, true)).landlockRequired())
                .isFalse();
        for (Mode mode : Mode.values()) {
            assertThat(ModePolicy.check(spec(mode, Network.NONE, true, false)).landlockRequired())
                    .as("%s", mode)
                    .isTrue();
        }
    }
}
