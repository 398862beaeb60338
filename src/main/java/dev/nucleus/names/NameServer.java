package dev.nucleus.names;

import dev.nucleus.failure.Deadline;
import dev.nucleus.network.NetworkProperties;
import dev.nucleus.network.Networks;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;

/**
 * The resolver of containers: listens at the gateways of their networks, for UDP and TCP, and answers by who asks. While
 * no manager runs, queries are not answered; see native/src/net/ruleset.c.
 */
@Component
final class NameServer implements DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(NameServer.class);
    /** The same as in native/src/net/ruleset.h, which leads port 53 here. */
    private static final int PORT = 1_013;

    private static final int LARGEST = 65_535;
    private static final int SMALLEST_UDP = 512;
    private static final int LARGEST_UDP = 1_232;
    private static final int FORWARDED_AT_ONCE = 256;
    private static final Duration TCP_PATIENCE = Duration.ofSeconds(10);
    private static final int TCP_AT_ONCE = 64;
    private static final int FORWARDED_PER_CLIENT = 16;
    private static final int TCP_PER_CLIENT = 4;

    private final Networks networks;
    private final Upstream upstream;
    private final Semaphore forwarding = new Semaphore(FORWARDED_AT_ONCE);
    private final ClientQuota quota = new ClientQuota();
    private final ClientQuota tcpQuota = new ClientQuota();
    private final Semaphore connections = new Semaphore(TCP_AT_ONCE);
    /** Listeners by address; confined to {@link #follow}, which is synchronized by its lock. */
    private final Map<InetAddress, Sockets> sockets = new HashMap<>();

    private final ReentrantLock lock = new ReentrantLock();
    private volatile NameTable table = NameTable.EMPTY;

    private record Sockets(DatagramChannel udp, ServerSocketChannel tcp) {

        void close() throws IOException {
            udp.close();
            tcp.close();
        }
    }

    NameServer(Networks networks, NetworkProperties properties) {
        this.networks = networks;
        this.upstream = new Upstream(properties.dnsServers());
        networks.addListener(this::follow);
    }

    /** Takes over who is on which network, and listens at the gateways of new networks. */
    private void follow() {
        lock.lock();
        try {
            var views = networks.views();
            table = new NameTable(views);
            Set<InetAddress> gateways = new HashSet<>();
            views.forEach(network -> {
                gateways.add(network.subnet().at(1));
                network.subnet6().ifPresent(subnet -> gateways.add(subnet.at(1)));
            });
            sockets.entrySet().removeIf(entry -> !gateways.contains(entry.getKey()) && close(entry.getValue()));
            gateways.stream().filter(gateway -> !sockets.containsKey(gateway)).forEach(this::listen);
        } finally {
            lock.unlock();
        }
    }

    private static boolean close(Sockets removed) {
        try {
            removed.close();
        } catch (IOException e) {
            log.debug("a listener of a removed network is closed: {}", e.toString());
        }
        return true;
    }

    private void listen(InetAddress gateway) {
        var address = new InetSocketAddress(gateway, PORT);
        try {
            DatagramChannel udp = DatagramChannel.open();
            ServerSocketChannel tcp = ServerSocketChannel.open();
            try {
                udp.bind(address);
                tcp.bind(address);
            } catch (IOException | RuntimeException e) {
                udp.close();
                tcp.close();
                throw e;
            }
            sockets.put(gateway, new Sockets(udp, tcp));
            Thread.ofPlatform()
                    .daemon()
                    .name("names-" + gateway.getHostAddress())
                    .start(() -> serve(udp));
            Thread.ofVirtual().start(() -> serve(tcp));
        } catch (IOException e) {
            log.error("containers can't resolve names at {}: {}", gateway.getHostAddress(), e.toString());
        }
    }

    private void serve(DatagramChannel udp) {
        ByteBuffer received = ByteBuffer.allocateDirect(LARGEST);
        while (udp.isOpen()) {
            try {
                received.clear();
                SocketAddress from = udp.receive(received);
                received.flip();
                byte[] query = new byte[received.remaining()];
                received.get(query);
                answer(udp, query, (InetSocketAddress) from);
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException | RuntimeException e) {
                log.debug("a query was not answered: {}", e.toString());
            }
        }
    }

    private void answer(DatagramChannel udp, byte[] query, InetSocketAddress from) throws IOException {
        switch (Answers.to(query, from.getAddress(), table)) {
            case Answers.Reply.Answer(var message) -> udp.send(ByteBuffer.wrap(message.toWire(room(query))), from);
            case Answers.Reply.Ignore() -> {}
            case Answers.Reply.Forward() -> forward(udp, query, from);
        }
    }

    /** The bytes that an answer by UDP may have (RFC 6891). */
    private static int room(byte[] query) {
        try {
            OPTRecord options = new Message(query).getOPT();
            return options == null ? SMALLEST_UDP : Math.clamp(options.getPayloadSize(), SMALLEST_UDP, LARGEST_UDP);
        } catch (IOException e) {
            return SMALLEST_UDP;
        }
    }

    private void forward(DatagramChannel udp, byte[] query, InetSocketAddress from) {
        if (!quota.tryTake(from.getAddress(), FORWARDED_PER_CLIENT)) {
            return;
        }
        if (!forwarding.tryAcquire()) {
            // The client asks again.
            quota.giveBack(from.getAddress());
            return;
        }
        Thread.ofVirtual().start(() -> {
            try {
                udp.send(ByteBuffer.wrap(forwarded(query, false)), from);
            } catch (IOException e) {
                log.debug("an answer was not sent: {}", e.toString());
            } finally {
                forwarding.release();
                quota.giveBack(from.getAddress());
            }
        });
    }

    private byte[] forwarded(byte[] query, boolean tcp) throws IOException {
        Optional<byte[]> answer = upstream.ask(query, tcp);
        return answer.isPresent()
                ? answer.get()
                : Answers.response(new Message(query), Rcode.SERVFAIL).toWire();
    }

    private void serve(ServerSocketChannel tcp) {
        while (tcp.isOpen()) {
            try {
                SocketChannel client = tcp.accept();
                InetAddress from = client.socket().getInetAddress();
                if (!table.knows(from) || !tcpQuota.tryTake(from, TCP_PER_CLIENT)) {
                    client.close();
                    continue;
                }
                if (!connections.tryAcquire()) {
                    tcpQuota.giveBack(from);
                    client.close();
                    continue;
                }
                Thread.ofVirtual().start(() -> {
                    // Whatever the client does.
                    try (client;
                            var _ = new Deadline(TCP_PATIENCE, client)) {
                        serve(client.socket());
                    } catch (IOException | RuntimeException e) {
                        log.debug("a connection of a resolver's client ended: {}", e.toString());
                    } finally {
                        connections.release();
                        tcpQuota.giveBack(from);
                    }
                });
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                log.debug("a resolver's client was not accepted: {}", e.toString());
            }
        }
    }

    private void serve(Socket client) throws IOException {
        var in = new DataInputStream(client.getInputStream());
        var out = new DataOutputStream(client.getOutputStream());
        while (true) {
            int length = in.read();
            if (length < 0) {
                return;
            }
            byte[] query = new byte[length << 8 | in.readUnsignedByte()];
            in.readFully(query);
            byte[] answer = switch (Answers.to(query, client.getInetAddress(), table)) {
                case Answers.Reply.Answer(var message) -> message.toWire();
                case Answers.Reply.Ignore() -> new byte[0];
                case Answers.Reply.Forward() -> forwarded(query, true);
            };
            if (answer.length == 0) {
                return;
            }
            out.writeShort(answer.length);
            out.write(answer);
            out.flush();
        }
    }

    @Override
    public void destroy() {
        lock.lock();
        try {
            for (Sockets each : sockets.values()) {
                each.close();
            }
        } catch (IOException e) {
            log.debug("the resolver is closed: {}", e.toString());
        } finally {
            lock.unlock();
        }
    }
}
