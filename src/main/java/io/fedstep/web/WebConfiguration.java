package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Listener;
import io.fedstep.store.KeptAnswers;
import io.fedstep.wire.Container;
import io.fedstep.wire.HeavyWork;
import io.fedstep.wire.WireLimits;
import java.util.ArrayList;
import org.apache.catalina.Valve;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.tomcat.autoconfigure.TomcatServerProperties;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.StrictHttpFirewall;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** What the container is told. */
@Configuration(proxyBeanMethods = false)
class WebConfiguration {
  private static final Logger LOG = LoggerFactory.getLogger(WebConfiguration.class);

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> tomcat(
      WireLimits limits, ServerProperties server, TomcatServerProperties tomcat) {
    TomcatServerProperties.Remoteip remote = tomcat.getRemoteip();
    if (server.getForwardHeadersStrategy() == ServerProperties.ForwardHeadersStrategy.FRAMEWORK) {
      LOG.warn(
          "server.forward-headers-strategy=framework believes more of X-Forwarded-* than native,"
              + " which is meant for this server (docs/NGINX.md)");
    }
    var container = new Container(limits, remote.getInternalProxies());
    return factory -> {
      factory.setProtocol(Container.PROTOCOL);
      factory.addConnectorCustomizers(container::connect);
      var valves = new ArrayList<Valve>();
      valves.add(
          container.forwardedFields(
              named(remote.getRemoteIpHeader(), "X-Forwarded-For"),
              named(remote.getProtocolHeader(), "X-Forwarded-Proto")));
      valves.addAll(factory.getEngineValves());
      valves.addAll(container.valves());
      factory.setEngineValves(valves);
      factory.addContextCustomizers(Container::reportProblems);
    };
  }

  private static String named(@Nullable String configured, String usual) {
    return configured == null || configured.isBlank() ? usual : configured;
  }

  /** Lets header fields through, at which {@link io.fedstep.wire.Container} has looked. */
  @Bean
  HttpFirewall firewall() {
    var firewall = new StrictHttpFirewall();
    firewall.setAllowedHeaderValues(_ -> true);
    return firewall;
  }

  @Bean
  HeavyWork heavyWork(WireLimits limits, KeptAnswers kept) {
    return HeavyWork.within(limits, kept);
  }

  @Bean
  FilterRegistrationBean<TrailingSlash> trailingSlash() {
    var registration = new FilterRegistrationBean<>(new TrailingSlash());
    registration.setOrder(Ordered.HIGHEST_PRECEDENCE); // rights are looked at without it
    return registration;
  }

  @Bean
  WebMvcConfigurer interceptors(Listener listener, Coordinator coordinator, HeavyWork work) {
    return new WebMvcConfigurer() {
      @Override
      public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(new UnreadParameters()).addPathPatterns("/v1/**");
        registry
            .addInterceptor(new UpdateTimer(listener))
            .addPathPatterns(UpdateController.PATH, ResumableController.PATH);
        registry.addInterceptor(new UploadPlaces(coordinator, work)).addPathPatterns("/v1/**");
        registry.addInterceptor(new UnheededConditions()).addPathPatterns(UnheededConditions.PATHS);
      }
    };
  }

  /** Answers waiting clients before the container waits for their requests to end. */
  @Bean
  SmartLifecycle waitersAtShutdown(Coordinator coordinator) {
    return new SmartLifecycle() {
      private volatile boolean running;

      @Override
      public void start() {
        running = true;
      }

      @Override
      public void stop() {
        coordinator.drain();
        running = false;
      }

      @Override
      public boolean isRunning() {
        return running;
      }
    };
  }
}
