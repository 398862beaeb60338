package dev.nucleus.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Network;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModePolicyTest {

    private static ContainerSpec spec(Mode mode, Network network, boolean limits, boolean degraded) {
        return new ContainerSpec(
                mode,
                List.of("/bin/true"),
                new TreeMap<>(Map.of()),
                Optional.empty(),
                limits ? Optional.of(Path.of("/srv/rootfs")) : Optional.empty(),
                Optional.empty(),
                limits ? Optional.of(MemorySize.parse("64M")) : Optional.empty(),
                limits ? Optional.of(new Cpus(1)) : Optional.empty(),
                limits ? 64 : 0,
                1024,
                List.of(),
                List.of(),
                network,
                "default",
                List.of(),
                degraded);
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

        assertThat(posture.init()).isTrue();
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

    @Test
    void unknownCapabilitiesAndProfilesAreRefusedByName() {
        ContainerSpec plain = ContainerSpec.of(Mode.AGENT, List.of("/bin/true"));
        var spec = new ContainerSpec(
                plain.mode(),
                plain.command(),
                plain.env(),
                plain.workdir(),
                plain.rootfs(),
                plain.user(),
                plain.memory(),
                plain.cpus(),
                plain.pids(),
                plain.openFiles(),
                plain.volumes(),
                plain.tmpfs(),
                plain.network(),
                "nosuch",
                List.of("NET_BIND_SERVICE", "FLY"),
                false);

        assertThat(ModePolicy.refusals(spec))
                .containsExactly(
                        "capabilities: there is no capability 'FLY' (capabilities(7))",
                        "seccomp: there is no profile 'nosuch'; there are default, network-server, database, jvm");
    }
}
