package dev.nucleus.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Enumeration;
import java.util.Set;
import java.util.regex.Pattern;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Allows only requests that read, and only to a name of this host itself: a foreign page whose name resolves to
 * 127.0.0.1 (DNS rebinding) sends another Host and is refused. Adds the security headers of the pages.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
final class ReadOnlyFilter extends OncePerRequestFilter {

    private static final Set<String> METHODS = Set.of("GET", "HEAD");
    private static final Set<String> HOSTS = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final Pattern PORT = Pattern.compile(":[0-9]{1,5}$");

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        response.setHeader(
                "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; "
                        + "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("Referrer-Policy", "no-referrer");
        response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
        response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
        if (!isThisHost(request)) {
            refuse(response, 421, "This server answers to localhost and 127.0.0.1 only.");
        } else if (!METHODS.contains(request.getMethod())) {
            response.setHeader("Allow", String.join(", ", METHODS));
            refuse(
                    response,
                    HttpServletResponse.SC_METHOD_NOT_ALLOWED,
                    "HTTP is read-only until there are accounts; use the nucleus command.");
        } else {
            chain.doFilter(request, response);
        }
    }

    /**
     * Checks the Host that was sent as well as the name that Spring and Tomcat derive from the request, so that no
     * proxy header, which any page may send, can replace the Host.
     */
    private static boolean isThisHost(HttpServletRequest request) {
        Enumeration<String> sent = request.getHeaders("Host");
        return sent != null
                && sent.hasMoreElements()
                && HOSTS.contains(PORT.matcher(sent.nextElement()).replaceFirst(""))
                && !sent.hasMoreElements()
                && HOSTS.contains(request.getServerName());
    }

    private static void refuse(HttpServletResponse response, int status, String why) throws IOException {
        response.setStatus(status);
        response.setContentType("text/plain;charset=UTF-8");
        response.getWriter().println(why);
    }
}
