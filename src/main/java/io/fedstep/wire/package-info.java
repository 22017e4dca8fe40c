/**
 * Requests and answers as bytes over connections: bodies, their codings and rates, ranges, files,
 * and the servlet container. The package knows no addresses: what a request asks for is decided in
 * {@code io.fedstep.web}, and who sends it in {@code io.fedstep.security}.
 *
 * <pre>
 *   HttpProtocol, IdleConnections        connections: how many, how long a head may take
 *   ForwardedValve, LimitValve,          before every request: proxies, limits, header fields
 *   HeaderValve, ProblemValve
 *   Exchange                             what is known of a request until its answer is sent
 *   Body, DecodedBody, Coding            bodies that come
 *   AnswerHead, Download, Sendfile       versions that are sent
 * </pre>
 *
 * <ul>
 *   <li>Nothing here depends on Spring MVC or on the rules of rounds: {@code ArchitectureTest}.
 *   <li>A body is read up to its limit, at a minimum rate, or refused: {@code LimitsTest}, {@code
 *       MinimumRateInputTest}, {@code MutationTest}.
 *   <li>A compressed body cannot cost more than it holds: {@code CompressionTest}, {@code
 *       RequestsFuzzTest}.
 *   <li>What a request takes is given back before the rest of its body is dropped: {@code
 *       OneSenderTest}, {@code HostileLoadTest}.
 *   <li>A part of a download is never of another version than its other parts: {@code RangesTest}.
 *   <li>No answer is without a problem document, also of the container's own: {@code ErrorsTest},
 *       {@code HeaderFieldsTest}.
 *   <li>A field that says where a request comes from is believed of a proxy alone: {@code
 *       ForwardedValveTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.wire;

import org.jspecify.annotations.NullMarked;
