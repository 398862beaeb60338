package dev.nucleus.preparation;

import dev.nucleus.spec.UserNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Ranges of user IDs for containers with a user namespace, each assigned to one live container. The same name gets the
 * same range if it is free. Guarded by its own lock.
 */
@Component
public final class IdRanges {

    public static final int COUNT = 65_536;

    /**
     * 2013265920 to 2147483647: the upper half of the unassigned IDs; workloads' own users come from the lower half.
     */
    static final int FIRST = Identities.FIRST_UID + Identities.UIDS;

    private static final int SLOTS = 2_048;

    private final Map<Integer, String> owners = new HashMap<>();

    /**
     * Claims a range for the container, and returns the range's first user.
     *
     * @throws UnsupportedLayerException when all are taken
     */
    synchronized int claim(String id, String name) {
        int slot = slot(name, owner -> owner == null || owner.equals(id));
        owners.put(slot, id);
        return FIRST + slot * COUNT;
    }

    /**
     * The first user of the range that a container of this name would get now; the range stays free.
     *
     * @throws UnsupportedLayerException when all are taken
     */
    synchronized int firstFree(String name) {
        return FIRST + slot(name, Objects::isNull) * COUNT;
    }

    private int slot(String name, Predicate<@Nullable String> usable) {
        int preferred = Math.floorMod(Identities.own(name).uid(), SLOTS);
        for (int step = 0; step < SLOTS; step++) {
            int slot = (preferred + step) % SLOTS;
            if (usable.test(owners.get(slot))) {
                return slot;
            }
        }
        throw new UnsupportedLayerException("user-namespace: all " + SLOTS + " ranges of users are taken");
    }

    /** Whether the container needs a range, if the manager runs as root. */
    static boolean needed(LaunchRequest request) {
        return switch (request.spec().userNamespace()) {
            case UserNamespace.None() -> request.posture().userNamespaceRequired();
            case UserNamespace.Auto() -> true;
            case UserNamespace.KeepId(), UserNamespace.NoMap(), UserNamespace.Explicit _ -> false;
        };
    }

    /** Records the range of a container that an earlier manager launched, from its process's uid_map. */
    public synchronized void adopt(String id, int pid) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc", Integer.toString(pid), "uid_map"))) {
                String[] fields = line.strip().split("\\s+");
                long outside = Long.parseLong(fields[1]);
                if (outside >= FIRST && outside < FIRST + (long) SLOTS * COUNT && (outside - FIRST) % COUNT == 0) {
                    owners.put((int) ((outside - FIRST) / COUNT), id);
                }
            }
        } catch (IOException e) {
            // The process has exited meanwhile, and its range is free.
            return;
        }
    }

    /** Releases a container's range. */
    public synchronized void release(String id) {
        owners.values().removeIf(id::equals);
    }
}
