package dev.nucleus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.Egress;
import dev.nucleus.spec.EgressRule;
import dev.nucleus.spec.Protocol;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EgressPolicyTest {

    private static EgressPolicy policy(boolean open, List<String> allow, List<String> deny) {
        return EgressPolicy.of(new Egress(open, rules(allow), rules(deny)), false);
    }

    private static List<EgressRule> rules(List<String> texts) {
        return texts.stream().map(EgressRule::parse).toList();
    }

    private static String decision(EgressPolicy policy, String address, int port) {
        return policy.matching(Cidr.address(address), Optional.of(Protocol.TCP), port)
                .map(PolicyRule::toString)
                .orElse("none");
    }

    @Test
    void linkLocalAddressesAreDeniedUnlessNamedExactly() {
        assertThat(decision(policy(true, List.of(), List.of()), "169.254.169.254", 80))
                .startsWith("deny ");
        assertThat(decision(policy(true, List.of(), List.of()), "fe80::1", 80)).startsWith("deny ");
        for (String metadata : List.of(
                "168.63.129.16",
                "100.100.100.200",
                "192.0.0.192",
                "fd00:ec2::254",
                "fd00:ec2::23",
                "fd20:ce::254",
                "fd00:c1::a9fe:a9fe",
                "fd00:42::42")) {
            assertThat(decision(policy(true, List.of(), List.of()), metadata, 80))
                    .as(metadata)
                    .startsWith("deny ");
        }
        assertThat(decision(policy(true, List.of(), List.of()), "168.63.129.17", 80))
                .as("its neighbour")
                .isEqualTo("none");
        assertThat(decision(policy(false, List.of("169.254.0.0/16"), List.of()), "169.254.169.254", 80))
                .as("a block is not exact")
                .startsWith("deny ");
        assertThat(decision(policy(false, List.of("169.254.169.254:80/tcp"), List.of()), "169.254.169.254", 80))
                .isEqualTo("allow 169.254.169.254 port 80/tcp");
    }

    @Test
    void whatIsDeniedStaysSoHoweverExactlyItIsAllowed() {
        EgressPolicy policy = policy(false, List.of("10.0.0.0/8", "10.1.2.3:443/tcp"), List.of("10.1.0.0/16"));

        assertThat(decision(policy, "10.1.2.3", 443)).isEqualTo("deny 10.1.0.0/16");
        assertThat(decision(policy, "10.2.0.1", 443)).isEqualTo("allow 10.0.0.0/8");
        assertThat(decision(policy, "11.0.0.1", 443)).isEqualTo("none");
        assertThat(policy.hostServices()).as("not even if it is the host's").isEmpty();
        assertThat(policy.open()).isFalse();
    }

    @Test
    void destinationsOfOneRuleAreApartAndAscending() {
        EgressPolicy policy = policy(
                false,
                List.of("10.2.0.0/16:80/tcp", "10.0.0.0/8:80/tcp", "9.0.0.0/8:80/tcp", "11.0.0.0/8:81/tcp"),
                List.of());

        assertThat(policy.generalRules().stream().filter(PolicyRule::allows).map(PolicyRule::destinations))
                .containsExactly(
                        List.of(Cidr.parse("9.0.0.0/8"), Cidr.parse("10.0.0.0/8")), List.of(Cidr.parse("11.0.0.0/8")));
    }

    @Test
    void anInternalNetworkHasNoEgress() {
        EgressPolicy policy = EgressPolicy.of(Egress.OPEN, true);

        assertThat(policy.open()).isFalse();
        assertThat(policy.rules()).isEmpty();
    }

    @Test
    void theExactRulesNameServicesOfTheHost() {
        assertThat(policy(false, List.of("192.168.1.1:5432/tcp", "192.168.1.0/24:80/tcp", "192.168.1.2"), List.of())
                        .hostServices())
                .hasToString("[192.168.1.1:5432/tcp]");
        assertThat(Stream.of("10.0.0.1", "10.0.0.1:80-81/tcp")
                        .map(EgressRule::parse)
                        .filter(EgressRule::exact))
                .isEmpty();
    }

    @Test
    void externalNamesAreResolvedOnlyForThoseWhoMayReachResolvers() {
        assertThat(policy(true, List.of(), List.of()).allowsResolvers()).isTrue();
        assertThat(policy(false, List.of(), List.of()).allowsResolvers()).isFalse();
        assertThat(policy(false, List.of("203.0.113.7:443/tcp"), List.of()).allowsResolvers())
                .as("queries could carry data out")
                .isFalse();
        assertThat(policy(false, List.of("203.0.113.7:53/udp"), List.of()).allowsResolvers())
                .isTrue();
        assertThat(policy(false, List.of("203.0.113.0/24"), List.of()).allowsResolvers())
                .as("any port")
                .isTrue();
    }
}
