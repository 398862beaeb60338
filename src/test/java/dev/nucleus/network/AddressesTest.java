package dev.nucleus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.NetworkSpec;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Subnets of networks, addresses in them, and the containers behind published ports. */
class AddressesTest {

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);

    private AddressLeases leases(String subnet) {
        InstantSource clock = now::get;
        return new AddressLeases(Cidr.parse(subnet), Duration.ofMinutes(1), clock, List.of());
    }

    @Test
    void aReleasedAddressRests() {
        AddressLeases leases = leases("10.0.0.0/29");
        var taken = new ArrayList<Long>();
        for (int i = 0; i < 5; i++) {
            taken.add(leases.lease(Optional.empty(), "n"));
        }
        assertThat(taken).as("neither gateway nor broadcast").containsExactly(2L, 3L, 4L, 5L, 6L);
        assertThatThrownBy(() -> leases.lease(Optional.empty(), "n"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("the network n (10.0.0.0/29) has no free address: 5 are in use, and 0 were released in the "
                        + "last 60 s; give it a larger subnet");

        leases.release(Cidr.address("10.0.0.3"));
        assertThatThrownBy(() -> leases.lease(Optional.empty(), "n")).hasMessageContaining("1 were released");
        now.set(Instant.EPOCH.plusSeconds(60));
        assertThat(leases.lease(Optional.empty(), "n")).isEqualTo(3);
    }

    @Test
    void anAddressCanBeChosen() {
        AddressLeases leases = leases("10.0.0.0/24");

        assertThat(leases.lease(Optional.of(Cidr.address("10.0.0.77")), "n")).isEqualTo(77);
        assertThatThrownBy(() -> leases.lease(Optional.of(Cidr.address("10.0.0.77")), "n"))
                .hasMessage("address: 10.0.0.77 is already leased on the network n");
        assertThatThrownBy(() -> leases.lease(Optional.of(Cidr.address("10.0.0.1")), "n"))
                .hasMessageContaining("write one from 10.0.0.2 to 10.0.0.254");
        assertThatThrownBy(() -> leases.lease(Optional.of(Cidr.address("10.0.1.5")), "n"))
                .hasMessageContaining("is not assignable");
    }

    private static NetworkSpec network(Optional<String> subnet) {
        return new NetworkSpec("inside", subnet.map(Cidr::parse), true, false, false, 1500);
    }

    @Test
    void aNetworkKeepsItsSubnetAndOverlapsNothing(@TempDir Path directory) {
        Path file = directory.resolve("subnets.json");
        var routes = List.of(new HostRoutes.Route(Cidr.parse("10.214.0.0/24"), "eth0"));
        var subnets = new Subnets(file, Cidr.parse("10.214.0.0/22"));

        assertThat(subnets.assign("a/inside", network(Optional.empty()), routes))
                .hasToString("10.214.1.0/24");
        assertThat(subnets.assign("b/inside", network(Optional.empty()), routes))
                .hasToString("10.214.2.0/24");
        var later = new Subnets(file, Cidr.parse("10.214.0.0/22"));
        assertThat(later.assign("b/inside", network(Optional.empty()), routes)).hasToString("10.214.2.0/24");
        assertThat(later.assign("c/inside", network(Optional.empty()), routes)).hasToString("10.214.3.0/24");
        assertThatThrownBy(() -> later.assign("d/inside", network(Optional.empty()), routes))
                .hasMessage("network d/inside: no subnet is free in the pool 10.214.0.0/22 (3 networks have one); set "
                        + "nucleus.network.pool to a larger block");
        assertThatThrownBy(() -> later.assign("d/inside", network(Optional.of("10.214.2.128/25")), routes))
                .hasMessageContaining("overlaps 10.214.2.0/24 of the network b/inside");
        assertThatThrownBy(() -> later.assign("d/inside", network(Optional.of("10.214.0.0/24")), routes))
                .hasMessageContaining("which the host routes through eth0");
        later.keepOnly(Set.of("a/inside"));
        assertThat(later.assign("d/inside", network(Optional.empty()), routes)).hasToString("10.214.2.0/24");
    }

    @Test
    void theHostsRoutesAreRead() {
        assertThat(HostRoutes.parse(
                        List.of(
                                "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
                                "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
                                "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
                                "nuabc0x\t05002A0A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
                                "*\t00002A0A\t00000000\t0200\t0\t0\t0\t00FFFFFF\t0\t0\t0",
                                "*\t00002B0A\t00000000\t0200\t0\t0\t0\t00FFFFFF\t0\t0\t0"),
                        "nuabc",
                        Set.of(Cidr.parse("10.42.0.0/24"))))
                .as("another manager's network is unreachable here too")
                .containsExactly(
                        new HostRoutes.Route(Cidr.parse("192.168.1.0/24"), "eth0"),
                        new HostRoutes.Route(Cidr.parse("10.43.0.0/24"), "*"));
    }

    private static List<Backend> backends(String... addresses) {
        return List.of(addresses).stream()
                .map(text -> new Backend(InetAddress.ofLiteral(text), 80))
                .toList();
    }

    @Test
    void backendsThatStayKeepTheirNumbers() {
        assertThat(PublishedPorts.ordered(
                        backends("10.0.0.1", "10.0.0.2", "10.0.0.3"), backends("10.0.0.2", "10.0.0.3")))
                .as("the last one takes the place of the first")
                .isEqualTo(backends("10.0.0.3", "10.0.0.2"));
        assertThat(PublishedPorts.ordered(backends("10.0.0.1"), backends("10.0.0.0", "10.0.0.1")))
                .isEqualTo(backends("10.0.0.1", "10.0.0.0"));
        assertThat(PublishedPorts.ordered(backends("10.0.0.1", "10.0.0.2"), backends("10.0.0.3", "10.0.0.4")))
                .isEqualTo(backends("10.0.0.3", "10.0.0.4"));
        assertThat(PublishedPorts.ordered(backends("10.0.0.1"), backends())).isEmpty();
    }
}
