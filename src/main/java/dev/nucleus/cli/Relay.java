package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spawner.ShimConnection;
import dev.nucleus.spec.Signal;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries what a client sends to a process: input, signals, the size of its terminal. One thread reads the client. */
final class Relay {

    private static final Logger log = LoggerFactory.getLogger(Relay.class);

    /** Ctrl-P, Ctrl-Q: leaves the process to itself, as Docker has it. */
    private static final byte[] LEAVE = {0x10, 0x11};

    private final Session session;
    private final Container container;
    private final ShimConnection connection;
    private final int id;
    private final BooleanSupplier going;
    private final Runnable left;
    private boolean leaves;
    private int matched;

    /**
     * @param id 0: the workload; else of a process beside it
     * @param going whether there is still somebody to carry to
     * @param left what follows when the client has gone while the process goes on
     */
    Relay(
            Session session,
            Container container,
            ShimConnection connection,
            int id,
            BooleanSupplier going,
            Runnable left) {
        this.session = session;
        this.container = container;
        this.connection = connection;
        this.id = id;
        this.going = going;
        this.left = left;
    }

    /** With it, the keys that leave the process to itself are heard. */
    Relay thatCanBeLeft() {
        leaves = true;
        return this;
    }

    void start() {
        Thread.ofVirtual().name("relay").start(() -> {
            try {
                carry();
            } catch (IOException e) {
                log.debug("'{}' takes no more: {}", container.name(), e.toString());
            }
        });
    }

    private void carry() throws IOException {
        while (going.getAsBoolean()) {
            switch (session.next()) {
                case Session.Incoming.Input(var bytes) -> {
                    if (leaves && leaving(bytes)) {
                        left.run();
                        return;
                    }
                    connection.input(id, bytes, 0, bytes.length);
                }
                case Session.Incoming.InputEnd() -> connection.endInput(id);
                case Session.Incoming.Resized(var size) -> resize(size);
                case Session.Incoming.SignalSent(var number) -> signal(new Signal(number));
                case Session.Incoming.Gone() -> {
                    if (going.getAsBoolean()) {
                        left.run();
                    }
                    return;
                }
            }
        }
    }

    private boolean leaving(byte[] bytes) {
        for (byte key : bytes) {
            matched = key == LEAVE[matched] ? matched + 1 : key == LEAVE[0] ? 1 : 0;
            if (matched == LEAVE.length) {
                return true;
            }
        }
        return false;
    }

    /** Too late is no failure: the process may have ended meanwhile. */
    private void resize(LaunchPlan.Terminal size) {
        try {
            container.shim().resize(id, size);
        } catch (IOException e) {
            log.debug("'{}' has no terminal any more: {}", container.name(), e.toString());
        }
    }

    private void signal(Signal signal) throws IOException {
        if (id == 0) {
            container.shim().signal(signal);
        } else {
            container.shim().signalExec(id, signal);
        }
    }
}
