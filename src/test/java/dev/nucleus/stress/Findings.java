package dev.nucleus.stress;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Operations, figures and faults of a run. Guarded by its monitor. */
final class Findings {

    private static final long BEGUN = System.nanoTime();

    private final List<String> faults = new ArrayList<>();
    private final List<String> figures = new ArrayList<>();
    private final Map<String, Integer> counts = new TreeMap<>();

    /** Reports a fault. Printed at once: a run may last for hours. */
    synchronized void fault(String what) {
        String line = "%.1fs: %s".formatted((System.nanoTime() - BEGUN) / 1e9, what);
        faults.add(line);
        System.out.println("FAULT  " + line);
    }

    /** @return the condition */
    boolean check(boolean right, String otherwise) {
        if (!right) {
            fault(otherwise);
        }
        return right;
    }

    /** Counts an operation of a kind. */
    synchronized void count(String kind) {
        counts.merge(kind, 1, Integer::sum);
    }

    synchronized int counted(String kind) {
        return counts.getOrDefault(kind, 0);
    }

    /** Adds a measured figure to the report. */
    synchronized void figure(String line) {
        figures.add(line);
    }

    synchronized List<String> faults() {
        return List.copyOf(faults);
    }

    synchronized List<String> lines() {
        var lines = new ArrayList<String>();
        counts.forEach((kind, count) -> lines.add("%7d %s".formatted(count, kind)));
        lines.addAll(figures);
        return lines;
    }
}
