package dev.nucleus.spec;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** A check of a container, executed from inside it. */
public sealed interface Probe {

    /** The kind of the probe: exec, tcp, http, grpc or notify. */
    default String kind() {
        return switch (this) {
            case Exec _ -> "exec";
            case Tcp _ -> "tcp";
            case Http _ -> "http";
            case Grpc _ -> "grpc";
            case Notify _ -> "notify";
        };
    }

    /** Runs a command under the workload's confinement; exit code 0 is a success. */
    record Exec(List<String> command) implements Probe {
        public Exec {
            command = List.copyOf(command);
            if (command.isEmpty() || command.getFirst().isBlank()) {
                throw new InvalidSpecException("an exec probe needs a command, such as [pg_isready]");
            }
        }

        @Override
        public String toString() {
            return "exec " + String.join(" ", command);
        }
    }

    /** Opens a TCP connection to a port of the container's loopback interface. */
    record Tcp(Port port) implements Probe {
        @Override
        public String toString() {
            return "tcp " + port.number();
        }
    }

    /**
     * Evaluates the workload's notifications by sd_notify(3): READY=1 without STOPPING=1, or WATCHDOG=1 in time.
     *
     * @param watchdog time within which WATCHDOG=1 must be repeated; empty: the probe checks READY=1
     */
    record Notify(Optional<Duration> watchdog) implements Probe {
        @Override
        public String toString() {
            return "notify"
                    + watchdog.map(within -> " within " + Durations.format(within))
                            .orElse("");
        }
    }

    /**
     * Calls gRPC's standard health service; SERVING is a success.
     *
     * @param service the service to check; empty: the server as a whole
     */
    record Grpc(Port port, String service) implements Probe {

        private static final int MAX_LENGTH = 127;

        public Grpc {
            if (service.length() > MAX_LENGTH || service.chars().anyMatch(c -> c <= ' ' || c >= MAX_LENGTH)) {
                throw new InvalidSpecException("'" + service + "' is not the name of a gRPC service");
            }
        }

        @Override
        public String toString() {
            return "grpc " + port.number() + (service.isEmpty() ? "" : " " + service);
        }
    }

    /**
     * Sends a GET request over HTTP/1.1. A status within the range is a success if the body contains the expected text.
     *
     * @param headers additional headers by name
     * @param body text that the first 64 KiB of the response body must contain; empty: any body
     */
    record Http(Port port, String path, Statuses statuses, Map<String, String> headers, Optional<String> body)
            implements Probe {

        /** RFC 9110, section 5.6.2: token. */
        private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

        /** A range of status codes, both ends included, within 100 to 599. */
        public record Statuses(int from, int to) {

            /** Kubernetes' default. */
            public static final Statuses DEFAULT = new Statuses(200, 399);

            public Statuses {
                if (from < 100 || to > 599 || from > to) {
                    throw new InvalidSpecException("a range of HTTP statuses lies within 100-599, such as 200-399");
                }
            }

            /** Reads {@code 200} or {@code 200-399}. */
            public static Statuses parse(String text) {
                if (!text.matches("\\d{3}(-\\d{3})?")) {
                    throw new InvalidSpecException(
                            "'" + text + "' is not a range of HTTP statuses; write 200 or 200-399");
                }
                int from = Integer.parseInt(text.substring(0, 3));
                return new Statuses(from, text.length() == 3 ? from : Integer.parseInt(text.substring(4)));
            }

            public boolean contain(int status) {
                return status >= from && status <= to;
            }
        }

        public Http {
            if (!path.startsWith("/") || path.chars().anyMatch(c -> c <= ' ' || c >= 127)) {
                throw new InvalidSpecException("'" + path + "' is not an HTTP path; begin with '/', no spaces");
            }
            headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
            headers.forEach((name, value) -> {
                if (!NAME.matcher(name).matches() || value.chars().anyMatch(c -> c < ' ' || c >= 127)) {
                    throw new InvalidSpecException(
                            "'" + name + ": " + value + "' is not an HTTP header: a name and a line of ASCII");
                }
            });
        }

        /** A probe of the root path. */
        public static Http of(Port port) {
            return new Http(port, "/", Statuses.DEFAULT, Map.of(), Optional.empty());
        }

        @Override
        public String toString() {
            return "http " + port.number() + path;
        }
    }
}
