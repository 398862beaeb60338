package dev.nucleus.web;

import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.stereotype.Component;

/**
 * Requests are served by Tomcat's own threads, not by virtual ones: these are queued, first come first served, behind whatever
 * else the manager does in virtual threads, and behind thousands of probes that are due the health of the fleets would wait. The
 * kernel divides processors among threads of its own fairly. Streams of events, which have no end, occupy none.
 */
@Component
final class HttpThreads implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {

    /** After Boot's own customizer, which sets an executor of virtual threads: no executor of others' means Tomcat's. */
    @Override
    public void customize(TomcatServletWebServerFactory factory) {
        factory.addProtocolHandlerCustomizers(handler -> handler.setExecutor(null));
    }
}
