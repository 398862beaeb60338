package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;

/** Sets the times of files (utimensat(2)). */
final class FileTimes {

    private static final int TIMESPEC = 16;
    /** Leaves the time of the last access unchanged. */
    private static final long UTIME_OMIT = (1L << 30) - 2;

    private FileTimes() {}

    /** Sets the time of the last change of content of the descriptor's file. */
    static void setModified(Descriptor descriptor, Instant modified, String label) throws IOException {
        byte[] path = FileName.terminated(descriptor.path().toString().getBytes(Directory.pathEncoding()));
        ByteBuffer times = ByteBuffer.allocate(2 * TIMESPEC).order(ByteOrder.nativeOrder());
        times.putLong(0).putLong(UTIME_OMIT);
        times.putLong(modified.getEpochSecond()).putLong(modified.getNano());
        SystemCall.check(label, () -> Libc.INSTANCE.utimensat(Descriptor.AT_FDCWD, path, times.array(), 0));
    }
}
