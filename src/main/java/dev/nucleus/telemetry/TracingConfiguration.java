package dev.nucleus.telemetry;

import io.micrometer.tracing.Tracer;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import java.time.Duration;
import java.util.List;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.micrometer.tracing.autoconfigure.TracingProperties;
import org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.otlp.OtlpGrpcSpanExporterBuilderCustomizer;
import org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.otlp.OtlpHttpSpanExporterBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Tracing, if a collector is configured. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("management.opentelemetry.tracing.export.otlp.endpoint")
class TracingConfiguration {

    @Bean
    LaunchTraces launchTraces(Tracer tracer) {
        return new LaunchTraces(tracer);
    }

    /** Samples every launch, and the configured share of Spring's other traces, such as requests. */
    @Bean
    Sampler sampler(TracingProperties properties) {
        Sampler others = Sampler.traceIdRatioBased(properties.getSampling().getProbability());
        return Sampler.parentBased(new LaunchSampler(others));
    }

    /** Fewer attempts than by default, with which an unreachable collector delays the manager's exit by ten seconds. */
    private static RetryPolicy retries() {
        return RetryPolicy.builder()
                .setMaxAttempts(3)
                .setInitialBackoff(Duration.ofMillis(200))
                .build();
    }

    @Bean
    OtlpHttpSpanExporterBuilderCustomizer retriesOverHttp() {
        return builder -> builder.setRetryPolicy(retries());
    }

    @Bean
    OtlpGrpcSpanExporterBuilderCustomizer retriesOverGrpc() {
        return builder -> builder.setRetryPolicy(retries());
    }

    @Bean
    static BeanPostProcessor outageLoggingExporters() {
        return new BeanPostProcessor() {
            @Override
            public Object postProcessAfterInitialization(Object bean, String name) {
                return bean instanceof SpanExporter exporter ? new OutageLoggingExporter(exporter) : bean;
            }
        };
    }

    private record LaunchSampler(Sampler others) implements Sampler {

        @Override
        public SamplingResult shouldSample(
                Context parent, String trace, String name, SpanKind kind, Attributes attributes, List<LinkData> links) {
            return name.equals(LaunchTraces.LAUNCH)
                    ? SamplingResult.recordAndSample()
                    : others.shouldSample(parent, trace, name, kind, attributes, links);
        }

        @Override
        public String getDescription() {
            return "every launch, else " + others.getDescription();
        }
    }
}
