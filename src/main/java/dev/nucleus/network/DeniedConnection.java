package dev.nucleus.network;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.Protocol;
import java.net.InetAddress;
import java.util.Arrays;

/**
 * Packets of one container to one destination that its policy denied.
 *
 * @param protocol IP protocol number (IANA)
 * @param packets counted since the rules were installed, or since an hour without one
 */
public record DeniedConnection(String id, String name, InetAddress address, int protocol, int port, long packets) {

    /** The destination as egress rules are written, such as {@code 192.0.2.1:443/tcp}. */
    public String destination() {
        String text = Cidr.text(address);
        return Arrays.stream(Protocol.values())
                .filter(each -> each.number() == protocol)
                .findFirst()
                .map(each -> (text.indexOf(':') < 0 ? text : "[" + text + "]") + ":" + port + "/" + each)
                .orElse(text + ", protocol " + protocol);
    }
}
