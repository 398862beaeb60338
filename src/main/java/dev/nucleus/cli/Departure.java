package dev.nucleus.cli;

import java.util.concurrent.CompletableFuture;

/** The end of a client's connection, which commands without an end of their own wait for. */
final class Departure {

    private Departure() {}

    /** Completed when the client has left, or has been interrupted. */
    static CompletableFuture<Void> of(Session session) {
        var left = new CompletableFuture<Void>();
        Thread.ofVirtual().name("client").start(() -> {
            session.awaitLeft();
            left.complete(null);
        });
        return left;
    }
}
