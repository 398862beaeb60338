package dev.nucleus.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DocumentedCommandTest {

    @Test
    void commandsAreReadWithTheirOutput(@TempDir Path directory) throws IOException {
        Path document = Files.writeString(directory.resolve("document.md"), """
                ```console
                $ nucleus ps   # a remark
                $ for p in a b; do
                >   echo $p; done
                a   # another

                b
                # nucleus audit verify
                whole
                ```
                text
                ```yaml
                $ no: command
                ```
                ```sh
                ./mvnw verify   # one more
                ```
                """);

        assertThat(DocumentedCommand.in(document))
                .containsExactly(
                        new DocumentedCommand("nucleus ps", ""),
                        new DocumentedCommand("for p in a b; do\n  echo $p; done", "a\n\nb\n"),
                        new DocumentedCommand("nucleus audit verify", "whole\n"),
                        new DocumentedCommand("./mvnw verify", ""));
        assertThat(DocumentedCommand.blocks(document, "yaml")).containsExactly("$ no: command\n");
    }

    @Test
    void commandsOutsideOfConsoleBlocksAreFound(@TempDir Path directory) throws IOException {
        Path document = Files.writeString(directory.resolve("document.md"), """
                ```console
                $ nucleus ps
                ```
                Run `nucleus ps`:

                    nucleus ps -a

                ```text
                $ curl -s http://127.0.0.1:8080
                nucleus  aligned text
                ```
                """);

        assertThat(DocumentedCommand.outsideOfBlocks(document))
                .containsExactly("nucleus ps -a", "$ curl -s http://127.0.0.1:8080");
    }

    @Test
    void outputWithoutACommandIsRefused(@TempDir Path directory) throws IOException {
        Path document = Files.writeString(directory.resolve("document.md"), "```console\nfirst\n$ nucleus ps\n```\n");

        assertThatThrownBy(() -> DocumentedCommand.in(document)).hasMessageContaining("begins with a command");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    7                        | 7                            | true
                    7                        | 8                            | false
                    stopped: 4711            | stopped: 4712                | false
                    workspace …/work         | workspace /tmp/x/work        | true
                    e6c1a9fd3c1b  ready  9s  | 0123456789ab   ready  12s    | true
                    e6c1a9fd3c1b  ready  9s  | 0123456789ab   failed  12s   | false
                    ready  3   9s   20412    | ready  0   1m   7            | true
                    uid=1936007975(agent)    | uid=1984650839(agent)        | true
                    running  20412  sh       | running  7  sh               | true
                    1574 files, 80255 KiB, x | 3 files, 9 KiB, x            | true
                    16 lines before          | 17 lines before              | false
                    a (b)                    | a b                          | false
                    """)
    void onlyVaryingTextMayDiffer(String shown, String actual, boolean matches) {
        var command = new DocumentedCommand("command", shown + "\n");

        assertThat(command.expected().matcher(actual + "\n").matches()).isEqualTo(matches);
    }

    @Test
    void anEllipsisAloneStandsForAnyLines() {
        var command = new DocumentedCommand("command", "first\n…\nlast\n");

        assertThat("first\nlast\n").matches(command.expected());
        assertThat("first\nsecond\nthird\nlast\n").matches(command.expected());
        assertThat("first\nsecond\n").doesNotMatch(command.expected());
    }
}
