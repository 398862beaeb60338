package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Requires;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A manager has a higher CPU weight than its containers and its own child processes. */
@Tag("isolation")
class ManagerShareTest {

    private static String group(long pid) {
        try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(pid), "cgroup"))) {
            return lines.filter(line -> line.matches("\\d+:([a-z,]+,)?cpu(,[a-z,]+)?:.*"))
                    .map(line -> line.substring(line.lastIndexOf(':') + 1))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            return "it has ended";
        }
    }

    @Test
    void theManagerHasItsOwnCgroupAndItsDescendantsAreNotInIt(@TempDir Path directory) {
        Requires.root();
        Requires.legacyCgroups();
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            assertThat(manager.nucleus("run", "-d", "--", "/bin/sleep", "1000").code())
                    .isZero();
            List<ProcessHandle> started = manager.process().descendants().toList();

            assertThat(group(manager.process().pid())).isEqualTo("/nucleus.manager");
            assertThat(started)
                    .as("the spawner, waiting shims, and the container's processes")
                    .hasSizeGreaterThan(2);
            assertThat(started).noneMatch(process -> group(process.pid()).equals("/nucleus.manager"));
        }
    }
}
