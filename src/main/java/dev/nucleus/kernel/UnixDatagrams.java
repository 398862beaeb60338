package dev.nucleus.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Sends datagrams to Unix sockets, of which the JDK supports only streams (unix(7)). */
public final class UnixDatagrams {

    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 02000000;
    private static final int MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
    private static final int MAX_PATH = 107;

    private UnixDatagrams() {}

    /**
     * Sends a datagram, without waiting for a slow receiver.
     *
     * @param address a path, or {@code @} and a name in the abstract namespace
     * @return whether a receiver's queue accepted it
     */
    public static boolean send(String address, String text) {
        byte[] name = address.getBytes(StandardCharsets.UTF_8);
        if (name.length == 0 || name.length > MAX_PATH) {
            return false;
        }
        boolean isAbstract = name[0] == '@';
        if (isAbstract) {
            name[0] = 0;
        }
        byte[] socketAddress = ByteBuffer.allocate(2 + name.length + (isAbstract ? 0 : 1))
                .order(ByteOrder.nativeOrder())
                .putShort((short) AF_UNIX)
                .put(name)
                .array();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int descriptor = Libc.INSTANCE.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
        if (descriptor < 0) {
            return false;
        }
        try {
            return Libc.INSTANCE.sendto(
                            descriptor, bytes, bytes.length, MSG_DONTWAIT_NOSIGNAL, socketAddress, socketAddress.length)
                    == bytes.length;
        } finally {
            Libc.INSTANCE.close(descriptor);
        }
    }
}
