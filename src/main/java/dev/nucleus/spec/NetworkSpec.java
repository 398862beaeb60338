package dev.nucleus.spec;

import java.util.Optional;

/**
 * A network that a fleet declares.
 *
 * @param subnet its IPv4 addresses; empty: a free block of the pool
 * @param ipv6 whether its containers have IPv6 addresses too
 * @param internal whether nothing on it reaches anything outside, nor is reached by a published port from elsewhere
 * @param isolated whether its services reach each other only where {@code accept-from} says so
 * @param mtu largest packet in bytes
 */
public record NetworkSpec(
        String name, Optional<Cidr> subnet, boolean ipv6, boolean internal, boolean isolated, int mtu) {

    public static final int DEFAULT_MTU = 1_500;
    /** The least that IPv6 allows (RFC 8200). */
    private static final int MIN_MTU = 1_280;

    private static final int MAX_MTU = 65_535;
    private static final int MAX_PREFIX = 29;
    private static final int SHORTEST_PREFIX = 8;

    public NetworkSpec {
        ContainerName.check("network", name);
        subnet.ifPresent(NetworkSpec::checkSubnet);
        checkMtu(mtu);
    }

    /** A network with every default. */
    public static NetworkSpec named(String name) {
        return new NetworkSpec(name, Optional.empty(), true, false, false, DEFAULT_MTU);
    }

    private static void checkSubnet(Cidr subnet) {
        if (!subnet.ipv4()) {
            throw new InvalidSpecException(
                    "subnet: " + subnet + " is not IPv4; IPv6 addresses are assigned unless ipv6: false");
        }
        if (subnet.prefix() > MAX_PREFIX || subnet.prefix() < SHORTEST_PREFIX) {
            throw new InvalidSpecException(
                    "subnet: " + subnet + " has " + (subnet.prefix() > MAX_PREFIX ? "too few" : "too many")
                            + " addresses; write a block from /8 to /29, such as 10.42.7.0/24");
        }
    }

    public static int checkMtu(int mtu) {
        if (mtu < MIN_MTU || mtu > MAX_MTU) {
            throw new InvalidSpecException("mtu must be 1280 to 65535 bytes, was " + mtu);
        }
        return mtu;
    }
}
