package dev.nucleus.kernel;

import java.io.IOException;

/**
 * The data of a file; the gaps are holes, which read as zeros and occupy no space (lseek(2), SEEK_DATA). A file system
 * without support for holes reports the whole file as data.
 */
public final class DataRanges implements AutoCloseable {

    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int ENXIO = 6;

    private final Descriptor descriptor;
    private final String label;

    DataRanges(Descriptor descriptor, String label) {
        this.descriptor = descriptor;
        this.label = label;
    }

    /** The first offset with data at or after this one; {@link Long#MAX_VALUE}: there is none. */
    public long nextData(long offset) throws IOException {
        return seek(offset, SEEK_DATA);
    }

    /**
     * The offset of the first hole at or after this one; the end of the file is a hole; {@link Long#MAX_VALUE}: past
     * the end.
     */
    public long nextHole(long offset) throws IOException {
        return seek(offset, SEEK_HOLE);
    }

    private long seek(long offset, int whence) throws IOException {
        long result = SystemCall.result(() -> Libc.INSTANCE.lseek(descriptor.number(), offset, whence));
        if (result == -ENXIO) {
            return Long.MAX_VALUE;
        }
        if (result == -SystemCall.EINVAL) {
            return whence == SEEK_DATA ? offset : Long.MAX_VALUE;
        }
        if (result < 0) {
            throw SystemCall.failure(label, (int) -result);
        }
        return result;
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
