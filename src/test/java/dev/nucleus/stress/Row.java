package dev.nucleus.stress;

import java.util.List;

/** A line of {@code nucleus ps -a}. */
record Row(String id, String name, String state, String health, int pid, String cause) {

    static List<Row> parse(String table) {
        return table.lines().skip(1).map(Row::parseLine).toList();
    }

    private static Row parseLine(String line) {
        String[] cells = line.split("\\s{2,}");
        return new Row(
                cells[0],
                cells[1],
                cells[2],
                cells[3],
                cells[6].equals("-") ? 0 : Integer.parseInt(cells[6]),
                cells[cells.length - 1]);
    }
}
