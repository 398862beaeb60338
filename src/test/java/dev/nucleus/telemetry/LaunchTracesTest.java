package dev.nucleus.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpServer;
import dev.nucleus.container.Container;
import dev.nucleus.plan.LaunchStep;
import dev.nucleus.shim.LaunchException;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import io.micrometer.tracing.Tracer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Launches as an OpenTelemetry collector sees them. */
@Tag("isolation")
class LaunchTracesTest {

    private static final ByteString NONE = ByteString.EMPTY;

    private final List<Span> spans = new CopyOnWriteArrayList<>();
    private HttpServer collector;

    @BeforeAll
    static void root() {
        Requires.root();
    }

    @BeforeEach
    void collect() throws IOException {
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/v1/traces", exchange -> {
            ExportTraceServiceRequest.parseFrom(exchange.getRequestBody())
                    .getResourceSpansList()
                    .forEach(resource ->
                            resource.getScopeSpansList().forEach(scope -> spans.addAll(scope.getSpansList())));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
    }

    @AfterEach
    void stop() {
        collector.stop(0);
    }

    private List<String> settings() {
        return List.of(
                "--management.opentelemetry.tracing.export.otlp.endpoint=http://127.0.0.1:"
                        + collector.getAddress().getPort() + "/v1/traces",
                "--management.opentelemetry.tracing.export.schedule-delay=50ms",
                "--management.tracing.sampling.probability=0");
    }

    private Span awaitLaunch(String container) {
        return Awaitility.await("the launch of " + container)
                .until(
                        () -> spans.stream()
                                .filter(span -> span.getName().equals("container.launch"))
                                .filter(span ->
                                        attribute(span, "container.name").equals(container))
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    private static String attribute(Span span, String key) {
        return span.getAttributesList().stream()
                .filter(attribute -> attribute.getKey().equals(key))
                .map(attribute -> attribute.getValue().getStringValue())
                .findFirst()
                .orElse("");
    }

    private List<Span> below(Span launch) {
        return spans.stream()
                .filter(span -> span.getParentSpanId().equals(launch.getSpanId()))
                .sorted(Comparator.comparingLong(Span::getStartTimeUnixNano))
                .toList();
    }

    @Test
    void eachStepOfALaunchIsAChildSpanOfTheLaunch() {
        try (TestManager manager = TestManager.startWith(settings())) {
            Container container = manager.launch("/bin/sleep", "1000");
            Span launch = awaitLaunch(container.name());
            Awaitility.await("all steps are exported")
                    .until(() -> below(launch).stream()
                            .anyMatch(span -> span.getName().equals("container.launch.exec")));
            List<Span> steps = below(launch);

            assertThat(launch.getParentSpanId()).isEqualTo(NONE);
            assertThat(attribute(launch, "container.id")).isEqualTo(container.id());
            assertThat(steps)
                    .extracting(Span::getName)
                    .startsWith("container.launch.plan")
                    .contains("container.launch.namespaces", "container.launch.pivot", "container.launch.landlock")
                    .endsWith("container.launch.exec");
            assertThat(steps).allSatisfy(step -> assertThat(step.getTraceId()).isEqualTo(launch.getTraceId()));
            long at = launch.getStartTimeUnixNano();
            for (Span step : steps) {
                assertThat(step.getStartTimeUnixNano())
                        .as("%s begins where the one before it ended", step.getName())
                        .isEqualTo(at);
                at = step.getEndTimeUnixNano();
            }
            assertThat(at).as("the end of the last step").isEqualTo(launch.getEndTimeUnixNano());
            assertThat(launch.getEndTimeUnixNano() - launch.getStartTimeUnixNano())
                    .as("nanoseconds")
                    .isBetween(1L, 5_000_000_000L);

            manager.get("/actuator/health");
            assertThat(spans)
                    .as("other spans are not sampled")
                    .allMatch(span -> span.getName().startsWith("container.launch"));
        }
    }

    @Test
    void aLaunchNamesItsReplicaAndItsFailedStep() {
        String fleet = """
                name: shop
                services:
                  web: {command: [/bin/sleep, "1000"]}
                """;
        try (TestManager manager = TestManager.start(fleet, settings())) {
            Span replica = awaitLaunch("shop/web-1");
            assertThat(attribute(replica, "nucleus.fleet")).isEqualTo("shop");
            assertThat(attribute(replica, "nucleus.service")).isEqualTo("web");

            assertThatThrownBy(() -> manager.launch("/no/such/program")).isInstanceOf(LaunchException.class);
            Span failed = Awaitility.await()
                    .until(
                            () -> spans.stream()
                                    .filter(span -> span.getName().equals("container.launch"))
                                    .filter(span ->
                                            attribute(span, "error.type").equals(LaunchStep.EXEC.label()))
                                    .findFirst(),
                            Optional::isPresent)
                    .orElseThrow();
            assertThat(failed.getStatus().getMessage()).contains("/no/such/program");
            Awaitility.await().until(() -> !below(failed).isEmpty());
            assertThat(below(failed)).extracting(Span::getName).containsExactly("container.launch.exec");
        }
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void anUnreachableCollectorDelaysNoLaunchAndIsReportedOnce(CapturedOutput output) {
        List<String> settings = settings();
        collector.stop(0);
        try (TestManager manager = TestManager.startWith(settings)) {
            for (int i = 0; i < 3; i++) {
                assertThat(manager.sh("echo here").out()).isEqualTo("here\n");
                Awaitility.await().until(() -> output.getAll().contains("traces can't be sent to their collector: "));
            }
        }
        assertThat(output.getAll().lines().filter(line -> line.contains("traces can't be sent")))
                .hasSize(1);
        assertThat(output.getAll()).doesNotContain("\tat ");
    }

    @Test
    void nothingIsTracedUnlessACollectorIsConfigured() {
        try (TestManager manager = TestManager.start()) {
            assertThat(manager.has(Tracer.class)).isFalse();
        }
    }
}
