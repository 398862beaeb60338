package dev.nucleus.spawner;

import dev.nucleus.failure.Callbacks;
import dev.nucleus.spec.Durations;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a channel when its time is over, which wakes a thread that connects, reads or writes; unless it is closed before.
 */
public final class Deadline implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Deadline.class);

    private final CompletableFuture<Boolean> over;

    /** @param after from now on */
    public Deadline(Duration after, SocketChannel channel) {
        over = new CompletableFuture<Boolean>().completeOnTimeout(true, Durations.nanos(after), TimeUnit.NANOSECONDS);
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
            log.debug("a channel that is closed already: {}", e.toString());
        }
    }

    /** Whether it came before {@link #close()}. */
    public boolean passed() {
        return over.getNow(false);
    }

    /** From now on there is none. */
    @Override
    public void close() {
        over.complete(false);
    }
}
