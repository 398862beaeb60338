package dev.nucleus.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CgroupHierarchiesTest {

    @Test
    void hybridHostsKeepTheirControllersInV1() {
        var hierarchies = CgroupHierarchies.read("""
                22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
                30 22 0:26 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw
                31 22 0:27 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
                32 22 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:4 - cgroup cgroup rw,cpu,cpuacct
                33 22 0:29 / /sys/fs/cgroup/systemd rw - cgroup systemd rw,xattr,name=systemd
                """);

        assertThat(hierarchies.unified()).contains(Path.of("/sys/fs/cgroup/unified"));
        assertThat(hierarchies.limitsAreUnified()).isFalse();
        assertThat(hierarchies.legacy())
                .containsEntry("memory", Path.of("/sys/fs/cgroup/memory"))
                .containsEntry("cpu", Path.of("/sys/fs/cgroup/cpu,cpuacct"))
                .containsEntry("cpuacct", Path.of("/sys/fs/cgroup/cpu,cpuacct"))
                .hasSize(3);
    }

    @Test
    void aHostWithoutCgroupsHasNone() {
        var hierarchies = CgroupHierarchies.read("22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n");

        assertThat(hierarchies.unified()).isEmpty();
        assertThat(hierarchies.legacy()).isEmpty();
    }
}
