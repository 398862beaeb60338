package dev.nucleus.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A table of figures, each beside what was promised. Each line is printed and written to the file when it is added, so
 * that a part that fails later loses none.
 */
final class Figures {

    /** A part of a benchmark, which adds figures. */
    interface Part {
        void measure() throws Exception;
    }

    private final Path file;
    private final List<String> failed = new ArrayList<>();

    /** @param file replaced if it exists */
    Figures(Path file) throws IOException {
        this.file = file;
        Files.createDirectories(
                Optional.ofNullable(file.toAbsolutePath().getParent()).orElseThrow());
        Files.deleteIfExists(file);
        note("%-52s %10s   %s".formatted("figure", "measured", "promised"));
    }

    static double percentile(List<Double> values, int percent) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(Math.min(sorted.size() - 1, sorted.size() * percent / 100));
    }

    static String format(double value) {
        return String.format(Locale.ROOT, value >= 100 ? "%.0f" : "%.2f", value);
    }

    void add(String name, List<Double> values, int percent, String promised) {
        add(name, percentile(values, percent), promised);
    }

    void add(String name, double value, String promised) {
        note("%-52s %10s   %s".formatted(name, format(value), promised));
    }

    void note(String text) {
        System.out.println(text);
        try {
            Files.writeString(file, text + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Measures a part. A failure becomes a line of the table, and the parts after it are still measured. */
    void attempt(String name, Part part) {
        try {
            part.measure();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (Exception | AssertionError e) {
            failed.add(name);
            e.printStackTrace();
            note("*** FAILED: " + name + ": " + e);
        }
    }

    /** Names of the parts that failed. */
    List<String> failed() {
        return List.copyOf(failed);
    }
}
