package dev.nucleus.learning;

import dev.nucleus.spec.InvalidSpecException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A change to one service of a fleet file that preserves every other line, with its comments, order and spelling.
 *
 * @param text the whole changed file
 * @param diff the change, in the format of diff -u
 */
public record FleetPatch(String text, String diff) {

    private static final int CONTEXT = 3;

    /**
     * Sets fields of a service that is written in block style.
     *
     * @param file the name of the file in the diff
     * @param fields lines by field name; an existing field with one of these names is replaced
     * @param removed further fields to remove
     * @throws InvalidSpecException if the service isn't found in block style; the message contains the fields, to be
     *     added by hand
     */
    public static FleetPatch of(
            String file, String text, String service, Map<String, String> fields, List<String> removed) {
        List<String> lines = text.lines().toList();
        int head = head(lines, service)
                .orElseThrow(() -> new InvalidSpecException("no service '" + service + "' in block style in " + file
                        + ": name another with --service, or add these fields by hand:\n"
                        + String.join("\n", fields.values())));
        int depth = indentation(lines.get(head));
        int end = end(lines, head, depth);
        int inner = lines.subList(head + 1, end).stream()
                .filter(line -> !line.isBlank())
                .mapToInt(FleetPatch::indentation)
                .findFirst()
                .orElse(depth + 2);
        var changed = new ArrayList<String>();
        var diff = new ArrayList<String>();
        boolean dropping = false;
        for (int i = head + 1; i < end; i++) {
            String line = lines.get(i);
            if (!line.isBlank() && indentation(line) <= inner) {
                String name = line.strip().split(":", 2)[0];
                dropping = indentation(line) == inner && (fields.containsKey(name) || removed.contains(name));
            }
            if (dropping) {
                diff.add("-" + line);
            } else {
                changed.add(line);
                diff.add(" " + line);
            }
        }
        fields.values().forEach(field -> {
            String line = " ".repeat(inner) + field;
            changed.add(line);
            diff.add("+" + line);
        });
        var whole = new ArrayList<>(lines.subList(0, head + 1));
        whole.addAll(changed);
        whole.addAll(lines.subList(end, lines.size()));
        return new FleetPatch(String.join("\n", whole) + "\n", hunk(file, lines, head, end, diff, changed.size()));
    }

    private static Optional<Integer> head(List<String> lines, String service) {
        Pattern pattern = Pattern.compile("\\s+[\"']?" + Pattern.quote(service) + "[\"']?:\\s*(#.*)?");
        boolean within = false;
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (!line.isBlank() && indentation(line) == 0 && !line.startsWith("#")) {
                within = line.startsWith("services:");
            } else if (within && pattern.matcher(line).matches()) {
                return Optional.of(i);
            }
        }
        return Optional.empty();
    }

    /** The index after the last line of the block, without trailing blank lines. */
    private static int end(List<String> lines, int head, int depth) {
        int end = head + 1;
        for (int i = head + 1; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            if (indentation(lines.get(i)) <= depth) {
                break;
            }
            end = i + 1;
        }
        return end;
    }

    private static int indentation(String line) {
        return line.length() - line.stripLeading().length();
    }

    private static String hunk(
            String file, List<String> lines, int head, int end, List<String> diff, int changedLines) {
        int from = Math.max(0, head + 1 - CONTEXT);
        int to = Math.min(lines.size(), end + CONTEXT);
        var text = new StringBuilder("--- " + file + "\n+++ " + file + "\n");
        text.append("@@ -%d,%d +%d,%d @@\n"
                .formatted(from + 1, to - from, from + 1, to - from - (end - head - 1) + changedLines));
        lines.subList(from, head + 1)
                .forEach(line -> text.append(' ').append(line).append('\n'));
        diff.forEach(line -> text.append(line).append('\n'));
        lines.subList(end, to).forEach(line -> text.append(' ').append(line).append('\n'));
        return text.toString();
    }
}
