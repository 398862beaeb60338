package dev.nucleus.audit;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Namespaces by the flags of clone(2) (sched.h). */
final class Namespaces {

    private static final Map<Integer, String> NAMES = new LinkedHashMap<>();

    static {
        NAMES.put(0x00020000, "mount");
        NAMES.put(0x02000000, "cgroup");
        NAMES.put(0x04000000, "uts");
        NAMES.put(0x08000000, "ipc");
        NAMES.put(0x10000000, "user");
        NAMES.put(0x20000000, "pid");
        NAMES.put(0x40000000, "network");
        NAMES.put(0x00000080, "time");
    }

    private Namespaces() {}

    static String words(int flags) {
        return NAMES.entrySet().stream()
                .filter(entry -> (flags & entry.getKey()) != 0)
                .map(Map.Entry::getValue)
                .collect(Collectors.joining(", "));
    }
}
