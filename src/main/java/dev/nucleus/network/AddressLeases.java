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
 * The addresses of one network, by their offset in its subnet. A released address is not leased again during a cooldown,
 * unless a service declares it: packets for its last owner must not reach the next one. Not thread-safe.
 */
final class AddressLeases {

    /** The first address after the gateway's. */
    private static final long FIRST = 2;

    private final Cidr subnet;
    private final Duration cooldown;
    private final InstantSource clock;
    private final Set<Long> leased = new HashSet<>();
    private final Map<Long, Instant> coolingDown = new LinkedHashMap<>();
    private final Set<Long> reserved = new HashSet<>();
    private long next = FIRST;

    /** @param reserved addresses that services declare; leased only on request */
    AddressLeases(Cidr subnet, Duration cooldown, InstantSource clock, Collection<InetAddress> reserved) {
        this.subnet = subnet;
        this.cooldown = cooldown;
        this.clock = clock;
        reserved.forEach(address -> this.reserved.add(offset(address)));
    }

    /** The first address is the gateway's, the last one is for broadcasts. */
    private long highest() {
        int bits = 32 - subnet.prefix();
        return (1L << bits) - 2;
    }

    /**
     * Leases an address.
     *
     * @param wanted empty: the next free one, round-robin
     * @return its offset
     * @throws InvalidSpecException when it is taken, or none is free
     */
    long lease(Optional<InetAddress> wanted, String network) {
        if (wanted.isPresent()) {
            return leaseExactly(wanted.get(), network);
        }
        Instant now = clock.instant();
        coolingDown.values().removeIf(until -> !until.isAfter(now));
        long count = highest() - 1;
        for (long i = 0; i < count; i++) {
            long offset = FIRST + (next - FIRST + i) % count;
            if (!leased.contains(offset) && !coolingDown.containsKey(offset) && !reserved.contains(offset)) {
                next = FIRST + (offset - FIRST + 1) % count;
                leased.add(offset);
                return offset;
            }
        }
        throw new InvalidSpecException("the network " + network + " (" + subnet + ") has no free address: "
                + leased.size() + " are in use, and " + coolingDown.size() + " were released in the last "
                + cooldown.toSeconds() + " s; give it a larger subnet");
    }

    private long leaseExactly(InetAddress wanted, String network) {
        long offset = offset(wanted);
        if (!subnet.contains(wanted) || offset < FIRST || offset > highest()) {
            throw new InvalidSpecException("address: " + Cidr.text(wanted) + " is not assignable on the network "
                    + network + "; write one from " + Cidr.text(subnet.at(FIRST)) + " to "
                    + Cidr.text(subnet.at(highest())));
        }
        if (!leased.add(offset)) {
            throw new InvalidSpecException(
                    "address: " + Cidr.text(wanted) + " is already leased on the network " + network);
        }
        coolingDown.remove(offset);
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
            coolingDown.put(offset, clock.instant().plus(cooldown));
        }
    }
}
