package dev.nucleus.dns;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Forwards queries to the upstream resolvers, each from its own socket and with a random ID (RFC 5452). */
final class UpstreamResolver {

    private static final Logger log = LoggerFactory.getLogger(UpstreamResolver.class);
    private static final int PORT = 53;
    private static final int TIMEOUT_MILLIS = 2_000;
    private static final int MAX_MESSAGE = 65_535;
    private static final int HEADER = 12;

    private final SecureRandom random = new SecureRandom();
    private final List<InetSocketAddress> servers;

    /** @param servers addresses, with a port if it is not 53 */
    UpstreamResolver(List<String> servers) {
        this.servers = (servers.isEmpty() ? hostResolvers() : servers)
                .stream().map(UpstreamResolver::address).toList();
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        boolean port = colon >= 0 && (text.indexOf(':') == colon || text.charAt(colon - 1) == ']');
        String host = port ? text.substring(0, colon) : text;
        return new InetSocketAddress(
                host.replaceAll("[\\[\\]]", ""), port ? Integer.parseInt(text.substring(colon + 1)) : PORT);
    }

    private static List<String> hostResolvers() {
        try {
            return Files.readAllLines(Path.of("/etc/resolv.conf")).stream()
                    .map(line -> line.strip().split("\\s+"))
                    .filter(words -> words.length > 1 && words[0].equals("nameserver"))
                    .map(words -> words[1])
                    .toList();
        } catch (IOException e) {
            log.warn("can't read /etc/resolv.conf; external names are not resolved: {}", e.toString());
            return List.of();
        }
    }

    /** The first response, with the ID of the query; empty: no resolver answered. */
    Optional<byte[]> ask(byte[] query, boolean tcp) {
        byte[] own = query.clone();
        int id = random.nextInt(1 << 16);
        own[0] = (byte) (id >> 8);
        own[1] = (byte) id;
        for (InetSocketAddress server : servers) {
            try {
                byte[] answer = tcp ? overTcp(server, own) : overUdp(server, own);
                answer[0] = query[0];
                answer[1] = query[1];
                return Optional.of(answer);
            } catch (IOException e) {
                log.debug("{} does not answer: {}", server, e.toString());
            }
        }
        return Optional.empty();
    }

    private static byte[] overUdp(InetSocketAddress server, byte[] query) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.connect(server);
            socket.send(new DatagramPacket(query, query.length));
            var packet = new DatagramPacket(new byte[MAX_MESSAGE], MAX_MESSAGE);
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS);
            while (true) {
                // Junk must not extend the wait.
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    throw new SocketTimeoutException("no answer in " + TIMEOUT_MILLIS + " ms");
                }
                socket.setSoTimeout((int) left);
                socket.receive(packet);
                byte[] answer = Arrays.copyOf(packet.getData(), packet.getLength());
                // Only an answer to this query (RFC 5452).
                if (answer.length >= HEADER
                        && answer[0] == query[0]
                        && answer[1] == query[1]
                        && sameQuestion(answer, query)) {
                    return answer;
                }
            }
        }
    }

    private static boolean sameQuestion(byte[] answer, byte[] query) {
        int at = HEADER;
        while (at < query.length && query[at] != 0) {
            at += (query[at] & 0xff) + 1;
        }
        int end = at + 5;
        return end <= query.length && end <= answer.length && Arrays.equals(answer, HEADER, end, query, HEADER, end);
    }

    private static byte[] overTcp(InetSocketAddress server, byte[] query) throws IOException {
        try (var socket = new Socket()) {
            socket.connect(server, TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            var out = new DataOutputStream(socket.getOutputStream());
            out.writeShort(query.length);
            out.write(query);
            out.flush();
            var in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readUnsignedShort()];
            in.readFully(answer);
            if (answer.length < HEADER || answer[0] != query[0] || answer[1] != query[1]) {
                throw new IOException("an answer to another query");
            }
            return answer;
        }
    }
}
