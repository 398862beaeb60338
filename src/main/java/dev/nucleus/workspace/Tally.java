package dev.nucleus.workspace;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Counts files, and keeps the first ones as examples. Confined to one walk. */
public final class Tally<T> {

    /** The number of examples kept. */
    static final int NAMED = 20;

    private final List<T> first = new ArrayList<>();
    private long count;

    Tally() {}

    /** @param example evaluated only if it is kept */
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

    /** Up to {@code shown} examples, separated by commas. */
    String words(int shown, Function<T, String> words) {
        return first.stream().limit(shown).map(words).collect(Collectors.joining(", ")) + (count > shown ? ", …" : "");
    }

    /** The examples, in the order in which they were added. */
    public List<T> first() {
        return List.copyOf(first);
    }
}
