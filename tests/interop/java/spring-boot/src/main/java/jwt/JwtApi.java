package jwt;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * An API that accepts JWT access tokens. It checks them with the keys of the authorization server.
 */
@SpringBootApplication
@RestController
public class JwtApi {

    public static void main(String[] args) {
        SpringApplication.run(JwtApi.class, args);
    }

    @Bean
    SecurityFilterChain security(HttpSecurity http) throws Exception {
        return http.authorizeHttpRequests(requests -> requests
                        .requestMatchers("/live").permitAll()
                        .anyRequest().hasAuthority("SCOPE_models.read"))
                .oauth2ResourceServer(api -> api.jwt(Customizer.withDefaults()))
                .build();
    }

    @GetMapping("/models")
    Map<String, Object> models(@AuthenticationPrincipal Jwt token) {
        return Map.of("sub", token.getSubject(), "scope", token.getClaimAsString("scope"));
    }

    @GetMapping("/live")
    String live() {
        return "live";
    }
}
