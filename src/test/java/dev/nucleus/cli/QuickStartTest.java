package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.DocumentShell;
import dev.nucleus.support.DocumentedCommand;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Requires;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of the quick start, run one after the other, print what is documented. */
@Tag("isolation")
class QuickStartTest {

    private static final Path DOCUMENT = Path.of("docs/quick-start.md");

    @TempDir
    private Path directory;

    @Test
    void theQuickStartShowsWhatItsCommandsPrint() throws Exception {
        Requires.root();
        Files.writeString(
                directory.resolve("fleet.yaml"),
                DocumentedCommand.blocks(DOCUMENT, "yaml").getFirst());
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            var shell = new DocumentShell(directory, manager.socket(), manager.port(), Map.of());
            Awaitility.await("the fleet is up and its job has run")
                    .until(() -> shell.run("nucleus ps -a"), text -> serves(text) && text.contains("completed"));

            assertThat(DocumentedCommand.in(DOCUMENT)).hasSizeGreaterThan(10);
            for (DocumentedCommand command : DocumentedCommand.in(DOCUMENT)) {
                shell.check(command);
            }
            Awaitility.await("the container of the last command is running, so that it is stopped with the manager")
                    .until(() -> shell.run("nucleus ps"), QuickStartTest::serves);
        }
    }

    private static boolean serves(String ps) {
        return ps.lines().anyMatch(line -> line.matches(".*shop/web-1 +running +ready .*"));
    }
}
