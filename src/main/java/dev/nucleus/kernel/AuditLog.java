package dev.nucleus.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The kernel's audit records, which any process with CAP_AUDIT_READ may read beside the audit daemon. They exist only
 * while auditing is enabled ({@code auditctl -e 1}). One thread reads; any thread may close.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/netlink.7.html">netlink(7), NETLINK_AUDIT</a>
 */
public final class AuditLog implements AutoCloseable {

    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 02000000;
    private static final int NETLINK_AUDIT = 9;
    private static final int READ_LOG = 1;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int HEADER = 16;
    private static final int MAX_MESSAGE = 9_000;

    private final int descriptor;
    private volatile boolean closed;

    /**
     * @param type record type of linux/audit.h
     * @param text {@code audit(SECONDS.MILLIS:SERIAL): key=value …}
     */
    public record Entry(int type, String text) {}

    private AuditLog(int descriptor) {
        this.descriptor = descriptor;
    }

    /** Opens the log; empty if this process may not read it, or the kernel has none. */
    public static Optional<AuditLog> open() {
        int descriptor = Libc.INSTANCE.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_AUDIT);
        if (descriptor < 0) {
            return Optional.empty();
        }
        byte[] address = order(ByteBuffer.allocate(12))
                .putShort((short) AF_NETLINK)
                .putShort((short) 0)
                .putInt(0)
                .putInt(READ_LOG)
                .array();
        byte[] second = order(ByteBuffer.allocate(16)).putLong(1).putLong(0).array();
        if (Libc.INSTANCE.bind(descriptor, address, address.length) < 0
                || Libc.INSTANCE.setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, second, second.length) < 0) {
            Libc.INSTANCE.close(descriptor);
            return Optional.empty();
        }
        return Optional.of(new AuditLog(descriptor));
    }

    private static ByteBuffer order(ByteBuffer buffer) {
        return buffer.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Waits for the next record; empty: the log was closed. */
    public Optional<Entry> receive() {
        byte[] bytes = new byte[MAX_MESSAGE];
        while (!closed) {
            long got = Libc.INSTANCE.recv(descriptor, bytes, bytes.length, 0);
            // A negative result is the one-second timeout, or records that were lost because too many arrived at once.
            if (got > HEADER) {
                int type = order(ByteBuffer.wrap(bytes)).getShort(4) & 0xffff;
                return Optional.of(
                        new Entry(type, new String(bytes, HEADER, (int) got - HEADER, StandardCharsets.UTF_8)));
            }
        }
        Libc.INSTANCE.close(descriptor);
        return Optional.empty();
    }

    @Override
    public void close() {
        closed = true;
    }
}
