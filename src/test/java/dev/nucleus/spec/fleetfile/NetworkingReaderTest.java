package dev.nucleus.spec.fleetfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.Networking;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworkingReaderTest {

    private static FleetSpec fleet(String text) {
        return FleetReader.readText(Path.of("/f.yaml"), "name: shop\n" + text, FleetReader.Checks.NONE);
    }

    private static Networking networking(FleetSpec fleet, String service) {
        return Objects.requireNonNull(fleet.services().get(service)).container().networking();
    }

    private static Network network(FleetSpec fleet, String service) {
        return Objects.requireNonNull(fleet.services().get(service)).container().network();
    }

    @Test
    void aFleetWithoutPortsAndNetworksHasNone() {
        FleetSpec fleet = fleet("services: {web: {command: [/w]}}");

        assertThat(fleet.networks()).isEmpty();
        assertThat(network(fleet, "web")).isEqualTo(Network.NONE);
    }

    @Test
    void aFleetThatPublishesAPortAndNamesNoNetworkGetsOneForAllServices() {
        FleetSpec fleet = fleet("""
                services:
                  web: {command: [/w], ports: ["8080:80"]}
                  db: {command: [/d]}
                """);

        assertThat(fleet.networks()).containsOnlyKeys("default");
        assertThat(network(fleet, "db")).isEqualTo(Network.BRIDGE);
        assertThat(networking(fleet, "db").attachments())
                .hasToString("[NetworkAttachment[network=default, aliases=[], address=Optional.empty]]");
    }

    @Test
    void composesFormsMeanTheSame() {
        FleetSpec fleet = fleet("""
                networks:
                  inside: {ipam: {config: [{subnet: 10.42.7.0/24}]}, internal: true, enable_ipv6: false, driver: bridge}
                  other:
                services:
                  web:
                    command: [/w]
                    networks: {inside: {aliases: [www], ipv4_address: 10.42.7.9}, other: }
                    ports:
                      - {target: 80, published: "8080", host_ip: 0.0.0.0, protocol: tcp, mode: host}
                      - "9000-9001:9000-9001/udp"
                    egress: {allow: ["10.0.0.0/8:5432/tcp"], deny: [10.1.0.0/16]}
                """);

        assertThat(fleet.networks().get("inside"))
                .hasToString("NetworkSpec[name=inside, subnet=Optional[10.42.7.0/24], ipv6=false, internal=true,"
                        + " isolated=false, mtu=1500]");
        Networking web = networking(fleet, "web");
        assertThat(web.ports()).hasToString("[0.0.0.0:8080:80/tcp, 127.0.0.1:9000:9000/udp, 127.0.0.1:9001:9001/udp]");
        assertThat(web.attachments().getFirst().aliases()).containsExactly("www");
        assertThat(web.egress()).hasToString("Optional[allow [10.0.0.0/8:5432/tcp], deny [10.1.0.0/16]]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "networks: [insid] | service 'web' joins the network 'insid', which 'networks' does not declare; did you mean 'inside'?",
                "networks: [inside], accept-from: [wbe] | accept-from: 'wbe' is not a service of this file",
                "egress: open | service 'web' has rules for connections but no network; write networks: [inside]",
                "network_mode: host | 'network_mode' is not accepted: a container shares no network of the host or of another container",
                "networks: [inside], egress: closed | 'closed' is not an egress policy; write none, open, or {allow: [10.0.0.0/8:5432/tcp]}",
                "ports: [\"localhost:80:80\"] | 'localhost' is not an IP address",
                "network: none, ports: [\"80:80\"] | network: none has no ports to publish and no networks to join",
            })
    void mistakesAreReported(String fields, String problem) {
        assertThatThrownBy(() -> fleet("networks: {inside: }\nservices: {web: {command: [/w], " + fields + "}}"))
                .isInstanceOf(InvalidFleetException.class)
                .hasMessageContaining(problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{subnet: 10.0.0.0/30} | has too few addresses; write a block from /8 to /29",
                "{subnet: 'fd00::/64'} | is not IPv4",
                "{driver: overlay} | 'driver: overlay' is not accepted: Nucleus has one kind of network",
                "{mtu: 576} | mtu must be 1280 to 65535 bytes, was 576",
                "{external: true} | a network belongs to the fleet that declares it",
            })
    void mistakesOfNetworksAreReported(String network, String problem) {
        assertThatThrownBy(() -> fleet("networks: {inside: " + network + "}\nservices: {web: {command: [/w]}}"))
                .isInstanceOf(InvalidFleetException.class)
                .hasMessageContaining(problem);
    }
}
