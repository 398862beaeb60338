package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.fleetfile.FleetReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class SpecHashTest {

    private static ServiceSpec service(String text) {
        return Objects.requireNonNull(FleetReader.readText(
                        Path.of("/f.yaml"), "name: shop\nservices: {web: " + text + "}", FleetReader.Checks.NONE)
                .services()
                .get("web"));
    }

    /** A hash that changed with a build would restart every container of every user at an upgrade. */
    @Test
    void theHashIsTheSameInEveryBuild() {
        assertThat(SpecHash.of(service("{command: [/bin/web, -p, \"80\"], memory: 64M, environment: {B: b, A: a}}")))
                .isEqualTo("5219d99e42558882d968fa8943826edb84a3f7891c8b7b9b725457c2fbdd48c7");
    }

    @Test
    void mountsWithoutExecHashAsBeforeTheOptionExisted() {
        assertThat(SpecHash.of(service("{command: [/w], volumes: [\"/srv:/data:ro\"], tmpfs: [\"/x:8M\"]}")))
                .isEqualTo("89017a2fe2aed9a02e06391784068c94416fc44540d299fa624b8b56100d274a");
    }

    @Test
    void theExecOptionOfMountsChangesTheHash() {
        for (String mount : List.of("volumes: [\"/srv:/data%s\"]", "tmpfs: [\"/x%s\"]", "home: 64M%s")) {
            assertThat(SpecHash.of(service("{command: [/w], " + mount.formatted(":exec") + "}")))
                    .isNotEqualTo(SpecHash.of(service("{command: [/w], " + mount.formatted("") + "}")));
        }
    }

    @Test
    void spellingAndOrderDoNotChangeTheHash() {
        assertThat(SpecHash.of(service("{memory: 64M, command: [/w], environment: {A: a, B: b}}")))
                .isEqualTo(SpecHash.of(service("{command: [/w], environment: {B: b, A: a}, memory: 64Mi}")));
    }

    @Test
    void limitsChangeTheHashButProbesAndReplicasDoNot() {
        String plain = SpecHash.of(service("{command: [/w]}"));

        assertThat(SpecHash.of(service("{command: [/w], memory: 64M}"))).isNotEqualTo(plain);
        assertThat(SpecHash.of(service("{command: [/w], readiness: {tcp: 80}, replicas: 2}")))
                .isEqualTo(plain);
    }
}
