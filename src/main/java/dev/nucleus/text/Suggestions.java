package dev.nucleus.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Finds what was probably meant by a misspelt name. */
public final class Suggestions {

    /** Edit distance from which names count as unrelated. */
    private static final int UNRELATED_DISTANCE = 3;

    private Suggestions() {}

    /** The candidate with the smallest edit distance, if that is small. */
    public static Optional<String> closest(String name, Collection<String> candidates) {
        return candidates.stream()
                .filter(candidate ->
                        distance(name, candidate) < Math.min(UNRELATED_DISTANCE, Math.max(2, name.length() - 1)))
                .min(Comparator.comparingInt(candidate -> distance(name, candidate)));
    }

    private static int distance(String left, String right) {
        List<Integer> previous = new ArrayList<>();
        for (int column = 0; column <= right.length(); column++) {
            previous.add(column);
        }
        for (int row = 1; row <= left.length(); row++) {
            List<Integer> current = new ArrayList<>(List.of(row));
            for (int column = 1; column <= right.length(); column++) {
                int substitution =
                        previous.get(column - 1) + (left.charAt(row - 1) == right.charAt(column - 1) ? 0 : 1);
                current.add(Math.min(substitution, Math.min(previous.get(column), current.get(column - 1)) + 1));
            }
            previous = current;
        }
        return previous.getLast();
    }
}
