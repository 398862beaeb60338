package dev.nucleus.shim;

import java.nio.charset.StandardCharsets;
import tools.jackson.databind.json.JsonMapper;

/**
 * A kind of system call that a container's filter denied, as its shim counts them (native/src/shim/seccomp_notify.c).
 *
 * @param program name of the calling thread, which the workload itself chooses
 * @param architecture AUDIT_ARCH_* of the call
 * @param number of the system call
 * @param argument the argument that selects the operation, if the number alone doesn't; else 0
 * @param first CLOCK_REALTIME in nanoseconds
 */
public record DenialRecord(
        String program, long architecture, int number, long argument, long count, long first, long last) {

    /** Reads one line of JSON. */
    public static DenialRecord parse(byte[] json) {
        return parse(new String(json, StandardCharsets.UTF_8));
    }

    /** Reads one line of JSON. */
    public static DenialRecord parse(String json) {
        var node = JsonMapper.shared().readTree(json);
        return new DenialRecord(
                node.path("program").asString(),
                node.path("architecture").asLong(),
                node.path("number").asInt(),
                node.path("argument").bigIntegerValue().longValue(),
                node.path("count").asLong(),
                node.path("first").asLong(),
                node.path("last").asLong());
    }
}
