package dev.nucleus.spec;

/**
 * The home of the workload's user, in memory.
 *
 * @param size memory limit
 * @param execute whether programs in it may be run
 */
public record HomeMount(MemorySize size, boolean execute) {

    private static final String EXECUTE = ":exec";

    /** Reads {@code 64M} or {@code 64M:exec}. */
    public static HomeMount parse(String text) {
        boolean execute = text.endsWith(EXECUTE);
        String size = execute ? text.substring(0, text.length() - EXECUTE.length()) : text;
        return new HomeMount(MemorySize.parsePages("home", size), execute);
    }
}
