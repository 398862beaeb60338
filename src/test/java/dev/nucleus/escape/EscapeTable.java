package dev.nucleus.escape;

import dev.nucleus.support.Remains;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A table of every attempt in every mode, printed by {@code ./mvnw -Pescape verify}. The first column is for the same
 * attempt as root with every capability and without Nucleus: "open" if it succeeds.
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
        table.lines.add(
                "open: succeeds as root without Nucleus; own: succeeds on gVisor's own kernel, and affects only that");
        table.lines.add(table.passed + " passed, " + table.failed + " failed");
        Files.write(Path.of("target/escape.txt"), table.lines);
        table.lines.forEach(System.out::println);
        System.exit(table.failed == 0 ? 0 : 1);
    }

    private void fill(TestManager manager, Attempts attempts) throws IOException, InterruptedException {
        line(
                "attempt",
                "without",
                Arrays.stream(Setting.values()).map(Setting::toString).toList(),
                "the kernel's answer");
        Map<String, Verdict> without = attempts.without();
        var inside = new EnumMap<Setting, Map<String, Verdict>>(Setting.class);
        for (Setting setting : Setting.values()) {
            inside.put(setting, attempts.inside(setting));
        }
        for (String name : inside.get(Setting.AGENT).keySet()) {
            var row = new LinkedHashMap<Setting, @Nullable Verdict>();
            inside.forEach((setting, verdicts) -> row.put(setting, verdicts.get(name)));
            row(name, outside(without.get(name)), row);
        }
        var abuses = new Abuses(manager, attempts);
        for (var abuse : abuses.all().entrySet()) {
            var row = new LinkedHashMap<Setting, @Nullable Verdict>();
            for (Setting setting : Setting.values()) {
                row.put(setting, abuse.getValue().attempt(setting));
            }
            row(abuse.getKey(), "", row);
        }
        row(
                "an abstract socket of the host, network: host",
                "",
                Map.of(Setting.AGENT, abuses.abstractSocketWithHostNetwork()));
    }

    private static String outside(@Nullable Verdict verdict) {
        if (verdict == null) {
            return "not run";
        }
        return verdict.why().equals("it succeeded") ? "open" : "";
    }

    private void row(String name, String without, Map<Setting, @Nullable Verdict> verdicts) {
        var cells = new ArrayList<String>();
        String why = "";
        for (Setting setting : Setting.values()) {
            Verdict verdict = verdicts.get(setting);
            if (verdict == null) {
                cells.add("–");
                continue;
            }
            if (!verdict.denied() && setting.concernsItsOwnKernelOnly(name)) {
                cells.add("own");
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
        var columns = new StringBuilder();
        for (int i = 0; i < cells.size(); i++) {
            int width = Setting.values()[i].toString().length() + 1;
            columns.append(String.format(Locale.ROOT, "%-" + Math.max(width, 8) + "s", cells.get(i)));
        }
        lines.add(String.format(Locale.ROOT, "%-48s %-8s %s%s", name, without, columns, why)
                .stripTrailing());
    }
}
