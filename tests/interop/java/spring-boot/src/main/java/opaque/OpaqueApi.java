package opaque;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * An API that accepts opaque access tokens. The authorization server checks each token (RFC 7662).
 */
@SpringBootApplication
@RestController
public class OpaqueApi {

    public static void main(String[] args) {
        SpringApplication.run(OpaqueApi.class, args);
    }

    @Bean
    SecurityFilterChain security(HttpSecurity http) throws Exception {
        return http.authorizeHttpRequests(requests -> requests
                        .requestMatchers("/live").permitAll()
                        .anyRequest().hasAuthority("SCOPE_models.read"))
                .oauth2ResourceServer(api -> api.opaqueToken(Customizer.withDefaults()))
                .build();
    }

    @GetMapping("/models")
    Map<String, Object> models(@AuthenticationPrincipal OAuth2AuthenticatedPrincipal token) {
        return Map.of("sub", token.getName(), "scope", token.getAttribute("scope"));
    }

    @GetMapping("/live")
    String live() {
        return "live";
    }
}
