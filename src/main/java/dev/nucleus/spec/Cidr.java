package dev.nucleus.spec;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * A block of IP addresses (RFC 4632), or a single one.
 *
 * @param address its first address
 * @param prefix number of leading bits that all its addresses share
 */
public record Cidr(InetAddress address, int prefix) implements Comparable<Cidr> {

    public Cidr {
        if (prefix < 0 || prefix > address.getAddress().length * 8) {
            throw new InvalidSpecException("/" + prefix + " is not the length of a prefix of " + text(address)
                    + "; write 0 to " + address.getAddress().length * 8);
        }
    }

    /** A single address. */
    public static Cidr of(InetAddress address) {
        return new Cidr(address, address.getAddress().length * 8);
    }

    /** Parses {@code 10.0.0.0/8}, {@code fd00::/8}, or a single address; names are not resolved. */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        InetAddress address = address(slash < 0 ? text : text.substring(0, slash));
        if (slash < 0) {
            return of(address);
        }
        String length = text.substring(slash + 1);
        if (!length.matches("\\d{1,3}")) {
            throw new InvalidSpecException(
                    "'" + text + "' is not a block of addresses; write, for example, 10.0.0.0/8");
        }
        var cidr = new Cidr(address, Integer.parseInt(length));
        InetAddress first = cidr.mask(address);
        if (!first.equals(address)) {
            throw new InvalidSpecException(text + " has bits after its prefix; write " + text(first) + "/" + cidr.prefix
                    + " or " + text(address));
        }
        return cidr;
    }

    /** Parses an address; names are not resolved. */
    public static InetAddress address(String text) {
        if (text.indexOf(':') < 0 && !text.matches("\\d{1,3}(\\.\\d{1,3}){3}")) {
            throw new InvalidSpecException("'" + text + "' is not an IP address");
        }
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            throw new InvalidSpecException("'" + text + "' is not an IP address");
        }
    }

    /** As people write it: IPv6 with its longest run of zeros shortened (RFC 5952). */
    public static String text(InetAddress address) {
        if (address instanceof Inet4Address) {
            return address.getHostAddress();
        }
        byte[] bytes = address.getAddress();
        int bestAt = -1;
        int best = 1;
        for (int at = 0; at < 8; at++) {
            int length = 0;
            while (at + length < 8 && bytes[2 * (at + length)] == 0 && bytes[2 * (at + length) + 1] == 0) {
                length++;
            }
            if (length > best) {
                best = length;
                bestAt = at;
            }
        }
        var text = new StringBuilder();
        for (int at = 0; at < 8; at++) {
            if (at == bestAt) {
                text.append("::");
                at += best - 1;
                continue;
            }
            if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                text.append(':');
            }
            text.append(Integer.toHexString((bytes[2 * at] & 0xff) << 8 | bytes[2 * at + 1] & 0xff));
        }
        return text.toString();
    }

    /** The block of that length around an address. */
    public static Cidr around(InetAddress address, int prefix) {
        var itself = new Cidr(address, prefix);
        return new Cidr(itself.mask(address), prefix);
    }

    private InetAddress mask(InetAddress other) {
        byte[] bytes = other.getAddress();
        for (int bit = prefix; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] &= (byte) ~(0x80 >> bit % 8);
        }
        return ofBytes(bytes);
    }

    private static InetAddress ofBytes(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(bytes.length + " bytes are not an address", e);
        }
    }

    public boolean ipv4() {
        return address instanceof Inet4Address;
    }

    public boolean contains(InetAddress other) {
        return other.getAddress().length == address.getAddress().length
                && mask(other).equals(address);
    }

    public boolean overlaps(Cidr other) {
        return contains(other.address) || other.contains(address);
    }

    /** Its last address. */
    public InetAddress last() {
        byte[] bytes = address.getAddress();
        for (int bit = prefix; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] |= (byte) (0x80 >> bit % 8);
        }
        return ofBytes(bytes);
    }

    /** The address at an offset from its first one. */
    public InetAddress at(long offset) {
        byte[] bytes = address.getAddress();
        long carry = offset;
        for (int i = bytes.length - 1; i >= 0 && carry != 0; i--) {
            long sum = (bytes[i] & 0xff) + (carry & 0xff);
            bytes[i] = (byte) sum;
            carry = (carry >>> 8) + (sum >>> 8);
        }
        return ofBytes(bytes);
    }

    /** A block of that length within this one, by its number. */
    public Cidr block(long number, int length) {
        byte[] bytes = address.getAddress();
        for (int bit = length - 1, shift = 0; bit >= prefix; bit--, shift++) {
            if ((number >>> shift & 1) != 0) {
                bytes[bit / 8] |= (byte) (0x80 >> bit % 8);
            }
        }
        return new Cidr(ofBytes(bytes), length);
    }

    @Override
    public int compareTo(Cidr other) {
        int order = Arrays.compareUnsigned(address.getAddress(), other.address.getAddress());
        return order != 0 ? order : Integer.compare(prefix, other.prefix);
    }

    @Override
    public String toString() {
        return prefix == address.getAddress().length * 8 ? text(address) : text(address) + "/" + prefix;
    }
}
