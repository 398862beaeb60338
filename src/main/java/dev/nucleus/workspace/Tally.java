package dev.nucleus.workspace;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Counts files, and remembers the first ones. For one walk. */
public final class Tally<T> {

    /** As many are named, at most. */
    static final int NAMED = 20;

    private final List<T> first = new ArrayList<>();
    private long count;

    Tally() {}

    /** @param example made only when it is among the first */
    void add(Supplier<T> example) {
        count++;
        if (first.size() < NAMED) {
            first.add(example.get());
        }
    }

    public long count() {
        return count;
    }

    public boolean isEmpty() {
        return count == 0;
    }

    /** Some of them, for a sentence. */
    String words(int shown, Function<T, String> words) {
        return first.stream().limit(shown).map(words).collect(Collectors.joining(", ")) + (count > shown ? ", …" : "");
    }

    /** The first, in the order in which they were met. */
    public List<T> first() {
        return List.copyOf(first);
    }
}
