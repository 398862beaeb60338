package dev.nucleus;

import dev.nucleus.cli.LocalCommands;
import dev.nucleus.kernel.ProcessorShare;
import dev.nucleus.startup.JarPreparation;
import dev.nucleus.startup.PreparedStart;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.actuate.autoconfigure.audit.AuditAutoConfiguration;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The manager: decides everything, does nothing privileged. */
// Without Spring Security, Boot 4.1 fails to make its listener for sign-ins (AuditConfiguration makes what is left).
@SpringBootApplication(exclude = AuditAutoConfiguration.class)
@ConfigurationPropertiesScan
public class NucleusApplication {

    /**
     * Carriers of virtual threads. A virtual thread that waits for a lock while it loads a class keeps its carrier (JEP 491);
     * with as few as processors, all could wait for one that has the lock of a jar and no carrier to go on.
     */
    private static final int CARRIERS = 32;

    public static void main(String[] args) {
        allowCarriers();
        if (args.length == 1 && args[0].equals(JarPreparation.COMMAND)) {
            System.exit(JarPreparation.run(NucleusApplication.class));
        }
        LocalCommands.run(args).ifPresent(System::exit);
        PreparedStart.replaceThisProcess(NucleusApplication.class);
        ProcessorShare.raise();
        SpringApplication.run(NucleusApplication.class, args);
    }

    /** Before the first virtual thread; whoever starts the manager may say otherwise. */
    private static void allowCarriers() {
        String name = "jdk.virtualThreadScheduler.parallelism";
        if (System.getProperty(name) == null) {
            System.setProperty(
                    name,
                    Integer.toString(Math.max(CARRIERS, Runtime.getRuntime().availableProcessors())));
        }
    }
}
