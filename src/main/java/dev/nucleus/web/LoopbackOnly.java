package dev.nucleus.web;

import java.net.InetAddress;
import org.apache.catalina.valves.RemoteIpValve;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/** Restricts HTTP to the loopback address until there are accounts, and refuses any other configuration. */
@Component
@Order(Ordered.LOWEST_PRECEDENCE)
final class LoopbackOnly implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {

    private static final String FORWARDED =
            " is not supported: Nucleus is never behind a proxy, so a client could forge these headers; remove the setting";

    private final Environment environment;

    LoopbackOnly(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void customize(TomcatServletWebServerFactory factory) {
        // A separate management server would bypass everything that guards this one.
        if (environment.containsProperty("management.server.port")) {
            throw new IllegalStateException("management.server.port is not supported: Actuator answers on server.port");
        }
        refuseForwardedHeaders(factory);
        InetAddress address = factory.getAddress();
        if (address != null && !address.isLoopbackAddress()) {
            throw new IllegalStateException("server.address=" + address.getHostAddress()
                    + " is not a loopback address. The dashboard has no accounts yet, so it only listens on "
                    + "127.0.0.1; reach it through an SSH tunnel: ssh -L 8080:127.0.0.1:8080 HOST");
        }
        factory.setAddress(address != null ? address : InetAddress.getLoopbackAddress());
    }

    /**
     * Refuses a valve or filter that trusts {@code X-Forwarded-Host}, through which a foreign page could pass as one of
     * this host. Neither a setting nor Spring's detection of a cloud platform may enable one.
     */
    private void refuseForwardedHeaders(TomcatServletWebServerFactory factory) {
        String strategy = environment.getProperty("server.forward-headers-strategy", "none");
        if (!strategy.equalsIgnoreCase("none")) {
            throw new IllegalStateException("server.forward-headers-strategy=" + strategy + FORWARDED);
        }
        if (factory.getEngineValves().stream().anyMatch(RemoteIpValve.class::isInstance)) {
            throw new IllegalStateException("server.tomcat.remoteip.*" + FORWARDED);
        }
    }
}
