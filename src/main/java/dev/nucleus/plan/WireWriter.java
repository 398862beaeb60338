package dev.nucleus.plan;

import dev.nucleus.text.ArgumentText;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** Writes little-endian, length-prefixed values; the counterpart of native/src/base/wire.c. */
public final class WireWriter {

    private static final int MAX_ELEMENTS = 1 << 20;

    private ByteBuffer buffer;

    public WireWriter(int capacity) {
        buffer = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            int capacity = Math.max(buffer.capacity() * 2, buffer.position() + bytes);
            buffer =
                    ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN).put(buffer.flip());
        }
        return buffer;
    }

    public WireWriter u8(int value) {
        room(1).put((byte) value);
        return this;
    }

    public WireWriter bool(boolean value) {
        return u8(value ? 1 : 0);
    }

    public WireWriter u16(int value) {
        room(2).putShort((short) value);
        return this;
    }

    public WireWriter u32(int value) {
        room(4).putInt(value);
        return this;
    }

    /** The longest duration that {@link #millis} can encode: 49 days. */
    public static final long MAX_MILLIS = 0xffff_ffffL;

    /** A duration as u32 milliseconds, rounded up, and capped at {@link #MAX_MILLIS}. */
    public WireWriter millis(Duration duration) {
        long millis = TimeUnit.MILLISECONDS.convert(duration);
        boolean rounded = millis < Long.MAX_VALUE && duration.compareTo(Duration.ofMillis(millis)) > 0;
        return u32((int) Math.clamp(rounded ? millis + 1 : millis, 0, MAX_MILLIS));
    }

    public WireWriter u64(long value) {
        room(8).putLong(value);
        return this;
    }

    public WireWriter bytes(byte[] value) {
        u32(value.length);
        room(value.length).put(value);
        return this;
    }

    /** Bytes without a length prefix, bounded by the frame's own length. */
    public WireWriter raw(byte[] value, int offset, int length) {
        room(length).put(value, offset, length);
        return this;
    }

    /**
     * A string with a terminating NUL.
     *
     * @throws IllegalArgumentException when it contains a NUL itself
     */
    public WireWriter string(String value) {
        byte[] encoded = ArgumentText.encode(value);
        for (byte part : encoded) {
            if (part == 0) {
                throw new IllegalArgumentException("a string on the wire can't contain a NUL: " + value);
            }
        }
        u32(encoded.length + 1);
        room(encoded.length + 1).put(encoded).put((byte) 0);
        return this;
    }

    public <T> WireWriter list(List<T> values, BiConsumer<WireWriter, T> each) {
        if (values.size() > MAX_ELEMENTS) {
            throw new IllegalArgumentException(values.size() + " elements are too many for the wire");
        }
        u32(values.size());
        values.forEach(value -> each.accept(this, value));
        return this;
    }

    public WireWriter strings(List<String> values) {
        return list(values, WireWriter::string);
    }

    /** The bytes written, ready to be read. */
    public ByteBuffer finish() {
        return buffer.flip();
    }
}
