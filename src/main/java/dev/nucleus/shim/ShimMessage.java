package dev.nucleus.shim;

import dev.nucleus.plan.LaunchStep;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A message from a shim ({@link Answer}). */
public sealed interface ShimMessage {

    /** When each step of the launch was done, counted from the request's arrival at the spawner. */
    record Steps(Map<LaunchStep, Duration> done) implements ShimMessage {}

    /** Everything is done but the command, which waits to be started. */
    record Created(int pid, long startTicks) implements ShimMessage {}

    /** @param startTicks start time in clock ticks since boot; with the PID it identifies the process uniquely */
    record Started(int pid, long startTicks, Instant at) implements ShimMessage {}

    /** @param errno as errno(3) numbers it */
    record Failed(LaunchStep step, int errno, String detail) implements ShimMessage {}

    /** A layer was left out, as the plan allowed. */
    record Warning(LaunchStep step, int errno, String detail) implements ShimMessage {}

    /** @param hooksFollow whether hooks run now, about which warnings may arrive until the shim exits */
    record Exited(ExitStatus status, Instant at, boolean hooksFollow) implements ShimMessage {}

    /** @param offset of the first byte in its stream */
    record Data(long offset, byte[] bytes) implements ShimMessage {}

    record End() implements ShimMessage {}

    record ExecStarted(int id, int pid) implements ShimMessage {}

    /** @param output the beginning of the output of a captured command */
    record ExecExited(int id, ExitStatus status, boolean timedOut, byte[] output) implements ShimMessage {}

    /**
     * The activity of PID 1 since the previous report; sent once a second at most.
     *
     * @param reaped number of orphaned processes that it reaped
     * @param forwarded the numbers of the signals that it passed to the workload, each once
     */
    record Init(int reaped, List<Integer> forwarded) implements ShimMessage {

        static Init of(int reaped, long signals) {
            return new Init(
                    reaped,
                    IntStream.rangeClosed(1, Long.SIZE)
                            .filter(number -> (signals >>> (number - 1) & 1) != 0)
                            .boxed()
                            .toList());
        }
    }

    /** @param text one datagram of sd_notify(3) */
    record Notified(String text) implements ShimMessage {}

    /** @param bytes the record that the shim received with its plan, unchanged */
    record Recorded(byte[] bytes) implements ShimMessage {}

    /** @param bytes what the network helper knows, in the format of the request */
    record Network(byte[] bytes) implements ShimMessage {}

    record Ok() implements ShimMessage {}

    /** @param text what was attempted */
    record Error(int errno, String text) implements ShimMessage {

        public ShimException failure() {
            return new ShimException(text + ": " + Errno.describe(errno));
        }
    }

    record Dialed() implements ShimMessage {}

    /** One line of the table of denials, which ends with {@link End}. */
    record Denied(DenialRecord denial) implements ShimMessage {}

    /**
     * @throws IllegalArgumentException for a type this manager doesn't know
     */
    static ShimMessage decode(int type, ByteBuffer payload) {
        return switch (Answer.of(type)) {
            case STEPS -> new Steps(steps(payload));
            case STARTED -> new Started(payload.getInt(), payload.getLong(), instant(payload.getLong()));
            case FAILED -> new Failed(step(payload.get()), payload.getInt(), string(payload));
            case EXITED -> exited(payload);
            case DATA -> new Data(payload.getLong(), rest(payload));
            case END -> new End();
            case EXEC_STARTED -> new ExecStarted(payload.getInt(), payload.getInt());
            case EXEC_EXITED ->
                new ExecExited(
                        payload.getInt(),
                        ExitStatus.ofWaitStatus(payload.getInt()),
                        payload.get() != 0,
                        bytes(payload));
            case OK -> new Ok();
            case NETWORK -> new Network(rest(payload));
            case ERROR -> new Error(payload.getInt(), string(payload));
            case DIALED -> new Dialed();
            case NOTIFIED -> new Notified(string(payload));
            case RECORD -> new Recorded(rest(payload));
            case INIT -> Init.of(payload.getInt(), payload.getLong());
            case CREATED -> new Created(payload.getInt(), payload.getLong());
            case DENIAL -> new Denied(DenialRecord.parse(rest(payload)));
            case WARNING -> new Warning(step(payload.get()), payload.getInt(), string(payload));
        };
    }

    private static Exited exited(ByteBuffer payload) {
        int status = payload.getInt();
        Instant at = instant(payload.getLong());
        // Shims of earlier versions send fewer fields.
        boolean outOfMemory = payload.hasRemaining() && payload.get() != 0;
        boolean hooksFollow = payload.hasRemaining() && payload.get() != 0;
        return new Exited(ExitStatus.ofWaitStatus(status, outOfMemory), at, hooksFollow);
    }

    private static Map<LaunchStep, Duration> steps(ByteBuffer payload) {
        var steps = new EnumMap<LaunchStep, Duration>(LaunchStep.class);
        int count = payload.get();
        for (int i = 0; i < count; i++) {
            steps.put(step(payload.get()), Duration.ofNanos(payload.getLong()));
        }
        return steps;
    }

    private static LaunchStep step(int ordinal) {
        return LaunchStep.values()[ordinal];
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(nanos / 1_000_000_000, nanos % 1_000_000_000);
    }

    private static byte[] bytes(ByteBuffer payload) {
        var bytes = new byte[payload.getInt()];
        payload.get(bytes);
        return bytes;
    }

    private static byte[] rest(ByteBuffer payload) {
        var bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return bytes;
    }

    private static String string(ByteBuffer payload) {
        byte[] bytes = bytes(payload);
        return new String(bytes, 0, bytes.length - 1, StandardCharsets.UTF_8);
    }
}
