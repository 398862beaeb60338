package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A container inherits neither the CPU affinity, nor the nice value, nor the OOM score of its manager. */
@Tag("isolation")
class InheritanceTest {

    private static Targets targets;

    @BeforeAll
    static void start() throws Exception {
        targets = Targets.start();
        for (long process : targets.root().nativeProcesses()) {
            String pid = Long.toString(process);
            Command.run("taskset", "--all-tasks", "--cpu-list", "--pid", "0", pid);
            Command.run("renice", "--priority", "10", "--pid", pid);
            Files.writeString(Path.of("/proc", pid, "oom_score_adj"), "500");
        }
    }

    @AfterAll
    static void stop() {
        if (targets != null) {
            targets.close();
        }
    }

    private static String comm(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "comm"));
        } catch (IOException e) {
            // The process has exited meanwhile.
            return "";
        }
    }

    private static String allowedCpus() throws IOException {
        return Files.readAllLines(Path.of("/proc/1/status")).stream()
                .filter(line -> line.startsWith("Cpus_allowed_list:"))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @MethodSource("dev.nucleus.escape.Confinement#ofRoot")
    void aContainerInheritsNoSchedulingSettingsFromItsManager(Confinement confinement) throws IOException {
        confinement.require();
        assertThat(targets.root().nativeProcesses()).isNotEmpty();
        String word = "inherits-" + confinement + "-" + System.nanoTime();
        String id = targets.launch(confinement, List.of(), Targets.WITNESS, "cling", word);
        try {
            targets.awaitOutput(confinement, id, "clinging");
            List<Long> inside = new ContainerProcesses(id, word)
                    .alive().stream()
                            .filter(pid -> !comm(pid).startsWith("nucleus-shim"))
                            .toList();

            assertThat(inside).isNotEmpty().allSatisfy(pid -> {
                Path process = Path.of("/proc", Long.toString(pid));
                assertThat(Files.readAllLines(process.resolve("status"))).contains(allowedCpus());
                assertThat(Files.readString(process.resolve("oom_score_adj"))).isEqualTo("0\n");
                String stat = Files.readString(process.resolve("stat"));
                // The 19th field (proc(5)); the second, in parentheses, may hold spaces.
                assertThat(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16])
                        .as("its nice value")
                        .isEqualTo("0");
            });
        } finally {
            targets.end(confinement, id);
        }
    }
}
