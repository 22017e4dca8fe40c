package io.fedstep.security;

import io.fedstep.quota.RequestRate;
import io.fedstep.wire.UploadFields;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.HeadersConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.ExceptionTranslationFilter;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.authentication.AuthenticationFilter;
import org.springframework.security.web.header.HeaderWriterFilter;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.servlet.HandlerExceptionResolver;

/** The filters before every request. */
@Configuration(proxyBeanMethods = false)
class SecurityConfiguration {
  private static final Duration CORS_KNOWN = Duration.ofHours(1);

  SecurityConfiguration() {
    SecretLines.install();
  }

  @Bean
  Exposure exposure(
      Credentials credentials,
      ObjectProvider<JwtDecoder> jwts,
      SecurityProperties properties,
      ServerProperties server) {
    Ssl ssl = server.getSsl();
    boolean certificates =
        ssl != null
            && (ssl.getClientAuth() == Ssl.ClientAuth.WANT
                || ssl.getClientAuth() == Ssl.ClientAuth.NEED);
    boolean asks =
        credentials.areConfigured() || certificates || jwts.stream().findAny().isPresent();
    boolean local = server.getAddress() != null && server.getAddress().isLoopbackAddress();
    return asks
        ? Exposure.AUTHENTICATED
        : properties.insecure() ? Exposure.INSECURE : local ? Exposure.LOCAL : Exposure.UNDECLARED;
  }

  /** JWTs of the type that RFC 9068 gives them, too. */
  @Bean
  JwtTypeValidator jwtTypes() {
    var types = new JwtTypeValidator("JWT", "at+jwt", "application/at+jwt");
    types.setAllowEmpty(true);
    return types;
  }

  /** JWTs that end. */
  @Bean
  JwtTimestampValidator jwtTimes() {
    var times = new JwtTimestampValidator();
    times.setAllowEmptyExpiryClaim(false);
    return times;
  }

  @Bean
  AuditLines auditLines() {
    return new AuditLines(System::nanoTime, AuditLog.LOG::info);
  }

  /** No figures of each filter: they would take a tenth of a small request, and of its code. */
  @Bean
  SecurityObservationSettings observations() {
    return SecurityObservationSettings.noObservations();
  }

  @Bean
  SecurityFilterChain filters(
      HttpSecurity http,
      Exposure exposure,
      Credentials credentials,
      RequestRate rate,
      AuditLines lines,
      ObjectProvider<JwtDecoder> jwts,
      SecurityProperties properties,
      @Qualifier("handlerExceptionResolver") HandlerExceptionResolver problems) {
    var refusals = new AccessProblems(problems, rate);
    http.csrf(AbstractHttpConfigurer::disable) // nothing here goes by cookies
        .anonymous(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .securityContext(Customizer.withDefaults())
        .sessionManagement(
            sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .headers(headers ->
            headers
                .cacheControl(HeadersConfigurer.CacheControlConfig::disable)
                .addHeaderWriter(new DashboardHeaders()))
        .exceptionHandling(
            handling -> handling.authenticationEntryPoint(refusals).accessDeniedHandler(refusals))
        .cors(cors -> cors.configurationSource(request -> cors(request, properties)))
        .addFilterBefore(new AuditLog(lines), HeaderWriterFilter.class);
    http.addFilterAfter(new OriginFilter(properties.allowedOrigins(), refusals), AuditLog.class);
    if (exposure == Exposure.LOCAL) {
      http.addFilterAfter(new LoopbackHostFilter(refusals), AuditLog.class);
    }
    if (exposure != Exposure.AUTHENTICATED) {
      http.authorizeHttpRequests(all -> all.anyRequest().permitAll());
    } else {
      var identification =
          new Identification(
              credentials, jwts.getIfAvailable(), properties, InstantSource.system());
      AuthenticationManager asFound = found -> found;
      var authentication = new AuthenticationFilter(asFound, identification);
      authentication.setSuccessHandler((_, _, _) -> {});
      authentication.setFailureHandler(refusals);
      http.addFilterBefore(authentication, ExceptionTranslationFilter.class)
          .addFilterBefore(new RequestRateFilter(rate, refusals), AuthorizationFilter.class)
          .authorizeHttpRequests(all -> all.anyRequest().access(new AccessRules()));
    }
    return http.build();
  }

  /** What a page of an allowed origin may do; null, which is nothing, for any other. */
  private static @Nullable CorsConfiguration cors(
      HttpServletRequest request, SecurityProperties properties) {
    String origin = request.getHeader("Origin");
    if (origin == null || !properties.allowedOrigins().contains(origin)) {
      return null;
    }
    var cors = new CorsConfiguration();
    cors.addAllowedOrigin(origin);
    cors.setAllowedMethods(List.of("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"));
    cors.addAllowedHeader("*");
    cors.setExposedHeaders(
        List.of(
            "ETag",
            "Fedstep-Version",
            "Fedstep-Phase",
            "Retry-After",
            "Content-Range",
            "IM",
            "Delta-Base",
            "Location",
            UploadFields.COMPLETE,
            UploadFields.OFFSET,
            UploadFields.LENGTH,
            UploadFields.LIMIT));
    cors.setMaxAge(CORS_KNOWN);
    return cors;
  }
}
