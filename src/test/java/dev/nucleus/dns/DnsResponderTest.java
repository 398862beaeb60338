package dev.nucleus.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.network.NetworkEndpoint;
import dev.nucleus.network.NetworkMember;
import dev.nucleus.network.NetworkView;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.NetworkSpec;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class DnsResponderTest {

    private static final InetAddress WEB = InetAddress.ofLiteral("10.0.0.2");
    private static final InetAddress SILENT = InetAddress.ofLiteral("10.0.0.5");

    private static NetworkEndpoint resident(
            String service, int number, String address, boolean serving, boolean asksOutside) {
        return new NetworkEndpoint(
                new NetworkMember(
                        "id" + address,
                        "shop/" + service + "-" + number,
                        Optional.of(new NetworkMember.ServiceName("shop", service))),
                List.of("alias-of-" + service),
                new LaunchPlan.Addresses(
                        Optional.of(new LaunchPlan.Addresses.Address(InetAddress.ofLiteral(address), 24)),
                        Optional.of(new LaunchPlan.Addresses.Address(
                                InetAddress.ofLiteral("fd00::" + address.substring(address.lastIndexOf('.') + 1)),
                                64))),
                serving,
                asksOutside);
    }

    private static NetworkView network(String name, NetworkEndpoint... residents) {
        return new NetworkView(
                name,
                "nuabcb1",
                NetworkSpec.named("n"),
                Cidr.parse("10.0.0.0/24"),
                Optional.empty(),
                List.of(residents));
    }

    private static final NameTable TABLE = new NameTable(List.of(
            network(
                    "shop/inside",
                    resident("web", 1, "10.0.0.2", true, true),
                    resident("db", 1, "10.0.0.3", true, true),
                    resident("db", 2, "10.0.0.4", false, true),
                    resident("quiet", 1, "10.0.0.5", false, false)),
            network("shop/apart", resident("hidden", 1, "10.0.0.9", true, true))));

    private static Message query(String name, int type) throws Exception {
        return Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
    }

    private static String ask(InetAddress client, String name, int type) throws Exception {
        return switch (DnsResponder.to(query(name, type).toWire(), client, TABLE)) {
            case DnsResponder.Reply.Forward() -> "forward";
            case DnsResponder.Reply.Ignore() -> "ignore";
            case DnsResponder.Reply.Answer(var message) ->
                Rcode.string(message.getRcode())
                        + message.getSection(Section.ANSWER).stream()
                                .map(Record::rdataToString)
                                .toList();
        };
    }

    @Test
    void onlyContainersThatServeAreAnswered() throws Exception {
        assertThat(ask(WEB, "db.", Type.A)).isEqualTo("NOERROR[10.0.0.3]");
        assertThat(ask(WEB, "DB.shop.internal.", Type.A)).isEqualTo("NOERROR[10.0.0.3]");
        assertThat(ask(WEB, "db-1.", Type.AAAA)).isEqualTo("NOERROR[fd00:0:0:0:0:0:0:3]");
        assertThat(ask(WEB, "alias-of-db.", Type.A)).isEqualTo("NOERROR[10.0.0.3]");
        assertThat(ask(WEB, "db-2.", Type.A))
                .as("it exists, but does not serve")
                .isEqualTo("NOERROR[]");
        assertThat(ask(WEB, "db.", Type.MX)).isEqualTo("NOERROR[]");
    }

    @Test
    void namesOfOtherNetworksDoNotExist() throws Exception {
        assertThat(ask(WEB, "hidden.", Type.A)).isEqualTo("NXDOMAIN[]");
        assertThat(ask(WEB, "hidden.shop.internal.", Type.A)).isEqualTo("NXDOMAIN[]");
        assertThat(ask(InetAddress.ofLiteral("10.0.0.9"), "hidden.", Type.A)).isEqualTo("NOERROR[10.0.0.9]");
        assertThat(ask(InetAddress.ofLiteral("192.168.1.1"), "db.", Type.A))
                .as("no open resolver")
                .isEqualTo("REFUSED[]");
    }

    @Test
    void otherNamesAreForTheHostsResolversUnlessTheContainerHasNoEgress() throws Exception {
        assertThat(ask(WEB, "example.org.", Type.A)).isEqualTo("forward");
        assertThat(ask(SILENT, "example.org.", Type.A)).isEqualTo("REFUSED[]");
        assertThat(ask(WEB, "no-such-service.", Type.A))
                .as("never leaves the host")
                .isEqualTo("NXDOMAIN[]");
    }

    @Test
    void addressesHaveNamesForThoseWhoShareANetwork() throws Exception {
        assertThat(ask(WEB, "3.0.0.10.in-addr.arpa.", Type.PTR)).isEqualTo("NOERROR[db-1.shop.internal.]");
        assertThat(ask(SILENT, "9.0.0.10.in-addr.arpa.", Type.PTR)).isEqualTo("NXDOMAIN[]");
    }

    @Test
    void responsesAreNotAnsweredAndMalformedQueriesAre() throws Exception {
        Message response = query("db.", Type.A);
        response.getHeader().setFlag(Flags.QR);
        assertThat(DnsResponder.to(response.toWire(), WEB, TABLE)).isEqualTo(new DnsResponder.Reply.Ignore());
        assertThat(DnsResponder.to(new byte[5], WEB, TABLE)).isEqualTo(new DnsResponder.Reply.Ignore());

        byte[] query = query("db.", Type.A).toWire();
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            byte[] mutated = query.clone();
            for (int changes = random.nextInt(4); changes >= 0; changes--) {
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
            }
            assertThat(DnsResponder.to(mutated, WEB, TABLE)).isNotNull();
        }
    }
}
