package io.fedstep.security;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who may do what.
 *
 * @param insecure whether to serve beyond loopback without authentication
 * @param tokens bearer tokens
 * @param tokensFile a JSON file with more {@code tokens}, read again when it changes
 * @param jwtClientId the claim of a JWT that is the client's id
 * @param jwtRoleClaim the claim of a JWT that has its roles; null for its scope
 * @param certificateClientId the attribute of a certificate's subject that is the client's id
 * @param allowedOrigins origins of web pages whose scripts may call the server
 */
public record SecurityProperties(
    @DefaultValue("false") boolean insecure,
    @NotNull @DefaultValue List<Token> tokens,
    @Nullable Path tokensFile,
    @NotBlank @DefaultValue("sub") String jwtClientId,
    @Nullable String jwtRoleClaim,
    @NotBlank @DefaultValue("CN") String certificateClientId,
    @NotNull @DefaultValue List<String> allowedOrigins) {}
