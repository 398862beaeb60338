package dev.nucleus.cli;

import dev.nucleus.text.VisibleText;
import java.util.ArrayList;
import java.util.List;

/** Formats rows into columns as wide as their widest cell. */
final class Table {

    private static final int GAP = 2;

    private Table() {}

    /** Returns the lines of a table. Cells may contain untrusted text, which is escaped. */
    static List<String> format(List<List<String>> cells) {
        List<List<String>> rows = cells.stream()
                .map(row -> row.stream().map(VisibleText::line).toList())
                .toList();
        int columns = rows.getFirst().size();
        var widths = new int[columns];
        for (List<String> row : rows) {
            for (int column = 0; column < columns; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        var lines = new ArrayList<String>();
        for (List<String> row : rows) {
            var line = new StringBuilder();
            for (int column = 0; column < columns; column++) {
                String cell = row.get(column);
                line.append(cell).append(" ".repeat(widths[column] - cell.length() + GAP));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
