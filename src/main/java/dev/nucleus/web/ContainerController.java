package dev.nucleus.web;

import dev.nucleus.cgroup.CgroupUsages;
import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.denial.Denials;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.fleet.Transition;
import dev.nucleus.history.History;
import dev.nucleus.log.ContainerLog;
import dev.nucleus.network.NetworkQueries;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.server.ResponseStatusException;

/** The page of one container: a replica by its name, which restarts do not change, or any container by its ID. */
@Controller
final class ContainerController {

    private static final int LOG_LINES = 200;
    private static final int OLDER = 100;

    private final Containers containers;
    private final Fleets fleets;
    private final Denials denials;
    private final CgroupUsages usages;
    private final History kept;
    private final NetworkQueries networks;

    ContainerController(
            Containers containers,
            Fleets fleets,
            Denials denials,
            CgroupUsages usages,
            History kept,
            NetworkQueries networks) {
        this.containers = containers;
        this.fleets = fleets;
        this.denials = denials;
        this.usages = usages;
        this.kept = kept;
        this.networks = networks;
    }

    @GetMapping("/containers/{id}")
    String container(@PathVariable String id, Model model) throws IOException {
        Container container = containers.byId(id).orElseThrow(() -> missing(id));
        Optional<ReplicaView> replica = fleets.replicas().stream()
                .filter(view -> view.containerId().filter(id::equals).isPresent())
                .findFirst();
        fill(model, Optional.of(container), replica, true);
        return "container";
    }

    @GetMapping("/fleets/{fleet}/{replica}")
    String replica(@PathVariable String fleet, @PathVariable String replica, Model model) throws IOException {
        fill(fleet, replica, model, true);
        return "container";
    }

    @GetMapping("/fragments/fleets/{fleet}/{replica}")
    String replicaFragment(@PathVariable String fleet, @PathVariable String replica, Model model) throws IOException {
        fill(fleet, replica, model, false);
        return "container :: live";
    }

    @GetMapping("/fragments/containers/{id}")
    String containerFragment(@PathVariable String id, Model model) throws IOException {
        fill(model, Optional.of(containers.byId(id).orElseThrow(() -> missing(id))), Optional.empty(), false);
        return "container :: live";
    }

    private void fill(String fleet, String replica, Model model, boolean whole) throws IOException {
        String name = fleet + "/" + replica;
        ReplicaView view = fleets.replica(name).orElseThrow(() -> missing(name));
        fill(model, view.containerId().flatMap(containers::byId), Optional.of(view), whole);
    }

    private void fill(Model model, Optional<Container> container, Optional<ReplicaView> replica, boolean whole)
            throws IOException {
        model.addAttribute("replica", replica.orElse(null));
        model.addAttribute("history", replica.map(this::history).orElse(List.of()));
        model.addAttribute(
                "probeResults",
                replica.map(view -> view.probeResults().reversed()).orElse(List.of()));
        model.addAttribute(
                "name",
                replica.map(ReplicaView::name)
                        .or(() -> container.map(Container::name))
                        .orElseThrow());
        String path = replica.map(view -> "fleets/" + view.name())
                .or(() -> container.map(found -> "containers/" + found.id()))
                .orElseThrow();
        model.addAttribute("path", path);
        fillContainer(model, container);
        model.addAttribute(
                "network",
                container
                        .flatMap(found -> NetworkSection.of(networks, found.id()))
                        .orElse(null));
        fillLog(model, container, whole);
    }

    private void fillContainer(Model model, Optional<Container> container) throws IOException {
        model.addAttribute("container", container.orElse(null));
        model.addAttribute(
                "state",
                container
                        .map(found -> found.paused() ? "paused" : found.state().word())
                        .orElse(null));
        model.addAttribute("end", container.flatMap(ContainerController::end).orElse(null));
        model.addAttribute("kernel", container.map(ContainerController::kernel).orElse(null));
        model.addAttribute(
                "workspaceResult", container.flatMap(Container::workspaceResult).orElse(null));
        model.addAttribute(
                "command",
                container.map(found -> String.join(" ", found.command())).orElse(null));
        model.addAttribute(
                "pid",
                container
                        .flatMap(Container::whileRunning)
                        .map(ContainerState.Running::pid)
                        .orElse(null));
        model.addAttribute("denials", container.isPresent() ? denials.of(container.get()) : List.of());
        model.addAttribute(
                "usage",
                container
                        .filter(Container::isRunning)
                        .map(found -> UsageView.of(usages.of(found.id())))
                        .orElse(List.of()));
    }

    /**
     * Adds the end of the log, preceded by the marked end of the previous run, and the position where live updates
     * continue.
     */
    private static void fillLog(Model model, Optional<Container> container, boolean whole) throws IOException {
        ContainerLog.Tail tail = whole && container.isPresent()
                ? container.get().log().tail(LOG_LINES)
                : new ContainerLog.Tail(List.of(), 0);
        var lines = new ArrayList<ContainerLog.Line>();
        if (whole) {
            container.flatMap(Container::previousRun).ifPresent(previous -> lines.addAll(previous.marked()));
        }
        lines.addAll(tail.lines());
        model.addAttribute(
                "log",
                lines.stream()
                        .map(line ->
                                new ContainerLog.Line(line.time(), line.stream(), VisibleText.logLine(line.text())))
                        .toList());
        model.addAttribute(
                "seen",
                container
                        .map(found -> new LogPosition(found.id(), tail.end()).toString())
                        .orElse(null));
    }

    /** The transitions, newest first: those of this manager, then those recorded by earlier ones. */
    private List<Transition> history(ReplicaView replica) {
        var seen = new ArrayList<>(replica.history().reversed());
        Instant oldest = seen.isEmpty() ? Instant.now() : seen.getLast().at();
        kept.before(replica.fleet(), replica.service(), replica.number(), oldest, OLDER)
                .forEach(entry -> seen.add(entry.transition()));
        return seen;
    }

    private static Optional<ContainerState.Stopped> end(Container container) {
        return container.state().outcome();
    }

    private static String kernel(Container container) {
        return container.statements().stream()
                        .anyMatch(statement -> statement.layer().equals("gVisor"))
                ? "gVisor"
                : "host";
    }

    private static ResponseStatusException missing(String name) {
        return new ResponseStatusException(HttpStatus.NOT_FOUND, "there is no container '" + name + "'");
    }
}
