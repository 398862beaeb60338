package dev.nucleus.spec;

/**
 * A directory in memory, empty at each start.
 *
 * @param target where it appears
 * @param size the most it may hold; counts as the container's memory
 */
public record TmpfsMount(String target, MemorySize size) {

    private static final MemorySize DEFAULT_SIZE = new MemorySize(64L << 20);

    public TmpfsMount {
        target = ContainerPath.check(target);
    }

    /** Reads {@code /target} or {@code /target:64M}. */
    public static TmpfsMount parse(String text) {
        int colon = text.indexOf(':');
        return colon < 0
                ? new TmpfsMount(text, DEFAULT_SIZE)
                : new TmpfsMount(text.substring(0, colon), MemorySize.parse(text.substring(colon + 1)));
    }

    @Override
    public String toString() {
        return target + ":" + size;
    }
}
