package dev.nucleus.escape;

import dev.nucleus.spec.Mode;
import dev.nucleus.support.Remains;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Every attempt in every mode, as a table; {@code ./mvnw -Pescape verify}. The first column is the same attempt as root
 * with every capability and without Nucleus: "open" where it succeeds there.
 */
public final class EscapeTable {

    private final List<String> lines = new ArrayList<>();
    private int passed;
    private int failed;

    private EscapeTable() {}

    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createTempDirectory("nucleus-escape-");
        var table = new EscapeTable();
        try (TestManager manager = TestManager.start()) {
            table.fill(manager, new Attempts(manager, directory));
        } finally {
            Remains.delete(directory);
        }
        table.lines.add(table.passed + " passed, " + table.failed + " failed");
        Files.write(Path.of("target/escape.txt"), table.lines);
        table.lines.forEach(System.out::println);
        System.exit(table.failed == 0 ? 0 : 1);
    }

    private void fill(TestManager manager, Attempts attempts) throws IOException, InterruptedException {
        line("attempt", "without", List.of("agent", "strict-agent", "production"), "the kernel's answer");
        Map<String, Verdict> without = attempts.without();
        var inside = new EnumMap<Mode, Map<String, Verdict>>(Mode.class);
        for (Mode mode : Mode.values()) {
            inside.put(mode, attempts.inside(mode));
        }
        for (String name : inside.get(Mode.AGENT).keySet()) {
            var row = new LinkedHashMap<Mode, @Nullable Verdict>();
            inside.forEach((mode, verdicts) -> row.put(mode, verdicts.get(name)));
            row(name, outside(without.get(name)), row);
        }
        var abuses = new Abuses(manager, attempts);
        for (var abuse : abuses.all().entrySet()) {
            var row = new LinkedHashMap<Mode, @Nullable Verdict>();
            for (Mode mode : Mode.values()) {
                row.put(mode, abuse.getValue().attempt(mode));
            }
            row(abuse.getKey(), "", row);
        }
        row(
                "an abstract socket of the host, network: host",
                "",
                Map.of(Mode.AGENT, abuses.abstractSocketWithHostNetwork()));
    }

    private static String outside(@Nullable Verdict verdict) {
        if (verdict == null) {
            return "not run";
        }
        return verdict.why().equals("it succeeded") ? "open" : "";
    }

    private void row(String name, String without, Map<Mode, @Nullable Verdict> verdicts) {
        var cells = new ArrayList<String>();
        String why = "";
        for (Mode mode : Mode.values()) {
            Verdict verdict = verdicts.get(mode);
            if (verdict == null) {
                cells.add("–");
                continue;
            }
            cells.add(verdict.denied() ? "denied" : "ESCAPED");
            why = why.isEmpty() || !verdict.denied() ? verdict.why() : why;
            if (verdict.denied()) {
                passed++;
            } else {
                failed++;
            }
        }
        line(name, without, cells, why);
    }

    private void line(String name, String without, List<String> cells, String why) {
        lines.add(String.format(
                        Locale.ROOT,
                        "%-48s %-8s %-8s %-13s %-11s %s",
                        name,
                        without,
                        cells.get(0),
                        cells.get(1),
                        cells.get(2),
                        why)
                .stripTrailing());
    }
}
