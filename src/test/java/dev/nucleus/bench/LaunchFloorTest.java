package dev.nucleus.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.LaunchOrder;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Checks that the program for comparison still works: it calls the launch with arguments of its own. */
@Tag("isolation")
class LaunchFloorTest {

    @SharedManager
    private static TestManager manager;

    @Test
    void theProgramForComparisonLaunchesAManagersPlan() throws Exception {
        var order = LaunchOrder.detached(ContainerSpec.of(Mode.AGENT, List.of("/bin/true")));

        assertThat(LaunchFloor.measure(manager, order, 1, 2)).containsKeys("exec-p50-ms", "launches-per-second");
    }
}
