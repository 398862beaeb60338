package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.shim.Shim;
import dev.nucleus.shim.ShimConnection;
import dev.nucleus.shim.ShimMessage;
import dev.nucleus.shim.Ticket;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/**
 * {@code nucleus cp}: copies files between the client, which accesses them as its own user, and a process in the
 * container, which does so as the workload's user. The manager only connects the two.
 */
@CommandLine.Command(
        name = "cp",
        description = "Copy files and directories into or out of a running container.",
        footer = {
            "",
            "One of SRC and DST is CONTAINER:PATH, with a path from the container's root;",
            "the other is a path on this host, or - for a tar archive on standard input or",
            "output. Into a directory DST, SRC is copied under its own name; SRC/. is the",
            "content of a directory. Symbolic links are not followed, neither in the path to",
            "a file nor as its last component. Links, devices and sockets are not copied out."
        })
final class CopyCommand implements Callable<Integer> {

    private static final Logger log = LoggerFactory.getLogger(CopyCommand.class);

    private final Containers containers;
    private final Fleets fleets;
    private final Session session;

    @CommandLine.Option(
            names = {"-a", "--archive"},
            description = "keep permissions and times")
    private boolean archive;

    /** Used by the client only. */
    @CommandLine.Option(
            names = {"-v", "--verbose"},
            description = "name each file that is copied, on standard error")
    @SuppressWarnings("unused")
    private boolean verbose;

    @CommandLine.Parameters(index = "0", paramLabel = "SRC", description = "file or directory to copy")
    private String source = "";

    @CommandLine.Parameters(index = "1", paramLabel = "DST", description = "directory to copy to, or new name")
    private String target = "";

    CopyCommand(Containers containers, Fleets fleets, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.session = session;
    }

    /** A path in a container, parsed as the client does (native/client/copy.c). */
    record Place(String container, String path) {

        static Optional<Place> parse(String argument) {
            int colon = argument.indexOf(':');
            if (colon < 0 || argument.startsWith("/") || argument.startsWith(".")) {
                return Optional.empty();
            }
            return Optional.of(new Place(argument.substring(0, colon), argument.substring(colon + 1)));
        }
    }

    @Override
    public Integer call() throws IOException {
        Optional<Place> from = Place.parse(source);
        Optional<Place> to = Place.parse(target);
        if (from.isPresent() == to.isPresent()) {
            throw new InvalidSpecException(
                    from.isPresent()
                            ? "cp copies between a container and this host, not from one container to another"
                            : "cp needs one path in a container: CONTAINER:PATH (a path on this host with a colon"
                                    + " is written with ./ before it)");
        }
        Place place = from.or(() -> to).orElseThrow();
        if (place.path().isEmpty()) {
            throw new InvalidSpecException("cp: '" + place.container() + ":' has no path");
        }
        Container container = Target.container(containers, fleets, place.container());
        if (!container.isRunning()) {
            throw new InvalidSpecException("cp: '" + container.name() + "' is not running ("
                    + container.state().word() + "); only a running container's files can be copied");
        }
        if (container.paused()) {
            throw new InvalidSpecException("cp: '" + container.name() + "' is paused; resume it first");
        }
        String options = (archive ? "a" : "") + (source.equals("-") ? "d" : "");
        return copy(container, from.isPresent() ? Shim.Copy.OUT : Shim.Copy.IN, options, place.path());
    }

    private int copy(Container container, Shim.Copy direction, String options, String path) throws IOException {
        var ticket = new Ticket();
        try (ShimConnection connection = containers.copy(container, direction, options, path, ticket)) {
            while (true) {
                switch (connection
                        .receive()
                        .orElseThrow(() -> new InvalidSpecException("'" + container.name() + "' has stopped"))) {
                    // If the client disconnects, the shim kills the process in the container.
                    case ShimMessage.ExecStarted _ ->
                        session.attach(
                                container.shim().socket(),
                                ticket,
                                direction == Shim.Copy.IN ? Set.of(AttachOption.INPUT) : Set.of());
                    case ShimMessage.ExecExited(var _, var status, var _, var _) -> {
                        return status.code();
                    }
                    case ShimMessage.Failed(var step, var errno, var detail) ->
                        throw new LaunchException(step, errno, detail);
                    case ShimMessage.Error(var _, var text) -> throw new InvalidSpecException(text);
                    default -> log.debug("the copy continues");
                }
            }
        }
    }
}
