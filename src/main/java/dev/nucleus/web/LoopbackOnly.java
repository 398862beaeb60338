package dev.nucleus.web;

import java.net.InetAddress;
import org.apache.catalina.valves.RemoteIpValve;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/** Until there are accounts, HTTP answers on the loopback address and nowhere else, whatever is configured. */
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
        // A server of its own would pass by all that guards this one.
        if (environment.containsProperty("management.server.port")) {
            throw new IllegalStateException("management.server.port is not supported: Actuator answers on server.port");
        }
        refuseForwardedHeaders(factory);
        InetAddress address = factory.getAddress();
        if (address != null && !address.isLoopbackAddress()) {
            throw new IllegalStateException("server.address=" + address.getHostAddress()
                    + " is not a loopback address. The dashboard has no accounts yet, so it answers on 127.0.0.1 "
                    + "alone; reach it through an SSH tunnel: ssh -L 8080:127.0.0.1:8080 HOST");
        }
        factory.setAddress(address != null ? address : InetAddress.getLoopbackAddress());
    }

    /**
     * With a valve or filter that believes {@code X-Forwarded-Host}, a page elsewhere could name this host itself. No
     * setting turns one on, and neither does what Spring takes for a cloud.
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
