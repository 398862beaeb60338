package dev.nucleus.web;

import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.stereotype.Component;

/**
 * Serves requests in Tomcat's own platform threads, not in virtual threads. Virtual threads run in order of arrival, so
 * health requests would wait behind thousands of due probes and everything else that the manager does in them; the
 * kernel shares processors fairly among platform threads. Event streams, which have no end, occupy no thread of
 * Tomcat's.
 */
@Component
final class HttpThreads implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {

    /**
     * Runs after Spring Boot's own customizer, which sets an executor of virtual threads. Without an executor Tomcat
     * uses its own threads.
     */
    @Override
    public void customize(TomcatServletWebServerFactory factory) {
        factory.addProtocolHandlerCustomizers(handler -> handler.setExecutor(null));
    }
}
