package dev.nucleus.spec;

import java.util.List;

/** A question put to a container from inside it. */
public sealed interface Probe {

    /** Runs a command under the workload's confinement; exit code 0 is a yes. */
    record Exec(List<String> command) implements Probe {
        public Exec {
            command = List.copyOf(command);
            if (command.isEmpty()) {
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

    /** Asks over HTTP/1.1; a status within the range is a yes. */
    record Http(Port port, String path, int fromStatus, int toStatus) implements Probe {
        public Http {
            if (!path.startsWith("/") || path.chars().anyMatch(c -> c <= ' ' || c == 127)) {
                throw new InvalidSpecException("'" + path + "' is not an HTTP path; begin with '/', no spaces");
            }
            if (fromStatus < 100 || toStatus > 599 || fromStatus > toStatus) {
                throw new InvalidSpecException("a range of HTTP statuses lies within 100-599, such as 200-399");
            }
        }

        @Override
        public String toString() {
            return "http " + port.number() + path;
        }
    }
}
