/**
 * The filters before every request: who sends it ({@code Identification}), what they may ({@code
 * AccessRules}), how often ({@code RequestRateFilter}), from which pages ({@code OriginFilter}),
 * and the audit log of it.
 *
 * <ul>
 *   <li>Rights are decided by the request's line alone, before anything is looked up: {@code
 *       AccessTest}.
 *   <li>What waits ends soon after its credentials do: {@code RightsTest}.
 *   <li>Changed credentials that cannot be read change nothing: {@code CredentialsTest}, {@code
 *       CertificatesTest}.
 *   <li>Nobody can fill the audit log, and no log has a token: {@code AuditLinesTest}, {@code
 *       AccessTest}.
 *   <li>A server without authentication answers this machine alone, unless its configuration says
 *       otherwise: {@code LocalOnlyTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.security;

import org.jspecify.annotations.NullMarked;
