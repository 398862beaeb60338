package dev.nucleus.network;

import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Protocol;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Passes connections to {@code [::1]} on to the same port of 127.0.0.1, which is forwarded to containers: the kernel can't
 * translate an IPv6 loopback address (there is no route_localnet for it).
 */
final class LoopbackForwarder implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(LoopbackForwarder.class);
    private static final int BUFFER = 16_384;

    private static final int MAX_CONNECTIONS = 256;

    private final Semaphore connections = new Semaphore(MAX_CONNECTIONS);
    private final ServerSocketChannel listener;
    private final int port;

    private LoopbackForwarder(ServerSocketChannel listener, int port) {
        this.listener = listener;
        this.port = port;
    }

    /**
     * Empty if the host has no IPv6.
     *
     * @throws InvalidSpecException naming the program that has the port
     */
    static Optional<LoopbackForwarder> open(int port) {
        try {
            ServerSocketChannel listener = ServerSocketChannel.open();
            try {
                listener.bind(new InetSocketAddress(InetAddress.ofLiteral("::1"), port));
            } catch (IOException | RuntimeException e) {
                listener.close();
                throw e;
            }
            var forwarder = new LoopbackForwarder(listener, port);
            Thread.ofVirtual().name("forward-" + port).start(forwarder::accept);
            return Optional.of(forwarder);
        } catch (BindException e) {
            if (!String.valueOf(e.getMessage()).contains("in use")) {
                return Optional.empty();
            }
            throw new InvalidSpecException("ports: [::1]:" + port + "/tcp is used by "
                    + PortOwner.of(InetAddress.ofLiteral("::1"), port, Protocol.TCP)
                            .orElse("another program")
                    + ", which would get the connections of clients on this host that use IPv6;"
                    + " stop it, or publish another port");
        } catch (IOException e) {
            log.warn("can't forward [::1]:{} to 127.0.0.1:{}: {}", port, port, e.toString());
            return Optional.empty();
        }
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                SocketChannel client = listener.accept();
                if (!connections.tryAcquire()) {
                    client.close();
                    continue;
                }
                Thread.ofVirtual().start(() -> forward(client));
            } catch (AsynchronousCloseException e) {
                return;
            } catch (IOException e) {
                log.warn("no longer forwarding [::1]:{} to 127.0.0.1:{}: {}", port, port, e.toString());
                close();
                return;
            }
        }
    }

    /** A permit of the semaphore, released on close. */
    private interface Permit extends AutoCloseable {
        @Override
        void close();
    }

    private void forward(SocketChannel client) {
        try (client;
                Permit _ = connections::release;
                SocketChannel server = SocketChannel.open()) {
            server.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
            Thread back = Thread.ofVirtual().start(() -> copy(server, client));
            copy(client, server);
            back.join();
        } catch (IOException e) {
            log.debug("a connection to [::1]:{} ended: {}", port, e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Copies until end of stream, then shuts down the output of the other side (half-close). */
    private static void copy(SocketChannel from, SocketChannel to) {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        try {
            while (from.read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
                buffer.clear();
            }
            to.shutdownOutput();
        } catch (ClosedChannelException e) {
            // The other side has ended the connection.
            return;
        } catch (IOException e) {
            closeQuietly(from);
            closeQuietly(to);
        }
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("can't close a forwarded connection: {}", e.toString());
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            log.debug("can't close the listener on [::1]:{}: {}", port, e.toString());
        }
    }
}
