package dev.nucleus.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FiguresTest {

    @Test
    void aFailedPartIsReportedAndLosesNoFigure(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("target/figures.txt");
        var figures = new Figures(file);

        figures.attempt("first", () -> {
            figures.add("before the fault", 1, "≤ 2");
            throw new IllegalStateException("no manager");
        });
        assertThat(Files.readString(file)).as("at once").contains("before the fault");
        figures.attempt("second", () -> figures.add("after it", 3, "–"));

        assertThat(figures.failed()).containsExactly("first");
        assertThat(Files.readAllLines(file))
                .hasSize(4)
                .anySatisfy(
                        line -> assertThat(line).startsWith("before the fault").contains("1.00", "≤ 2"))
                .contains("*** FAILED: first: java.lang.IllegalStateException: no manager")
                .anySatisfy(line -> assertThat(line).startsWith("after it"));
    }
}
