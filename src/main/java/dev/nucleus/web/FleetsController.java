package dev.nucleus.web;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import java.util.Comparator;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;

/** The page of all fleets, and the part of it that is fetched again when something changed. */
@Controller
final class FleetsController {

    private final Fleets fleets;
    private final Containers containers;

    FleetsController(Fleets fleets, Containers containers) {
        this.fleets = fleets;
        this.containers = containers;
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
        model.addAttribute(
                "others",
                containers.all().stream()
                        .filter(container -> container.record().replica() == null)
                        .sorted(Comparator.comparing((Container c) -> c.record().createdAt())
                                .reversed())
                        .toList());
    }
}
