package dev.nucleus.web;

import jakarta.servlet.ServletConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.UserPrincipal;
import jdk.net.ExtendedSocketOptions;
import org.apache.coyote.Processor;
import org.apache.coyote.http11.Http11NioProtocol;
import org.apache.coyote.http11.Http11Processor;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.NioEndpoint;

/** HTTP over a unix socket. Each request has the user of the peer, identified by the kernel (SO_PEERCRED, unix(7)). */
final class PeerProtocol extends Http11NioProtocol {

    /** @param user connected user, by the name on this host */
    record PeerConnection(ServletConnection connection, UserPrincipal user) implements ServletConnection {

        @Override
        public String getConnectionId() {
            return connection.getConnectionId();
        }

        @Override
        public String getProtocol() {
            return connection.getProtocol();
        }

        @Override
        public String getProtocolConnectionId() {
            return connection.getProtocolConnectionId();
        }

        @Override
        public boolean isSecure() {
            return connection.isSecure();
        }
    }

    /**
     * Tolerates that a graceful stop closes the server socket twice: its file is already gone after the first close.
     */
    private static final class Endpoint extends NioEndpoint {

        @Override
        protected void doCloseServerSocket() throws IOException {
            try {
                super.doCloseServerSocket();
            } catch (NoSuchFileException _) {
                // The first close has removed the file.
            }
        }
    }

    PeerProtocol() {
        super(new Endpoint());
    }

    @Override
    protected Processor createProcessor() {
        return new Http11Processor(this, getAdapter()) {
            @Override
            protected ServletConnection getServletConnection() {
                var channel = (NioChannel) getSocketWrapper().getSocket();
                try {
                    return new PeerConnection(
                            super.getServletConnection(),
                            channel.getIOChannel()
                                    .getOption(ExtendedSocketOptions.SO_PEERCRED)
                                    .user());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
    }
}
