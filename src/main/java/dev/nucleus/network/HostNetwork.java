package dev.nucleus.network;

import dev.nucleus.failure.Deadline;
import dev.nucleus.plan.WireWriter;
import dev.nucleus.shim.Request;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimException;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.spawner.Spawner;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The process with the right to change the host's network, and nothing else (native/src/shim/network_helper.h). It ends
 * with its connection; the next request starts another. Not thread-safe.
 */
final class HostNetwork implements AutoCloseable {

    /** For the largest change: 10,000 blocks take the kernel less than a second. */
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final Spawner spawner;
    private final String table;
    private final String prefix;
    private final String instance;
    private @Nullable ShimConnection connection;

    /**
     * @param prefix of the names of all interfaces that it may change
     * @param instance whose table it is, as a comment for people
     */
    HostNetwork(Spawner spawner, String table, String prefix, String instance) {
        this.spawner = spawner;
        this.table = table;
        this.prefix = prefix;
        this.instance = instance;
    }

    /** Whether requests go to the process that answered the last one. */
    boolean isConnected() {
        return connection != null;
    }

    /**
     * Carries out changes: those of rules all at once.
     *
     * @throws ShimException naming what the kernel refused; no rule was changed
     * @throws IOException when the helper was lost; whether anything was changed is unknown
     */
    void apply(List<NetworkChange> changes) throws IOException {
        var wire = new WireWriter(4096);
        wire.list(changes, (w, change) -> change.write(w));
        switch (request(Request.NETWORK_CHANGES, wire.finish())) {
            case ShimMessage.Ok() -> {}
            default -> throw new IOException("unexpected answer from the network helper");
        }
    }

    /** Deletes the conntrack entries from and to addresses. */
    void deleteConntrackEntries(List<InetAddress> addresses) throws IOException {
        var wire = new WireWriter(64).bool(false);
        wire.list(addresses, (w, address) -> w.bytes(address.getAddress()));
        request(Request.NETWORK_FORGET, wire.finish());
    }

    /**
     * Deletes the conntrack entries of connections that the addresses originated and that the rules don't allow.
     *
     * @param rules of which the first that matches decides
     * @param open whether what no rule matches is allowed
     */
    void deleteOriginatedEntries(List<InetAddress> addresses, List<PolicyRule> rules, boolean open) throws IOException {
        var wire = new WireWriter(256).bool(true);
        wire.list(addresses, (w, address) -> w.bytes(address.getAddress()));
        wire.list(rules, (w, rule) -> rule.write(w)).bool(open);
        request(Request.NETWORK_FORGET, wire.finish());
    }

    /** An interface of this manager, or a chain of another table. */
    record Item(String name, String detail) {}

    /**
     * @param links interfaces with their aliases
     * @param dropping chains of other tables that drop forwarded packets by default, by table
     * @param table handle of the manager's table, which no other table ever has; 0: there is none
     */
    record Listing(List<Item> links, List<Item> dropping, long table) {}

    Listing list() throws IOException {
        ByteBuffer payload = state(Request.NETWORK_LIST);
        return new Listing(items(payload), items(payload), payload.getLong());
    }

    private static List<Item> items(ByteBuffer payload) {
        int count = payload.getInt();
        var items = new ArrayList<Item>();
        for (int i = 0; i < count; i++) {
            items.add(new Item(string(payload), string(payload)));
        }
        return items;
    }

    /** Packets of one container to one destination that its policy denied: since the table was created, or since the entry
     * expired after an hour without a packet. */
    record Denied(String link, InetAddress address, int protocol, int port, long packets) {}

    List<Denied> denied() throws IOException {
        ByteBuffer payload = state(Request.NETWORK_DENIED);
        int count = payload.getInt();
        var denied = new ArrayList<Denied>();
        for (int i = 0; i < count; i++) {
            String link = string(payload);
            byte[] address = new byte[payload.getInt()];
            payload.get(address);
            denied.add(new Denied(
                    link, address(address), payload.get() & 0xff, payload.getShort() & 0xffff, payload.getLong()));
        }
        return denied;
    }

    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(Arrays.toString(bytes) + " is not an address", e);
        }
    }

    private static String string(ByteBuffer payload) {
        byte[] bytes = new byte[payload.getInt()];
        payload.get(bytes);
        return new String(bytes, 0, bytes.length - 1, StandardCharsets.UTF_8);
    }

    private ByteBuffer state(Request type) throws IOException {
        return switch (request(type, ByteBuffer.allocate(0))) {
            case ShimMessage.Network(var bytes) -> ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            default -> throw new IOException("unexpected answer from the network helper");
        };
    }

    private ShimMessage request(Request type, ByteBuffer payload) throws IOException {
        try {
            return exchange(connected(), type, payload);
        } catch (ShimException e) {
            throw e;
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private ShimConnection connected() throws IOException {
        if (connection == null) {
            ShimConnection fresh = spawner.reserve();
            try {
                exchange(
                        fresh,
                        Request.NETWORK,
                        new WireWriter(256)
                                .string(table)
                                .string(prefix)
                                .string(instance)
                                .finish());
            } catch (IOException | RuntimeException | Error e) {
                fresh.close();
                throw e;
            }
            connection = fresh;
        }
        return connection;
    }

    /** A helper that is stopped or hangs must not make its manager wait for ever. */
    private static ShimMessage exchange(ShimConnection to, Request type, ByteBuffer payload) throws IOException {
        try (Deadline deadline = to.limit(TIMEOUT)) {
            try {
                to.send(type, payload);
                return switch (to.receive().orElseThrow(() -> new IOException("the network helper has exited"))) {
                    case ShimMessage.Error error -> throw error.failure();
                    case ShimMessage.Failed failed ->
                        throw new ShimMessage.Error(failed.errno(), failed.detail()).failure();
                    case ShimMessage message -> message;
                };
            } catch (ClosedChannelException e) {
                throw deadline.passed()
                        ? new IOException("the network helper did not answer within " + TIMEOUT.toSeconds() + " s", e)
                        : e;
            }
        }
    }

    @Override
    public void close() {
        if (connection != null) {
            connection.close();
            connection = null;
        }
    }
}
