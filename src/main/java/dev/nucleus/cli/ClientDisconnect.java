package dev.nucleus.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** The end of a client's connection. */
final class ClientDisconnect {

    private static final Executor THREADS = ReaderThreads.named("client-");

    private ClientDisconnect() {}

    /** Completed when the client has left, or has been interrupted. */
    static CompletableFuture<Void> of(Session session) {
        return CompletableFuture.runAsync(session::awaitLeft, THREADS);
    }
}
