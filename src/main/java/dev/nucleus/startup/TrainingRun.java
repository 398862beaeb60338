package dev.nucleus.startup;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * The start that {@link JarPreparation} records: it sends the requests that a manager typically receives first, so that
 * their classes are recorded too, and exits.
 */
@Component
final class TrainingRun {

    /** The system property that marks a training run; only the preparation sets it. */
    static final String PROPERTY = "nucleus.training";

    private static final Logger log = LoggerFactory.getLogger(TrainingRun.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final List<String> PATHS = List.of(
            "/actuator/health/readiness",
            "/actuator/health",
            "/readyz",
            "/",
            "/actuator/prometheus",
            "/actuator/fleets",
            "/actuator/info");

    private final ApplicationContext context;
    private final Environment environment;

    TrainingRun(ApplicationContext context, Environment environment) {
        this.context = context;
        this.environment = environment;
    }

    @EventListener
    void on(ApplicationReadyEvent event) {
        if (!environment.getProperty(PROPERTY, Boolean.class, false)) {
            return;
        }
        // Not in this thread: the context can't be closed before its startup has finished.
        Thread.ofPlatform().name("training").start(this::run);
    }

    private void run() {
        String base = "http://127.0.0.1:" + environment.getProperty("local.server.port");
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (String path : PATHS) {
                client.send(
                        HttpRequest.newBuilder(URI.create(base + path))
                                .timeout(TIMEOUT)
                                .build(),
                        HttpResponse.BodyHandlers.discarding());
            }
        } catch (IOException e) {
            log.warn("the training run is incomplete, so less is prepared: {}", e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        System.exit(SpringApplication.exit(context));
    }
}
