package dev.nucleus.support;

import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;

/** Seeds for generated inputs. A failing test shows its seed as its parameter; {@code -Dseeds=N} tries more. */
public final class Seeds {

    private Seeds() {}

    public static LongStream seeds() {
        return LongStream.range(0, Integer.getInteger("seeds", 200));
    }

    public static RandomGenerator random(long seed) {
        return new Random(seed * 0x9E3779B97F4A7C15L);
    }
}
