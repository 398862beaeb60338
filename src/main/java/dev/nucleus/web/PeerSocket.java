package dev.nucleus.web;

import dev.nucleus.settings.InstanceLock;
import dev.nucleus.settings.NucleusProperties;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.catalina.connector.Connector;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.stereotype.Component;

/**
 * HTTP on {@code <run-dir>/http.sock} too, for those who may see details: the directory is the manager's own, so only that
 * user and root can connect.
 */
@Component
final class PeerSocket implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {

    private final Path socket;

    /** @param lock which is held: nobody else listens there, whatever file there is */
    PeerSocket(NucleusProperties places, InstanceLock lock) {
        this.socket = places.run().resolve("http.sock");
    }

    @Override
    public void customize(TomcatServletWebServerFactory factory) {
        try {
            // A killed manager leaves it, and Tomcat would take that for another server.
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            throw new UncheckedIOException("can't listen on " + socket + ": " + e.getMessage(), e);
        }
        var protocol = new PeerProtocol();
        protocol.setMinSpareThreads(1);
        var connector = new Connector(protocol);
        connector.setProperty("unixDomainSocketPath", socket.toString());
        connector.setProperty("unixDomainSocketPathPermissions", "rw-------");
        factory.addAdditionalConnectors(connector);
    }
}
