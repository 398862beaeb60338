package dev.nucleus.cli;

import dev.nucleus.audit.CommandReceived;
import dev.nucleus.lifecycle.LifecyclePhase;
import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.settings.PrivateDirectories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Listens for the thin client on {@code <run-dir>/nucleus.sock}. Runs only commands of root and of the manager's own
 * user; the kernel identifies the peer (SO_PEERCRED, unix(7)).
 */
@Component
final class CommandServer implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(CommandServer.class);
    private static final int BACKLOG = 256;

    private final Path directory;
    private final Path socket;
    private final Commands commands;
    private final ApplicationEventPublisher events;
    private final Set<String> allowed = Set.copyOf(List.of("root", System.getProperty("user.name")));
    private final Executor threads = ReaderThreads.named("command-");
    private volatile @Nullable ServerSocketChannel listener;

    CommandServer(NucleusProperties properties, Commands commands, ApplicationEventPublisher events) {
        this.directory = properties.run();
        this.socket = directory.resolve("nucleus.sock");
        this.commands = commands;
        this.events = events;
    }

    @Override
    public void start() {
        try {
            PrivateDirectories.create(directory);
            removeStale();
            ServerSocketChannel opened = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            opened.bind(UnixDomainSocketAddress.of(socket), BACKLOG);
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            listener = opened;
        } catch (IOException e) {
            throw new UncheckedIOException("can't listen on " + socket + ": " + e.getMessage(), e);
        }
    }

    /**
     * Starts to accept clients. Earlier connections have waited in the backlog: the containers and replicas that their
     * commands name are known only now. An earlier warm-up would have taken CPU time from the startup.
     */
    @EventListener
    void on(ApplicationReadyEvent event) {
        ServerSocketChannel opened = listener;
        if (opened != null) {
            Thread.ofPlatform().daemon().name("command-server").start(() -> accept(opened));
        }
        Thread.ofVirtual().name("warm-up").start(commands::warmUp);
    }

    /** Removes the socket of a killed manager, but not one on which another manager listens. */
    private void removeStale() throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            Files.deleteIfExists(socket);
            return;
        }
        throw new IOException("another manager is listening there");
    }

    /**
     * The thread that accepted a client also serves it, while another thread accepts the next one: this saves a wake-up
     * per command.
     */
    private void accept(ServerSocketChannel opened) {
        while (opened.isOpen()) {
            try {
                SocketChannel client = opened.accept();
                if (acceptElsewhere(opened)) {
                    serve(client);
                    return;
                }
                client.close();
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                log.warn("can't accept a client: {}", e.toString());
            }
        }
    }

    /** Continues to accept clients in another thread. A failure to start one must not end the accept loop. */
    private boolean acceptElsewhere(ServerSocketChannel opened) {
        try {
            threads.execute(() -> accept(opened));
            return true;
        } catch (OutOfMemoryError e) {
            log.error("can't start a thread for a client, so its command is not run: {}", e.toString());
            return false;
        }
    }

    private void serve(SocketChannel client) {
        try (client) {
            var session = new Session(client);
            String user = peerUser(client);
            List<String> arguments = session.readCommand();
            if (!allowed.contains(user)) {
                log.warn("refused a command from user {}", user);
                // Before the answer: the audit trail records the refusal even if the client does not read it.
                events.publishEvent(new CommandReceived(user, arguments, Commands.REFUSED));
                session.writer(true).println("nucleus: only root and the manager's own user may run commands");
                session.exit(Commands.REFUSED);
                return;
            }
            if (session.hasDisconnected()) {
                // The client was interrupted while its command waited for this manager.
                log.warn("a command from user {} is not run: its client has disconnected", user);
                events.publishEvent(new CommandReceived(user, arguments, Commands.REFUSED));
                return;
            }
            carryOut(session, user, arguments);
        } catch (IOException e) {
            log.debug("a client disconnected: {}", e.toString());
        }
        commands.prepare();
    }

    /** Runs the command, which is recorded in the audit trail even if its client has disconnected. */
    private void carryOut(Session session, String user, List<String> arguments) throws IOException {
        int code = Commands.REFUSED;
        try {
            code = commands.execute(session, arguments);
            session.exit(code);
        } finally {
            events.publishEvent(new CommandReceived(user, arguments, code));
        }
    }

    /** @throws IOException when the peer can't be identified, for example because it has disconnected */
    private static String peerUser(SocketChannel client) throws IOException {
        return client.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
    }

    @Override
    public void stop() {
        ServerSocketChannel open = listener;
        listener = null;
        if (open != null) {
            try {
                open.close();
                Files.deleteIfExists(socket);
            } catch (IOException e) {
                log.warn("can't remove {}: {}", socket, e.toString());
            }
        }
    }

    @Override
    public boolean isRunning() {
        return listener != null;
    }

    /** The socket opens last and closes first. */
    @Override
    public int getPhase() {
        return LifecyclePhase.COMMAND_SERVER.phase();
    }
}
