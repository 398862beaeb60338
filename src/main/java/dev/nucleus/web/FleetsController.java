package dev.nucleus.web;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.history.History;
import dev.nucleus.history.ServiceLevel;
import dev.nucleus.history.ServiceLevels;
import java.util.Comparator;
import java.util.stream.Collectors;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;

/** The page of all fleets, and the fragment of it that is fetched again after a change. */
@Controller
final class FleetsController {

    private final Fleets fleets;
    private final Containers containers;
    private final History history;
    private final ServiceLevels levels;

    FleetsController(Fleets fleets, Containers containers, History history, ServiceLevels levels) {
        this.fleets = fleets;
        this.containers = containers;
        this.history = history;
        this.levels = levels;
    }

    @GetMapping("/")
    String page(Model model) {
        fill(model);
        return "fleets";
    }

    @GetMapping("/fragments/fleets")
    String fragment(Model model) {
        fill(model);
        return "fleets :: content";
    }

    private void fill(Model model) {
        model.addAttribute("fleets", fleets.fleets());
        model.addAttribute("warning", history.problem().orElse(null));
        model.addAttribute(
                "levels",
                levels.all().stream()
                        .sorted(Comparator.comparing(ServiceLevel::service))
                        .collect(Collectors.groupingBy(
                                ServiceLevel::fleet, Collectors.mapping(ServiceLevelView::of, Collectors.toList()))));
        model.addAttribute(
                "others",
                containers.all().stream()
                        .filter(container -> container.record().replica() == null)
                        .sorted(Comparator.comparing((Container c) -> c.record().createdAt())
                                .reversed())
                        .toList());
    }
}
