/**
 * Differential privacy as pure functions: what rounds cost, the grid and its exact noise, the
 * ledger of what was paid for.
 *
 * <p>Noise is a function of a close's key and the coordinate, in whole numbers alone; that is
 * {@code NoiseTest}'s and {@code QuickDrawTest}'s. What is stated is never below what was spent, as
 * far as double goes ({@code AccountantTest}, {@code CanaryAuditTest}). A ledger only grows ({@code
 * LedgerTest}).
 */
@NullMarked
package io.fedstep.privacy;

import org.jspecify.annotations.NullMarked;
