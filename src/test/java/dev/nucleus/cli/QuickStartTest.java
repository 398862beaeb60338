package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Requires;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of the quick start, run one after the other; their output is what is documented. */
@Tag("isolation")
class QuickStartTest {

    private static final Path DOCUMENT = Path.of("docs/quick-start.md");
    private static final Pattern BLOCK = Pattern.compile("(?s)```(\\w+)\\n(.*?)```");

    @TempDir
    private Path directory;

    /** A command and what it prints. */
    private record Example(String command, String output) {}

    private static List<String> blocks(String kind) throws IOException {
        return BLOCK.matcher(Files.readString(DOCUMENT))
                .results()
                .filter(block -> block.group(1).equals(kind))
                .map(block -> block.group(2))
                .toList();
    }

    private static List<Example> examples() throws IOException {
        var examples = new ArrayList<Example>();
        for (String block : blocks("console")) {
            for (String each : block.split("(?m)^\\$ ")) {
                if (!each.isEmpty()) {
                    int end = each.indexOf('\n');
                    examples.add(new Example(each.substring(0, end), each.substring(end + 1)));
                }
            }
        }
        return examples;
    }

    /** An ellipsis stands for any text, alone on its line for any lines. */
    private static Pattern pattern(String output) {
        return Pattern.compile(output.lines()
                .map(line -> line.equals("…")
                        ? "(?:.*\\n)*"
                        : Stream.of(line.split("…", -1)).map(Pattern::quote).collect(Collectors.joining(".*?")) + "\\n")
                .collect(Collectors.joining()));
    }

    private String run(ManagerProcess manager, String command) throws IOException, InterruptedException {
        var shell = new ProcessBuilder("/bin/bash", "-c", command.replace(":8080/", ":" + manager.port() + "/"))
                .directory(directory.toFile())
                .redirectErrorStream(true);
        shell.environment().put("NUCLEUS_SOCKET", manager.socket().toString());
        shell.environment().merge("PATH", "", (path, _) -> ManagerProcess.CLIENT.getParent() + ":" + path);
        Process process = shell.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output.isEmpty() || output.endsWith("\n") ? output : output + "\n";
    }

    @Test
    void theQuickStartShowsWhatItsCommandsPrint() throws Exception {
        Requires.root();
        Files.writeString(directory.resolve("fleet.yaml"), blocks("yaml").getFirst());
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            Awaitility.await("the fleet is up and its job has run")
                    .until(
                            () -> run(manager, "nucleus ps -a"),
                            text -> text.lines().anyMatch(line -> line.matches(".*shop/web-1 +running +ready .*"))
                                    && text.contains("completed"));

            assertThat(examples()).hasSizeGreaterThan(10);
            for (Example example : examples()) {
                assertThat(run(manager, example.command()))
                        .as("$ %s", example.command())
                        .matches(pattern(example.output()));
            }
        }
    }
}
