package dev.nucleus.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.ApiVersion;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.ContentCachingResponseWrapper;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reports health as one word, such as {@code UP}, to a client that accepts text but not JSON: the endpoint itself would
 * answer 406, which a load balancer takes for a failure. The HTTP status remains the endpoint's.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 2)
final class PlainHealthFilter extends OncePerRequestFilter {

    private static final EndpointId HEALTH = EndpointId.of("health");
    private static final Set<String> ADDITIONAL_PATHS = Set.of("/livez", "/readyz");
    /** The content types of the endpoint. */
    private static final List<MediaType> PRODUCED = Stream.concat(
                    Stream.of(MediaType.APPLICATION_JSON),
                    Arrays.stream(ApiVersion.values())
                            .map(version -> MediaType.valueOf(
                                    version.getProducedMimeType().toString())))
            .toList();

    private static final JsonMapper JSON = JsonMapper.shared();

    private final ObjectProvider<PathMappedEndpoints> endpoints;

    PlainHealthFilter(ObjectProvider<PathMappedEndpoints> endpoints) {
        this.endpoints = endpoints;
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        return !isHealth(request.getServletPath()) || !wantsText(request);
    }

    private boolean isHealth(String path) {
        String root = endpoints.getObject().getPath(HEALTH);
        return ADDITIONAL_PATHS.contains(path) || (root != null && (path.equals(root) || path.startsWith(root + "/")));
    }

    private static boolean wantsText(HttpServletRequest request) {
        try {
            List<MediaType> accepted =
                    MediaType.parseMediaTypes(Collections.list(request.getHeaders(HttpHeaders.ACCEPT)));
            return accepts(accepted, MediaType.TEXT_PLAIN)
                    && PRODUCED.stream().noneMatch(json -> accepts(accepted, json));
        } catch (InvalidMediaTypeException e) {
            // Spring reports the error.
            return false;
        }
    }

    /** The most specific range decides, and a weight of 0 excludes the type (RFC 9110, 12.4.2 and 12.5.1). */
    private static boolean accepts(List<MediaType> ranges, MediaType type) {
        return ranges.stream()
                .filter(range -> range.includes(type))
                .max(Comparator.comparing(MediaType::isConcrete).thenComparing(range -> !range.isWildcardType()))
                .filter(range -> range.getQualityValue() > 0)
                .isPresent();
    }

    /** Whether the body is the endpoint's own; another filter's error page is not. */
    private static boolean isJson(ContentCachingResponseWrapper answer) {
        String type = answer.getContentType();
        return type != null
                && answer.getContentSize() > 0
                && PRODUCED.stream().anyMatch(json -> json.isCompatibleWith(MediaType.parseMediaType(type)));
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        var answer = new ContentCachingResponseWrapper(response);
        chain.doFilter(new AcceptsJson(request), answer);
        JsonNode status =
                isJson(answer) ? JSON.readTree(answer.getContentAsByteArray()).path("status") : JSON.missingNode();
        if (status.isString()) {
            answer.resetBuffer();
            answer.setContentType("text/plain;charset=UTF-8");
            answer.getOutputStream().write((status.asString() + "\n").getBytes(StandardCharsets.UTF_8));
        }
        answer.copyBodyToResponse();
    }

    private static final class AcceptsJson extends HttpServletRequestWrapper {

        AcceptsJson(HttpServletRequest request) {
            super(request);
        }

        @Override
        public String getHeader(String name) {
            return name.equalsIgnoreCase(HttpHeaders.ACCEPT) ? MediaType.APPLICATION_JSON_VALUE : super.getHeader(name);
        }

        @Override
        public Enumeration<String> getHeaders(String name) {
            return name.equalsIgnoreCase(HttpHeaders.ACCEPT)
                    ? Collections.enumeration(List.of(MediaType.APPLICATION_JSON_VALUE))
                    : super.getHeaders(name);
        }
    }
}
