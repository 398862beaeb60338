package dev.nucleus.dns;

import dev.nucleus.failure.Deadline;
import dev.nucleus.network.NetworkProperties;
import dev.nucleus.network.NetworkQueries;
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
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;

/**
 * The DNS server of containers: listens on the gateways' addresses over UDP and TCP. Answers depend on the client. While
 * no manager runs, queries go unanswered; see add_output in native/src/net/ruleset.c.
 */
@Component
final class DnsServer implements DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(DnsServer.class);
    /** The same as in native/src/net/ruleset.h, which forwards port 53 to it. */
    private static final int PORT = 1_013;

    private static final int MAX_MESSAGE = 65_535;
    private static final int MIN_UDP = 512;
    private static final int MAX_UDP = 1_232;
    private static final int MAX_FORWARDED = 256;
    private static final Duration TCP_TIMEOUT = Duration.ofSeconds(10);
    private static final int MAX_CONNECTIONS = 64;
    private static final int MAX_FORWARDED_PER_CLIENT = 16;
    private static final int MAX_CONNECTIONS_PER_CLIENT = 4;

    private final NetworkQueries networks;
    private final UpstreamResolver upstream;
    private final ClientQuota forwarding = new ClientQuota(MAX_FORWARDED_PER_CLIENT, MAX_FORWARDED);
    private final ClientQuota connections = new ClientQuota(MAX_CONNECTIONS_PER_CLIENT, MAX_CONNECTIONS);
    /** Listeners by address, guarded by {@link #lock}. */
    private final Map<InetAddress, Sockets> sockets = new HashMap<>();

    private final ReentrantLock lock = new ReentrantLock();
    private volatile NameTable table = NameTable.EMPTY;

    private record Sockets(DatagramChannel udp, ServerSocketChannel tcp) {

        void close() throws IOException {
            udp.close();
            tcp.close();
        }
    }

    DnsServer(Networks networks, NetworkQueries queries, NetworkProperties properties) {
        this.networks = queries;
        this.upstream = new UpstreamResolver(properties.dnsServers());
        networks.addListener(this::onNetworksChanged);
    }

    /** Rebuilds the name table, and opens and closes listeners as networks come and go. */
    private void onNetworksChanged() {
        lock.lock();
        try {
            var views = networks.views();
            table = new NameTable(views);
            Set<InetAddress> gateways = views.stream()
                    .flatMap(network -> network.gateways().stream())
                    .collect(Collectors.toSet());
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
            log.debug("can't close the DNS listener of a removed network: {}", e.toString());
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
            Thread.ofPlatform().daemon().name("dns-" + gateway.getHostAddress()).start(() -> serve(udp));
            Thread.ofVirtual().start(() -> serve(tcp));
        } catch (IOException e) {
            log.error("can't listen for DNS queries on {}: {}", gateway.getHostAddress(), e.toString());
        }
    }

    private void serve(DatagramChannel udp) {
        ByteBuffer received = ByteBuffer.allocateDirect(MAX_MESSAGE);
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
            } catch (IOException | RuntimeException | Error e) {
                // One query's failure must not end name resolution for the network.
                log.debug("can't answer a DNS query: {}", e.toString());
            }
        }
    }

    private void answer(DatagramChannel udp, byte[] query, InetSocketAddress from) throws IOException {
        switch (DnsResponder.to(query, from.getAddress(), table)) {
            case DnsResponder.Reply.Answer(var message) ->
                udp.send(ByteBuffer.wrap(message.toWire(maxUdpPayload(query))), from);
            case DnsResponder.Reply.Ignore() -> {}
            case DnsResponder.Reply.Forward() -> forward(udp, query, from);
        }
    }

    /** The most bytes that the client accepts by UDP (RFC 6891). */
    private static int maxUdpPayload(byte[] query) {
        try {
            OPTRecord options = new Message(query).getOPT();
            return options == null ? MIN_UDP : Math.clamp(options.getPayloadSize(), MIN_UDP, MAX_UDP);
        } catch (IOException e) {
            return MIN_UDP;
        }
    }

    private void forward(DatagramChannel udp, byte[] query, InetSocketAddress from) {
        Optional<String> container = table.containerOf(from.getAddress()).filter(forwarding::tryAcquire);
        if (container.isEmpty()) {
            // The client asks again.
            return;
        }
        Thread.ofVirtual().start(() -> {
            try {
                udp.send(ByteBuffer.wrap(forwarded(query, false)), from);
            } catch (IOException e) {
                log.debug("can't answer {}: {}", from, e.toString());
            } finally {
                forwarding.release(container.get());
            }
        });
    }

    private byte[] forwarded(byte[] query, boolean tcp) throws IOException {
        Optional<byte[]> answer = upstream.ask(query, tcp);
        return answer.isPresent()
                ? answer.get()
                : DnsResponder.response(new Message(query), Rcode.SERVFAIL).toWire();
    }

    private void serve(ServerSocketChannel tcp) {
        while (tcp.isOpen()) {
            try {
                SocketChannel client = tcp.accept();
                Optional<String> container =
                        table.containerOf(client.socket().getInetAddress()).filter(connections::tryAcquire);
                if (container.isEmpty()) {
                    client.close();
                    continue;
                }
                Thread.ofVirtual().start(() -> {
                    // The deadline covers the whole connection, however the client behaves.
                    try (client;
                            var _ = new Deadline(TCP_TIMEOUT, client)) {
                        serve(client.socket());
                    } catch (IOException | RuntimeException e) {
                        log.debug("a connection of a DNS client failed: {}", e.toString());
                    } finally {
                        connections.release(container.get());
                    }
                });
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                log.debug("can't accept a DNS client: {}", e.toString());
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
            byte[] answer = switch (DnsResponder.to(query, client.getInetAddress(), table)) {
                case DnsResponder.Reply.Answer(var message) -> message.toWire();
                case DnsResponder.Reply.Ignore() -> new byte[0];
                case DnsResponder.Reply.Forward() -> forwarded(query, true);
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
            log.debug("can't close the DNS listeners: {}", e.toString());
        } finally {
            lock.unlock();
        }
    }
}
