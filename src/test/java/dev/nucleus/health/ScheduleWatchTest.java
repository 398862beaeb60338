package dev.nucleus.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.context.support.GenericApplicationContext;

class ScheduleWatchTest {

    @Test
    void livenessIsBrokenWhileScheduledTasksDoNotRun() {
        List<Object> states = new ArrayList<>();
        try (var context = new GenericApplicationContext()) {
            context.addApplicationListener(event -> {
                if (event instanceof AvailabilityChangeEvent<?> change) {
                    states.add(change.getState());
                }
            });
            context.refresh();
            var watch = new ScheduleWatch(context);

            watch.check(Duration.ofSeconds(2));
            assertThat(states).isEmpty();
            watch.check(Duration.ofSeconds(61));
            watch.check(Duration.ofSeconds(66));
            watch.check(Duration.ofSeconds(1));

            assertThat(states).containsExactly(LivenessState.BROKEN, LivenessState.CORRECT);
        }
    }
}
