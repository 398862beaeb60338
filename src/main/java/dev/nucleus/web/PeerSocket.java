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
 * Serves HTTP on {@code <run-dir>/http.sock} as well, for users who may see details: the directory belongs to the
 * manager alone, so only its user and root can connect.
 */
@Component
final class PeerSocket implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {

    private final Path socket;

    /** @param lock held already: no other manager listens there, even if the file exists */
    PeerSocket(NucleusProperties places, InstanceLock lock) {
        this.socket = places.run().resolve("http.sock");
    }

    @Override
    public void customize(TomcatServletWebServerFactory factory) {
        try {
            // A killed manager leaves it behind, and Tomcat would take it for another server's.
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
