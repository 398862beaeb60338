package dev.nucleus.network;

import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Protocol;
import dev.nucleus.spec.PublishedPort;
import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A socket that holds a published port, so that no other program takes it. Nothing arrives at it: connections go to
 * containers or are refused before.
 */
final class PortReservation implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(PortReservation.class);

    /** As MASQUERADE_FIRST_PORT in native/src/net/ruleset.h. */
    private static final int FIRST_TRANSLATED = 61_000;

    private static final int MAX_ATTEMPTS = 100;

    private final Closeable socket;
    private final int port;

    private PortReservation(Closeable socket, int port) {
        this.socket = socket;
        this.port = port;
    }

    /**
     * Takes the port, or any that is free if it is 0.
     *
     * @throws InvalidSpecException naming the program that has it
     */
    static PortReservation of(PublishedPort published) {
        var unusable = new ArrayList<PortReservation>();
        try {
            PortReservation reservation = reserve(published);
            // The host's ephemeral ports may include some of these.
            while (published.hostPort() == 0
                    && isTranslated(published, reservation)
                    && unusable.size() < MAX_ATTEMPTS) {
                unusable.add(reservation);
                reservation = reserve(published);
            }
            if (isTranslated(published, reservation)) {
                reservation.close();
                throw new InvalidSpecException("ports: " + published.hostSide() + " can't be published: connections of"
                        + " containers to other hosts use the ports from " + FIRST_TRANSLATED
                        + " on; publish a lower one"
                        + (published.hostPort() == 0 ? ", or lower net.ipv4.ip_local_port_range" : ""));
            }
            return reservation;
        } catch (BindException e) {
            throw refused(published, e);
        } catch (IOException e) {
            throw new InvalidSpecException("ports: can't publish " + published.hostSide() + ": " + e.getMessage());
        } finally {
            unusable.forEach(PortReservation::close);
        }
    }

    private static PortReservation reserve(PublishedPort published) throws IOException {
        var wanted = new InetSocketAddress(published.address(), published.hostPort());
        return published.protocol() == Protocol.TCP ? tcp(wanted) : udp(wanted);
    }

    private static boolean isTranslated(PublishedPort published, PortReservation reservation) {
        return reservation.port >= FIRST_TRANSLATED && !published.address().isLoopbackAddress();
    }

    /** In place of a reservation that could not be made. */
    static PortReservation missing(int port) {
        return new PortReservation(() -> {}, port);
    }

    private static InvalidSpecException refused(PublishedPort published, BindException e) {
        String message = String.valueOf(e.getMessage());
        if (message.contains("assign")) {
            return new InvalidSpecException("ports: " + published.hostSide() + " can't be published: "
                    + "no interface of this host has that address");
        }
        if (message.contains("ermission")) {
            return new InvalidSpecException("ports: " + published.hostSide() + " can't be published by user "
                    + System.getProperty("user.name") + ": ports below net.ipv4.ip_unprivileged_port_start need root");
        }
        return new InvalidSpecException("ports: " + published.hostSide() + "/" + published.protocol() + " is used by "
                + PortOwner.of(published.address(), published.hostPort(), published.protocol())
                        .orElse("another program")
                + "; stop it, or publish another port");
    }

    private static PortReservation tcp(InetSocketAddress wanted) throws IOException {
        ServerSocketChannel socket = ServerSocketChannel.open(family(wanted));
        try {
            socket.bind(wanted, 1);
            return new PortReservation(socket, ((InetSocketAddress) socket.getLocalAddress()).getPort());
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static PortReservation udp(InetSocketAddress wanted) throws IOException {
        DatagramChannel socket = DatagramChannel.open(family(wanted));
        try {
            socket.setOption(StandardSocketOptions.SO_REUSEADDR, false);
            socket.bind(wanted);
            return new PortReservation(socket, ((InetSocketAddress) socket.getLocalAddress()).getPort());
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Otherwise 0.0.0.0 would be taken for every IPv6 address too. */
    private static ProtocolFamily family(InetSocketAddress address) {
        return address.getAddress() instanceof Inet4Address
                ? StandardProtocolFamily.INET
                : StandardProtocolFamily.INET6;
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            log.debug("can't close the socket that reserves port {}: {}", port, e.toString());
        }
    }
}
