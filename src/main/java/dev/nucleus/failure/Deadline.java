package dev.nucleus.failure;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a channel at a deadline, which wakes a thread that is connecting, reading or writing, unless it is cancelled
 * before.
 */
public final class Deadline implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Deadline.class);

    private final CompletableFuture<Boolean> over;

    /** @param after time until the deadline */
    public Deadline(Duration after, SocketChannel channel) {
        over = new CompletableFuture<Boolean>()
                .completeOnTimeout(true, TimeUnit.NANOSECONDS.convert(after), TimeUnit.NANOSECONDS);
        Callbacks.then(over, "close a connection after its deadline", passed -> {
            if (passed) {
                close(channel);
            }
        });
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("can't close a channel: {}", e.toString());
        }
    }

    /** Whether the deadline passed before {@link #close()}. */
    public boolean passed() {
        return over.getNow(false);
    }

    /** Cancels the deadline. */
    @Override
    public void close() {
        over.complete(false);
    }
}
