package dev.nucleus.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A table of figures, each beside what was promised. */
final class Figures {

    private final List<String> lines = new ArrayList<>();

    Figures() {
        lines.add("%-52s %10s   %s".formatted("figure", "measured", "promised"));
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
        lines.add("%-52s %10s   %s".formatted(name, format(value), promised));
    }

    void note(String text) {
        lines.add(text);
    }

    void print(Path file) throws IOException {
        Files.write(file, lines);
        lines.forEach(System.out::println);
    }
}
