package dev.nucleus.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LaunchPlanTest {

    private static LaunchPlan.Cgroup writing(String file) {
        return new LaunchPlan.Cgroup(
                true,
                false,
                "/sys/fs/cgroup/x",
                List.of(),
                List.of(new LaunchPlan.Cgroup.Write(file, "512")),
                List.of(),
                "",
                new byte[0]);
    }

    @Test
    void aRedactedPlanHidesTheValuesOfVariables() {
        LaunchPlan plan = PlanEncoderTest.plan();

        LaunchPlan shown = plan.redacted(Set.of("PATH"), "***");

        assertThat(shown.execution().command().environment()).containsExactly("PATH=/usr/bin", "A=***");
        assertThat(shown.execution().command().workdir()).isEqualTo("/");
        assertThat(shown.toString()).doesNotContain("HOME=/root");
        assertThat(shown.rootfs()).isEqualTo(plan.rootfs());
    }

    @Test
    void aRedactedPlanShowsTheWorkloadsCommandInsteadOfTheRuntimes() {
        LaunchPlan plan = PlanEncoderTest.plan();

        assertThat(plan.execution().command().arguments()).containsExactly("postgres", "-D", "/data");
        assertThat(plan.redacted(Set.of(), "***").execution().command().arguments())
                .containsExactly("psql");
    }

    @ParameterizedTest
    @CsvSource({
        "/sys/fs/cgroup/x/pids.max, true",
        "/sys/fs/cgroup/pids/x/pids.max, true",
        "/sys/fs/cgroup/x/memory.max, false"
    })
    void aCgroupLimitsProcessesByItsFilePidsMax(String file, boolean limits) {
        assertThat(writing(file).limitsProcesses()).isEqualTo(limits);
    }

    @Test
    void stepsAndPhasesHaveLabelsOfLowerCaseWords() {
        assertThat(LaunchStep.IDENTITY_MAP.label()).isEqualTo("identity-map");
        assertThat(LaunchStep.IDENTITY_MAP.words()).isEqualTo("the user namespace's mapping");
        assertThat(HookPhase.CREATE_RUNTIME.label()).isEqualTo("create-runtime");
        assertThat(HookPhase.POSTSTOP.label()).isEqualTo("poststop");
    }

    @Test
    void aHostPathIsShownWithoutItsInode() {
        assertThat(HostPath.named("/srv/db").verified(65, 4711)).hasToString("/srv/db");
    }
}
