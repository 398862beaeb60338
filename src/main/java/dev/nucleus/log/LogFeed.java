package dev.nucleus.log;

import dev.nucleus.shim.Shim;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimException;
import dev.nucleus.shim.ShimMessage;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A container's log as it grows, for any number of readers over one connection to its shim, which is open while there
 * are any.
 *
 * <p>The last {@value #BUFFER} bytes are in a buffer that all readers share. A reader that is further behind reads the
 * files that the shim writes, at its own pace: it holds up no other reader and occupies no memory. {@code lock} guards
 * every field that changes.
 */
public final class LogFeed {

    private static final Logger log = LoggerFactory.getLogger(LogFeed.class);
    private static final int BUFFER = 65_536;
    private static final int CHUNK = 16_384;

    private final Shim shim;
    private final ContainerLog files;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable Subscription current;

    public LogFeed(Shim shim, ContainerLog files) {
        this.shim = shim;
        this.files = files;
    }

    /**
     * Opens a reader.
     *
     * @param offset of the first byte to read; bytes that have been rotated away are skipped
     */
    public Reader open(long offset) {
        lock.lock();
        try {
            Subscription subscription = current;
            if (subscription == null || subscription.ended) {
                subscription = new Subscription();
                current = subscription;
                Thread.ofVirtual().name("log-feed").start(subscription::receive);
            }
            subscription.readers++;
            return new Reader(subscription, offset);
        } finally {
            lock.unlock();
        }
    }

    /** One connection to the shim, and the end of the log that was received over it. */
    private final class Subscription {

        private final byte[] buffer = new byte[BUFFER];
        private int readers;
        private boolean begun;
        private boolean ended;
        /** Offset of the oldest byte in the buffer. */
        private long start;
        /** Offset after the newest byte in the buffer. */
        private long end;

        private @Nullable ShimConnection connection;
        private @Nullable ShimException refusal;

        private void receive() {
            try {
                long from = files.end();
                try (ShimConnection opened = shim.log(from, true)) {
                    if (begin(opened, from)) {
                        receive(opened);
                    }
                }
            } catch (IOException e) {
                log.debug("the log can't be followed any more: {}", e.toString());
            } finally {
                end();
            }
        }

        private void receive(ShimConnection opened) throws IOException {
            Optional<ShimMessage> message = opened.receive();
            while (message.isPresent() && message.get() instanceof ShimMessage.Data(var offset, var bytes)) {
                append(offset, bytes);
                message = opened.receive();
            }
            if (message.isPresent() && message.get() instanceof ShimMessage.Error error) {
                refuse(error.failure());
            }
        }

        /** @return false when there are no readers left */
        private boolean begin(ShimConnection opened, long from) {
            lock.lock();
            try {
                connection = opened;
                begun = true;
                start = from;
                end = from;
                // Wakes waiting readers: they can now read the output that precedes this connection.
                changed.signalAll();
                return readers > 0;
            } finally {
                lock.unlock();
            }
        }

        private void append(long offset, byte[] bytes) {
            lock.lock();
            try {
                if (offset != end) {
                    // The shim skipped bytes that it had rotated away.
                    start = offset;
                }
                for (int done = 0; done < bytes.length; ) {
                    int at = (int) ((offset + done) % BUFFER);
                    int length = Math.min(bytes.length - done, BUFFER - at);
                    System.arraycopy(bytes, done, buffer, at, length);
                    done += length;
                }
                end = offset + bytes.length;
                start = Math.max(start, end - BUFFER);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        private void refuse(ShimException why) {
            lock.lock();
            try {
                refusal = why;
            } finally {
                lock.unlock();
            }
        }

        private void end() {
            lock.lock();
            try {
                ended = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        /** Whether the buffer holds the byte at an offset. */
        private boolean holds(long offset) {
            return offset >= start && offset < end;
        }

        private byte[] copy(long offset) {
            var bytes = new byte[(int) Math.min(CHUNK, end - offset)];
            for (int done = 0; done < bytes.length; ) {
                int at = (int) ((offset + done) % BUFFER);
                int length = Math.min(bytes.length - done, BUFFER - at);
                System.arraycopy(buffer, at, bytes, done, length);
                done += length;
            }
            return bytes;
        }
    }

    /** One reader; one thread reads, any may close. */
    public final class Reader implements AutoCloseable {

        private final Subscription subscription;
        private long offset;
        private boolean closed;

        private Reader(Subscription subscription, long offset) {
            this.subscription = subscription;
            this.offset = offset;
        }

        /**
         * Waits for the next chunk. Its offset is beyond the end of the previous one if the bytes between were rotated
         * away.
         *
         * @return empty if the log has ended, or this reader is closed
         * @throws ShimException when the shim refuses to be followed
         */
        public Optional<ContainerLog.Chunk> next() throws IOException, InterruptedException {
            while (true) {
                long until;
                lock.lockInterruptibly();
                try {
                    while (!closed && !subscription.ended && (!subscription.begun || offset >= subscription.end)) {
                        changed.await();
                    }
                    if (closed) {
                        return Optional.empty();
                    }
                    if (subscription.holds(offset)) {
                        return Optional.of(advance(new ContainerLog.Chunk(offset, subscription.copy(offset))));
                    }
                    // Until the shim has exited, a record beyond what it has announced may be half written.
                    until = subscription.ended ? Long.MAX_VALUE : subscription.end;
                } finally {
                    lock.unlock();
                }
                Optional<ContainerLog.Chunk> kept = files.read(offset, until);
                if (kept.isPresent()) {
                    return Optional.of(advance(kept.get()));
                }
                if (until == Long.MAX_VALUE) {
                    refused();
                    return Optional.empty();
                }
                // The bytes were rotated away a moment ago: the buffer has the oldest that are left.
                skipToBuffer();
            }
        }

        private ContainerLog.Chunk advance(ContainerLog.Chunk chunk) {
            offset = chunk.offset() + chunk.bytes().length;
            return chunk;
        }

        private void refused() throws ShimException {
            lock.lock();
            try {
                ShimException refusal = subscription.refusal;
                if (refusal != null) {
                    throw refusal;
                }
            } finally {
                lock.unlock();
            }
        }

        /** How many bytes this reader has not read yet. */
        public long behind() {
            lock.lock();
            try {
                return Math.max(0, subscription.end - offset);
            } finally {
                lock.unlock();
            }
        }

        /** Skips all but the last bytes, up to {@value #BUFFER} of them; the first may lie within a line. */
        public void skipToBuffer() {
            lock.lock();
            try {
                offset = Math.max(offset, subscription.start);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            ShimConnection last = null;
            lock.lock();
            try {
                if (closed) {
                    return;
                }
                closed = true;
                subscription.readers--;
                if (subscription.readers == 0) {
                    last = subscription.connection;
                    if (current == subscription) {
                        current = null;
                    }
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            if (last != null) {
                last.close();
            }
        }
    }
}
