package dev.nucleus;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The manager: decides everything, does nothing privileged. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class NucleusApplication {

    public static void main(String[] args) {
        SpringApplication.run(NucleusApplication.class, args);
    }
}
