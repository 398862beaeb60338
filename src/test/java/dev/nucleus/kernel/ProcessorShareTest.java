package dev.nucleus.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessorShareTest {

    @ParameterizedTest
    @ValueSource(strings = {"3:cpu:/", "3:cpu,cpuacct:/", "3:cpuacct,cpu:/", "2:cpuset:/x\n1:cpu:/\n0::/y"})
    void theRootCpuGroupCountsAsNoGroup(String membership) {
        assertThat(ProcessorShare.isInNoGroup(membership)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0::/", "1:cpuset:/", "1:cpuacct:/", "1:cpu:/system.slice/nucleus.service"})
    void aChosenCpuGroupOrNoCpuHierarchyDoesNotCountAsNoGroup(String membership) {
        assertThat(ProcessorShare.isInNoGroup(membership)).isFalse();
    }
}
