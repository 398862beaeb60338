package dev.nucleus.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** The end of a client's connection. */
final class ClientDisconnect {

    private static final Executor THREADS = ReaderThreads.named("client-");

    private ClientDisconnect() {}

    /** Completes when the client has disconnected or was interrupted. */
    static CompletableFuture<Void> of(Session session) {
        return CompletableFuture.runAsync(session::awaitDisconnect, THREADS);
    }
}
