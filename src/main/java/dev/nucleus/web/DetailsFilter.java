package dev.nucleus.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.security.Principal;
import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.Show;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Shows details only to users who may command the manager: root and the manager's own user, whom the kernel identifies
 * on {@code http.sock}. Spring's health endpoint uses the request's principal; endpoints that consist of details are
 * refused without one.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 1)
final class DetailsFilter extends OncePerRequestFilter {

    private static final List<EndpointId> ALL_DETAILS = List.of(EndpointId.of("auditevents"), EndpointId.of("fleets"));

    private final Set<String> allowed = Set.copyOf(List.of("root", System.getProperty("user.name")));
    private final Show show;
    private final ObjectProvider<PathMappedEndpoints> endpoints;

    DetailsFilter(
            @Value("${management.endpoint.health.show-details}") Show show,
            ObjectProvider<PathMappedEndpoints> endpoints) {
        this.show = show;
        this.endpoints = endpoints;
    }

    private boolean isAllDetails(String path) {
        PathMappedEndpoints paths = endpoints.getObject();
        return ALL_DETAILS.stream()
                .map(paths::getPath)
                .anyMatch(root -> root != null && (path.equals(root) || path.startsWith(root + "/")));
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        if (request.getServletConnection() instanceof PeerProtocol.PeerConnection peer
                && allowed.contains(peer.user().getName())) {
            chain.doFilter(new FromPeer(request, peer.user()), response);
        } else if (show != Show.ALWAYS && isAllDetails(request.getServletPath())) {
            response.setStatus(HttpServletResponse.SC_FORBIDDEN);
            response.setContentType("text/plain;charset=UTF-8");
            response.getWriter()
                    .println("Details are for root and the manager's own user: curl --unix-socket <run-dir>/http.sock "
                            + "http://localhost" + request.getServletPath());
        } else {
            chain.doFilter(request, response);
        }
    }

    private static final class FromPeer extends HttpServletRequestWrapper {

        private final Principal user;

        FromPeer(HttpServletRequest request, Principal user) {
            super(request);
            this.user = user;
        }

        @Override
        public Principal getUserPrincipal() {
            return user;
        }

        @Override
        public String getRemoteUser() {
            return user.getName();
        }
    }
}
