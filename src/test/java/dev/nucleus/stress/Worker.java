package dev.nucleus.stress;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** A user of the manager that runs one operation after another until the load is over, and then cleans up. */
final class Worker implements Runnable {

    private static final int SERVICES = 2;

    private final String name;
    private final RandomGenerator random;
    private final Subject subject;
    private final ShortRuns runs;
    private final long until;
    private final List<Service> services = new ArrayList<>();
    private int number;

    /** @param until by {@link System#nanoTime()} */
    Worker(String name, RandomGenerator random, Subject subject, long until) {
        this.name = name;
        this.random = random;
        this.subject = subject;
        this.until = until;
        this.runs = new ShortRuns(name, random, subject);
    }

    @Override
    public void run() {
        while (System.nanoTime() < until) {
            attempt(this::next);
        }
        while (!services.isEmpty()) {
            attempt(services.removeLast()::end);
        }
    }

    private interface Action {
        void run() throws IOException, InterruptedException;
    }

    private void attempt(Action action) {
        try {
            action.run();
        } catch (HungCommandException e) {
            subject.findings().count("commands that hung");
        } catch (IOException | RuntimeException e) {
            subject.findings().fault(name + ": " + Traces.of(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void next() throws IOException, InterruptedException {
        // Now and then a command runs while the manager is down or starting.
        if (random.nextInt(10) > 0) {
            subject.awaitManager();
        }
        int choice = random.nextInt(100);
        if (choice < 50) {
            runs.next();
        } else if (services.size() < SERVICES) {
            var service = new Service(name + "-service-" + number++, random, subject);
            if (service.start()) {
                services.add(service);
            }
        } else if (choice < 90) {
            services.get(random.nextInt(services.size())).act();
        } else {
            services.remove(random.nextInt(services.size())).end();
        }
    }
}
