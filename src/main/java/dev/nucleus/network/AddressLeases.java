package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.InvalidSpecException;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The addresses of one network, by their offset in its subnet. One that was released rests for a while: what was meant
 * for its last owner must not reach the next one. Not thread-safe.
 */
final class AddressLeases {

    private final Cidr subnet;
    private final Duration rest;
    private final InstantSource clock;
    private final Set<Long> leased = new HashSet<>();
    private final Map<Long, Instant> resting = new LinkedHashMap<>();
    private final Set<Long> chosen = new HashSet<>();
    private long next = 2;

    /** @param chosen addresses that services chose: nobody else gets them */
    AddressLeases(Cidr subnet, Duration rest, InstantSource clock, Collection<InetAddress> chosen) {
        this.subnet = subnet;
        this.rest = rest;
        this.clock = clock;
        chosen.forEach(address -> this.chosen.add(offset(address)));
    }

    /** The first address is the gateway's, the last one is for broadcasts. */
    private long highest() {
        int bits = 32 - subnet.prefix();
        return (1L << bits) - 2;
    }

    /**
     * Leases an address.
     *
     * @param wanted empty: the one that has been free for the longest time
     * @return its offset
     * @throws InvalidSpecException when it is taken, or none is free
     */
    long lease(Optional<InetAddress> wanted, String network) {
        if (wanted.isPresent()) {
            return leaseExactly(wanted.get(), network);
        }
        Instant now = clock.instant();
        resting.values().removeIf(until -> !until.isAfter(now));
        long count = highest() - 1;
        for (long i = 0; i < count; i++) {
            long offset = 2 + (next - 2 + i) % count;
            if (!leased.contains(offset) && !resting.containsKey(offset) && !chosen.contains(offset)) {
                next = 2 + (offset - 2 + 1) % count;
                leased.add(offset);
                return offset;
            }
        }
        throw new InvalidSpecException("the network " + network + " (" + subnet + ") has no free address: "
                + leased.size() + " are in use, and " + resting.size() + " were released in the last "
                + rest.toSeconds() + " s; give it a larger subnet");
    }

    private long leaseExactly(InetAddress wanted, String network) {
        long offset = offset(wanted);
        if (!subnet.contains(wanted) || offset < 2 || offset > highest()) {
            throw new InvalidSpecException(
                    "address: " + Cidr.text(wanted) + " can't be a container's on the network " + network
                            + "; write one from " + Cidr.text(subnet.at(2)) + " to " + Cidr.text(subnet.at(highest())));
        }
        if (!leased.add(offset)) {
            throw new InvalidSpecException(
                    "address: " + Cidr.text(wanted) + " is already another container's on the network " + network);
        }
        resting.remove(offset);
        return offset;
    }

    private long offset(InetAddress address) {
        return Integer.toUnsignedLong(number(address) - number(subnet.address()));
    }

    private static int number(InetAddress address) {
        int number = 0;
        for (byte part : address.getAddress()) {
            number = number << 8 | part & 0xff;
        }
        return number;
    }

    /** Leases the address that a running container has already. */
    void adopt(InetAddress address) {
        leased.add(offset(address));
    }

    void release(InetAddress address) {
        long offset = offset(address);
        if (leased.remove(offset)) {
            resting.put(offset, clock.instant().plus(rest));
        }
    }
}
