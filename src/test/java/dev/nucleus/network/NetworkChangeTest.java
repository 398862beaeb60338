package dev.nucleus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.WireWriter;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.Egress;
import dev.nucleus.spec.EgressRule;
import dev.nucleus.spec.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NetworkChangeTest {

    /** The same bytes are a seed of native/fuzz/network_fuzz.c. */
    private static final Path GOLDEN = Path.of("native/fuzz/network-corpus/changes-1");

    private static LaunchPlan.Addresses addresses(String ipv4, String ipv6) {
        return new LaunchPlan.Addresses(
                Optional.of(new LaunchPlan.Addresses.Address(InetAddress.ofLiteral(ipv4), 24)),
                Optional.of(new LaunchPlan.Addresses.Address(InetAddress.ofLiteral(ipv6), 64)));
    }

    private static List<NetworkChange> changes() {
        EgressPolicy egress = EgressPolicy.of(
                new Egress(
                        false,
                        List.of(EgressRule.parse("203.0.113.7:443/tcp"), EgressRule.parse("10.0.0.0/8")),
                        List.of(EgressRule.parse("[fd00::/8]:1-9/udp"))),
                false);
        var link = new LaunchPlan.Link(
                "nuabc0123456789",
                "eth0",
                "shop/web-1",
                1500,
                new byte[] {2, 0, 10, 42, 0, 5},
                addresses("10.42.0.5", "fd42::5"),
                addresses("10.42.0.1", "fd42::1"),
                true);
        InetAddress loopback = Cidr.address("127.0.0.1");
        var one = new Backend(Cidr.address("10.42.0.5"), 8080);
        var other = new Backend(Cidr.address("10.42.0.6"), 8080);
        return List.of(
                new NetworkChange.Reset(),
                new NetworkChange.Forwarding(true),
                new NetworkChange.Bridge(true, "nuabcb1", "shop/inside", addresses("10.42.0.1", "fd42::1")),
                new NetworkChange.Group(true, "shop/inside"),
                new NetworkChange.Policy("shop/web", -1, List.of("shop/inside"), egress),
                new NetworkChange.Attachment(true, link, "shop/web", List.of("shop/inside"), egress.hostServices()),
                new NetworkChange.Port(loopback, 8443, Protocol.TCP, false, true, List.of(), List.of(one, other)),
                new NetworkChange.Port(loopback, 8443, Protocol.TCP, true, true, List.of(one, other), List.of(other)),
                new NetworkChange.Port(Cidr.address("::"), 53, Protocol.UDP, true, false, List.of(), List.of()),
                new NetworkChange.Policy("shop/web", 4, List.of(), EgressPolicy.of(Egress.OPEN, false)),
                new NetworkChange.Attachment(false, link, "shop/web", List.of("shop/inside"), List.of()),
                new NetworkChange.PolicyRemoved("shop/web", 2),
                new NetworkChange.Group(false, "shop/inside"),
                new NetworkChange.SubnetRemoved(addresses("10.43.0.1", "fd43::1")),
                new NetworkChange.LinkRemoved("nuabcb2"),
                new NetworkChange.Delete());
    }

    @Test
    void theBytesAreThoseThatTheNativeSideIsTestedWith() throws IOException {
        var wire = new WireWriter(64);
        wire.list(changes(), (w, change) -> change.write(w));
        ByteBuffer written = wire.finish();
        byte[] bytes = new byte[written.remaining()];
        written.get(bytes);
        if (Boolean.getBoolean("golden.write")) {
            Files.write(GOLDEN, bytes);
        }

        assertThat(bytes)
                .as("change native/src/net/changes.c too, then regenerate it with -Dgolden.write=true")
                .isEqualTo(Files.readAllBytes(GOLDEN));
    }
}
