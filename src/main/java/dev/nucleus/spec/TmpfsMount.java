package dev.nucleus.spec;

import java.util.ArrayList;
import java.util.List;

/**
 * A directory in memory, empty at each start. At {@code /tmp} or {@code /dev/shm} it replaces the one that every
 * container has there.
 *
 * @param target where it appears; see {@link MountTargets} for where it may not
 * @param size size limit; its content counts towards the container's memory
 * @param execute whether programs in it may be run, and its files mapped executable
 */
public record TmpfsMount(String target, MemorySize size, boolean execute) {

    /** The default size. */
    public static final MemorySize DEFAULT_SIZE = new MemorySize(64L << 20);

    public TmpfsMount {
        target = ContainerPath.check(target);
    }

    /** A mount without {@code execute}. */
    public TmpfsMount(String target, MemorySize size) {
        this(target, size, false);
    }

    /** Reads {@code /target[:64M][:exec]}. */
    public static TmpfsMount parse(String text) {
        var parts = new ArrayList<>(List.of(text.split(":", -1)));
        boolean execute = parts.size() > 1 && parts.getLast().equals("exec");
        if (execute) {
            parts.removeLast();
        }
        if (parts.size() > 2) {
            throw new InvalidSpecException(
                    "'" + text + "' is not a tmpfs; write /target, /target:64M or /target:64M:exec");
        }
        return new TmpfsMount(
                parts.getFirst(),
                parts.size() == 2 ? MemorySize.parsePages("tmpfs", parts.getLast()) : DEFAULT_SIZE,
                execute);
    }

    @Override
    public String toString() {
        return target + ":" + size + (execute ? ":exec" : "");
    }
}
