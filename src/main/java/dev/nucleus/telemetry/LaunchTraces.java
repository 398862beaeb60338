package dev.nucleus.telemetry;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerEvent;
import dev.nucleus.plan.LaunchStep;
import dev.nucleus.shim.LaunchException;
import io.micrometer.tracing.Span;
import io.micrometer.tracing.Tracer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.springframework.context.event.EventListener;

/**
 * Traces each launch: one span for the whole, with a child span for each step. Spans are created after the launch, from
 * the times that the shim recorded, so tracing does not slow a launch down. Attributes follow OpenTelemetry's
 * conventions for containers where it has any.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/semconv/registry/attributes/container/">OpenTelemetry, container
 *     attributes</a>
 */
final class LaunchTraces {

    /** The whole launch. */
    static final String LAUNCH = "container.launch";

    private final Tracer tracer;

    LaunchTraces(Tracer tracer) {
        this.tracer = tracer;
    }

    @EventListener
    void on(ContainerEvent.Started event) {
        Instant end = event.state().startedAt();
        Optional<LaunchSteps> steps = LaunchSteps.of(event.state());
        Instant begin = end.minus(steps.map(LaunchSteps::whole).orElse(Duration.ZERO));
        Span launch =
                begin(event.container(), begin).tag("process.pid", event.state().pid());
        for (LaunchSteps.Step step : steps.map(LaunchSteps::each).orElseGet(List::of)) {
            Span span = below(launch, step.step(), begin.plus(step.from()));
            end(span, begin.plus(step.to()));
        }
        end(launch, end);
    }

    /** The steps of a failed launch are not timed: only the failed one gets a child span. */
    @EventListener
    void on(ContainerEvent.Failed event) {
        LaunchException why = event.why();
        Instant end = Instant.now();
        Span launch = begin(event.container(), event.container().record().createdAt());
        end(failed(below(launch, why.step(), end), why), end);
        end(failed(launch, why), end);
    }

    private Span begin(Container container, Instant at) {
        Span.Builder span = tracer.spanBuilder()
                .setNoParent()
                .name(LAUNCH)
                .startTimestamp(nanos(at), TimeUnit.NANOSECONDS)
                .tag("container.id", container.id())
                .tag("container.name", container.name());
        var replica = container.record().replica();
        if (replica != null) {
            span.tag("nucleus.fleet", replica.fleet())
                    .tag("nucleus.service", replica.service())
                    .tag("nucleus.replica", replica.number());
        }
        return span.start();
    }

    private Span below(Span launch, LaunchStep step, Instant from) {
        return tracer.spanBuilder()
                .setParent(launch.context())
                .name(LAUNCH + "." + step.label())
                .startTimestamp(nanos(from), TimeUnit.NANOSECONDS)
                .start();
    }

    private static Span failed(Span span, LaunchException why) {
        return span.tag("error.type", why.step().label()).error(why);
    }

    private static void end(Span span, Instant at) {
        span.end(nanos(at), TimeUnit.NANOSECONDS);
    }

    private static long nanos(Instant at) {
        return TimeUnit.SECONDS.toNanos(at.getEpochSecond()) + at.getNano();
    }
}
